package evict

import (
	"context"
	"errors"
	"slices"
	"time"

	"rekey/shared/azure/graph"
	"rekey/shared/azure/vault"
	"rekey/shared/fault"
	"rekey/shared/ledger"
	"rekey/shared/remedy"
)

// Roller rolls an object's certificates one by one, with proof that one holds a key of them. The proof takes the place of a permission
// only for the application itself, which gets no token while its principal is disabled: Rekey needs its own as ever.
type Roller interface {
	AddKey(ctx context.Context, collection, id string, certificate []byte, h graph.Holder) (string, error)
	RemoveKey(ctx context.Context, collection, id, keyID string, h graph.Holder) error
}

// roll does by proof what a PATCH did not: it adds the new certificate and then removes the others, the one that
// proves last. Graph chooses the key's id; from then on it is the operation's.
func (r *run) roll(ctx context.Context, s remedy.Step, made *remedy.Made, l keyList, h graph.Holder) error {
	if made != nil && !l.own {
		var id string
		err := r.change(ctx, s, ledger.Entry{Text: "adding the new certificate by proof of an old one", Found: l.found}, func() (err error) {
			id, err = r.Roller.AddKey(ctx, collection(s.ObjectKind), s.Object, made.DER, h)
			return err
		})
		if err != nil {
			return err
		}
		r.op.NewKeyID = id
		if err := r.note(ctx, ledger.Entry{Kind: ledger.Note, Step: s.ID, Object: s.Object, Added: []string{id}, Text: "the new certificate's key id, chosen by Graph"}); err != nil {
			return err
		}
		if err := r.save(ctx); err != nil {
			return err
		}
		r.say("Graph does not take the list back as it was read: the new certificate was added by proof")
	}
	proof := thumbprint(h.Certificate)
	slices.SortStableFunc(l.goes, func(a, b remedy.Key) int {
		return map[bool]int{true: 1}[a.Thumbprint() == proof] - map[bool]int{true: 1}[b.Thumbprint() == proof]
	})
	var errs []error
	for _, k := range l.goes {
		errs = append(errs, r.change(ctx, s, ledger.Entry{Text: "removing a certificate by proof", Removed: []string{k.KeyID}}, func() error {
			return r.Roller.RemoveKey(ctx, collection(s.ObjectKind), s.Object, k.KeyID, h)
		}))
	}
	return errors.Join(errs...)
}

// KeyVault finds certificates and signs with their keys.
type KeyVault interface {
	Find(ctx context.Context, thumbprints []string) (vault.Certificate, error)
	SignRS256(ctx context.Context, name, version string, digest []byte) ([]byte, error)
}

// FromVault looks for an object's certificates in Rekey's own vault: one of an earlier eviction is there, and one that an
// operator imported. An object that has none of the vault's is an error of kind fault.NotFound.
func FromVault(v KeyVault) func(ctx context.Context, o remedy.Object) (graph.Holder, error) {
	return func(ctx context.Context, o remedy.Object) (graph.Holder, error) {
		var thumbprints []string
		for _, k := range o.Keys {
			if t := k.Thumbprint(); t != "" && k.End.After(time.Now()) { // one that has expired proves nothing
				thumbprints = append(thumbprints, t)
			}
		}
		c, err := v.Find(ctx, thumbprints)
		if err != nil {
			return graph.Holder{}, err
		}
		return graph.Holder{Certificate: c.DER, Sign: func(ctx context.Context, digest []byte) ([]byte, error) {
			return v.SignRS256(ctx, c.Name, c.Version, digest)
		}}, nil
	}
}

// held returns the holder of a key of an object, if there is one.
func (r *run) held(ctx context.Context, o remedy.Object) (graph.Holder, bool) {
	if r.Holder == nil || r.Roller == nil {
		return graph.Holder{}, false
	}
	h, err := r.Holder(ctx, o)
	if err != nil && !errors.Is(err, fault.NotFound) {
		r.say("whether the vault has a key of %s is not known: %v", o.ID, err)
	}
	return h, err == nil
}

// adopt takes a certificate of its own under another id for the new one: one that was added by proof, whose answer was lost.
func (r *run) adopt(k remedy.Key, made *remedy.Made) bool {
	if r.Holder == nil || made == nil || k.Public == "" || k.Thumbprint() != thumbprint(made.DER) || k.KeyID == r.op.NewKeyID {
		return false
	}
	r.say("the new certificate has the key id %s, chosen by Graph", k.KeyID)
	r.op.NewKeyID = k.KeyID
	return true
}
