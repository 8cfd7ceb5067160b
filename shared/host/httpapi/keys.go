package httpapi

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"time"

	"rekey/shared/fault"
)

// Microsoft rolls its keys at any time and always publishes several. So they are read again every hour, and at once for
// a key id that is not known; but whoever invents key ids makes nobody ask more often than every five minutes. When the
// authority cannot be reached, the keys that are known stay good for a day.
const (
	keysFresh   = time.Hour
	keysGood    = 24 * time.Hour
	unknownRest = 5 * time.Minute
	emptyRest   = 5 * time.Second // between attempts as long as there are no keys at all
	fetchLimit  = 5 * time.Second
	maxDocument = 1 << 20
	maxKeys     = 100
	minKeyBits  = 2048
)

// keys are the signing keys of one issuer.
type keys struct {
	metadata string // URL of the OpenID configuration
	issuer   string // what it must name
	tenant   string
	client   *http.Client
	now      func() time.Time

	flight  sync.Mutex // held by the one who fetches
	mu      sync.Mutex
	known   map[string]*rsa.PublicKey
	fetched time.Time // last success
	tried   time.Time
}

// errUnknownKey says that a token names a key the issuer does not have.
var errUnknownKey = errors.New("the token is signed with a key that is not one of the issuer's")

// find returns the key of an id. An error of kind fault.Transient says that the keys cannot be read.
func (k *keys) find(ctx context.Context, id string) (*rsa.PublicKey, error) {
	key, due := k.look(id)
	if key != nil && !due {
		return key, nil
	}
	if due {
		if key == nil {
			k.flight.Lock() // somebody may be fetching it right now
		} else if !k.flight.TryLock() {
			return key, nil
		}
		err := k.refresh(ctx, id)
		k.flight.Unlock()
		if key, _ = k.look(id); key == nil && err != nil {
			return nil, err
		}
	}
	if key == nil {
		return nil, k.missing()
	}
	return key, nil
}

// missing tells a key that nobody has from keys that could not be read.
func (k *keys) missing() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.known) == 0 || k.now().Sub(k.fetched) > keysGood {
		return fault.Errorf(fault.Transient, "reading the issuer's signing keys: they could not be read lately")
	}
	return errUnknownKey
}

// look returns a key that is still good, and whether it is time to fetch.
func (k *keys) look(id string) (key *rsa.PublicKey, due bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	if now.Sub(k.fetched) <= keysGood {
		key = k.known[id]
	}
	rest := unknownRest
	if len(k.known) == 0 {
		rest = emptyRest
	}
	due = (key == nil || now.Sub(k.fetched) > keysFresh) && now.Sub(k.tried) >= rest
	return key, due
}

// refresh fetches the keys, unless somebody just did. k.flight is held.
func (k *keys) refresh(ctx context.Context, id string) error {
	if _, due := k.look(id); !due {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchLimit) // others wait for it, too
	defer cancel()
	found, err := k.fetch(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tried = k.now()
	if err != nil {
		return fault.Errorf(fault.Transient, "reading the issuer's signing keys: %w", err)
	}
	k.known, k.fetched = found, k.tried
	return nil
}

// fetch reads the OpenID configuration and the keys that it names.
func (k *keys) fetch(ctx context.Context) (map[string]*rsa.PublicKey, error) {
	var doc struct {
		Issuer  string `json:"issuer"`
		KeysURI string `json:"jwks_uri"`
	}
	if err := k.read(ctx, k.metadata, &doc); err != nil {
		return nil, err
	}
	if doc.Issuer != k.issuer || !strings.HasPrefix(doc.KeysURI, "https://") {
		return nil, fmt.Errorf("%s speaks for %.200q, not for %s; check the tenant and the authority", k.metadata, doc.Issuer, k.issuer)
	}
	var set struct {
		Keys []jwk `json:"keys"`
	}
	if err := k.read(ctx, doc.KeysURI, &set); err != nil {
		return nil, err
	}
	out := map[string]*rsa.PublicKey{}
	for _, j := range set.Keys[:min(len(set.Keys), maxKeys)] {
		if key := j.public(); key != nil && j.speaksFor(k.issuer, k.tenant) {
			out[j.ID] = key
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s has no usable key", doc.KeysURI)
	}
	return out, nil
}

func (k *keys) read(ctx context.Context, url string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := k.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %d", url, resp.StatusCode)
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxDocument)).Decode(into); err != nil {
		return fmt.Errorf("%s: %w", url, err)
	}
	return nil
}

// jwk is one key of a key set (RFC 7517).
type jwk struct {
	ID       string `json:"kid"`
	Type     string `json:"kty"`
	Use      string `json:"use"`
	Modulus  string `json:"n"`
	Exponent string `json:"e"`
	Issuer   string `json:"issuer"` // Microsoft's own addition, with {tenantid} in documents for all tenants
}

// public returns the key, or nil for one that signs no tokens or is too weak.
func (j jwk) public() *rsa.PublicKey {
	n, errN := base64.RawURLEncoding.DecodeString(strings.TrimRight(j.Modulus, "="))
	e, errE := base64.RawURLEncoding.DecodeString(strings.TrimRight(j.Exponent, "="))
	if j.ID == "" || j.Type != "RSA" || j.Use == "enc" || errN != nil || errE != nil || len(e) == 0 || len(e) > 4 {
		return nil
	}
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
	if key.N.BitLen() < minKeyBits || key.E < 3 || key.E%2 == 0 {
		return nil
	}
	return key
}

// speaksFor compares a key's own issuer, which version 2.0's documents have, with the one that is expected.
func (j jwk) speaksFor(issuer, tenant string) bool {
	return j.Issuer == "" || !strings.HasSuffix(issuer, "/v2.0") || strings.ReplaceAll(j.Issuer, "{tenantid}", tenant) == issuer
}
