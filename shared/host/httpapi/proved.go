package httpapi

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"sync"
)

// maxProved bounds how many tokens are remembered. Whoever has none that holds cannot fill it.
const maxProved = 1024

// proved remembers tokens whose signature held, by their hash, so that a client that calls often costs one RSA operation and
// not thousands. Nothing else is taken from memory: a token's times and audience are looked at with every call, and the key
// that signed it must still be the issuer's key of that id.
type proved struct {
	mu     sync.Mutex
	tokens map[[sha256.Size]byte]proof
}

// proof is a token whose signature held.
type proof struct {
	claims claims
	id     string // of the key
	key    *rsa.PublicKey
}

// recall returns a token's claims if its signature held before, and everything that may have changed since still holds.
func (v *Verifier) recall(ctx context.Context, sum [sha256.Size]byte) (*claims, bool) {
	v.proved.mu.Lock()
	p, ok := v.proved.tokens[sum]
	v.proved.mu.Unlock()
	if !ok {
		return nil, false
	}
	key, err := v.issuers[p.claims.Issuer].keys.find(ctx, p.id)
	if err != nil || !key.Equal(p.key) || v.validator.Validate(&p.claims) != nil {
		v.proved.mu.Lock()
		delete(v.proved.tokens, sum)
		v.proved.mu.Unlock()
		return nil, false
	}
	return &p.claims, true
}

// remember keeps a token whose signature held. When there are too many, all are forgotten: they only have to be proved again.
func (v *Verifier) remember(sum [sha256.Size]byte, p proof) {
	v.proved.mu.Lock()
	defer v.proved.mu.Unlock()
	if v.proved.tokens == nil || len(v.proved.tokens) >= maxProved {
		v.proved.tokens = map[[sha256.Size]byte]proof{}
	}
	v.proved.tokens[sum] = p
}
