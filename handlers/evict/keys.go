package evict

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // Entra's thumbprints are SHA-1
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/shared/azure/graph"
	"rekey/shared/azure/vault"
	"rekey/shared/fault"
	"rekey/shared/ledger"
	"rekey/shared/remedy"
)

// makeCertificate makes the operation's certificate, or finds it in the vault, and writes its public part into the journal:
// no later step asks the vault which one it is.
func makeCertificate(ctx context.Context, r *run, s remedy.Step) error {
	var c vault.Certificate
	err := r.change(ctx, s, ledger.Entry{Text: "making certificate " + r.op.Certificate}, func() (err error) {
		c, err = r.Vault.Make(ctx, r.op.Certificate, r.op.Certificate, r.wish(s))
		return err
	})
	if err == nil {
		r.op.Made = &remedy.Made{DER: c.DER, Start: c.Start, End: c.End}
	}
	return err
}

// exportable is the kind of act that people approved where the workload loads the key itself.
const exportable = "exportableCertificate"

func (r *run) wish(s remedy.Step) vault.Wish {
	may := slices.ContainsFunc(r.op.Plan.Scope, func(a remedy.Act) bool { return a.Kind == exportable })
	return vault.Wish{Valid: time.Duration(s.Hours) * time.Hour, Exportable: may}
}

// certificate is the operation's own. A journal of an earlier version does not have it: making it again returns it.
func (r *run) certificate(ctx context.Context) (remedy.Made, error) {
	if r.op.Made != nil {
		return *r.op.Made, nil
	}
	c, err := r.Vault.Make(ctx, r.op.Certificate, r.op.Certificate, r.wish(r.certificateStep()))
	if err != nil {
		return remedy.Made{}, err
	}
	r.op.Made = &remedy.Made{DER: c.DER, Start: c.Start, End: c.End}
	return *r.op.Made, nil
}

func (r *run) certificateStep() remedy.Step {
	for _, s := range r.op.Plan.Steps {
		if s.Kind == remedy.StepCertificate {
			return s
		}
	}
	return remedy.Step{}
}

// keyList is what becomes of an object's certificates.
type keyList struct {
	stay          []json.RawMessage // echoed as they were read
	found         []string
	kept, removed []string
	own           bool // the new certificate is among them
	goes          []remedy.Key
	forged        string // somebody else's certificate under the new one's key id
}

// sort says what becomes of each certificate of an object. Whoever adds a key chooses its id, so the new one is known by its
// thumbprint: a certificate that was not read cannot be told, and another read has to.
func (r *run) sort(o remedy.Object, made *remedy.Made) (keyList, error) {
	l := keyList{kept: r.kept(o, remedy.TypeKey), found: keyIDs(o.Keys)}
	for _, k := range o.Keys {
		r.adopt(k, made)
	}
	for _, k := range o.Keys {
		switch named := made != nil && strings.EqualFold(k.KeyID, r.op.NewKeyID); {
		case named && k.Public == "":
			return l, fault.Errorf(fault.Transient, "certificate %s of %s was not read: a replica is behind", k.KeyID, o.ID)
		case named && k.Thumbprint() == thumbprint(made.DER):
			l.own = true
			l.stay = append(l.stay, k.Raw)
		case named:
			l.forged = k.KeyID
			l.removed = append(l.removed, k.KeyID)
		case has(l.kept, k.KeyID):
			l.stay = append(l.stay, k.Raw)
		default:
			l.removed, l.goes = append(l.removed, k.KeyID), append(l.goes, k)
		}
	}
	return l, nil
}

func thumbprint(der []byte) string {
	sum := sha1.Sum(der) //nolint:gosec // a name, not a protection
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// adds reports whether the operation adds its certificate to an object.
func (r *run) adds(o remedy.Object) bool {
	return o.Kind == remedy.KindApplication && slices.ContainsFunc(r.op.Plan.Steps, func(s remedy.Step) bool {
		return s.Kind == remedy.StepReplaceKeys && s.Object == o.ID
	})
}

// replaceKeys makes the list of certificates what it shall be: what stays, echoed as it was read, and on the application the
// new one. A list that was read from a replica that is behind is refused, and read again. Where Graph goes on refusing what stays as
// it was read, and a key is at hand, the certificates are rolled one by one instead: then nothing has to be echoed.
func replaceKeys(ctx context.Context, r *run, s remedy.Step) error {
	life := time.Duration(r.certificateStep().Hours) * time.Hour
	byProof := false
	for {
		done, err := r.replaceOnce(ctx, s, life, byProof)
		shorter := life / 2
		switch {
		case done || errors.Is(err, fault.Conflict): // somebody else is at it
			return err
		case errors.Is(err, graph.ErrLifetime) && life == 0:
			life = defaultLife
			continue
		case errors.Is(err, graph.ErrLifetime) && shorter >= time.Hour:
			life = shorter
			r.say("a policy refused it for longer: the certificate is registered for %s", life)
			continue
		case err != nil && !errors.Is(err, graph.ErrKeyChanged) && !errors.Is(err, errNotRead):
			return err
		}
		late := r.pause(ctx, s, verifyLimit)
		if late != nil && (byProof || !errors.Is(late, errGiveUp) || !errors.Is(err, graph.ErrKeyChanged)) {
			return errors.Join(late, err)
		}
		byProof = late != nil
	}
}

// defaultLife is where shortening begins when the plan does not say for how long the certificate is valid.
const defaultLife = 30 * 24 * time.Hour

// errNotRead marks a certificate whose public part a read did not show.
var errNotRead = errors.New("not read")

// replaceOnce reads the list and replaces it, or rolls it by proof if there is one. It is done when there is nothing to change, or
// was changed at once.
func (r *run) replaceOnce(ctx context.Context, s remedy.Step, life time.Duration, byProof bool) (done bool, err error) {
	o, err := r.find(ctx, s)
	if errors.Is(err, fault.NotFound) {
		if s.ObjectKind == remedy.KindApplication {
			return true, fmt.Errorf("%w: %v", errGiveUp, err) // it may be restored, with everything that is on it
		}
		return true, r.gone(s, err)
	}
	if err != nil {
		return true, err
	}
	var made *remedy.Made
	if r.adds(o) {
		c, err := r.certificate(ctx)
		if err != nil {
			return true, err
		}
		made = &c
	}
	l, err := r.sort(o, made)
	if err != nil {
		return false, fmt.Errorf("%w: %w", errNotRead, err)
	}
	if l.forged != "" {
		return false, r.removeForged(ctx, s, o, l)
	}
	entry := ledger.Entry{Found: l.found, Kept: l.kept, Removed: l.removed, Text: "replacing the list of certificates"}
	if made != nil && !l.own {
		added, err := r.newKey(*made, life)
		if err != nil {
			return true, err
		}
		l.stay, entry.Added = append(l.stay, added), []string{r.op.NewKeyID}
	}
	if len(entry.Removed) == 0 && len(entry.Added) == 0 {
		return true, nil
	}
	if byProof {
		if h, ok := r.held(ctx, o); ok {
			return true, r.roll(ctx, s, made, l, h)
		}
	}
	err = r.change(ctx, s, entry, func() error { return r.Directory.ReplaceKeys(ctx, collection(s.ObjectKind), s.Object, l.stay) })
	return err == nil, err
}

// removeForged removes a certificate that somebody put under the key id that the new one is to have, and nothing else: Graph
// takes no other certificate under an id that is there.
func (r *run) removeForged(ctx context.Context, s remedy.Step, o remedy.Object, l keyList) error {
	var others []json.RawMessage
	for _, k := range o.Keys {
		if k.KeyID != l.forged {
			others = append(others, k.Raw)
		}
	}
	entry := ledger.Entry{Found: l.found, Removed: []string{l.forged}, Text: "removing a certificate of somebody else's under the new one's key id"}
	return r.change(ctx, s, entry, func() error { return r.Directory.ReplaceKeys(ctx, collection(s.ObjectKind), s.Object, others) })
}

// newKey is the new certificate as a key credential, with the id that was chosen when the operation was opened. It may end
// before the certificate does: a vault counts in months.
func (r *run) newKey(c remedy.Made, life time.Duration) (json.RawMessage, error) {
	sum := sha256.Sum256(c.DER)
	end := c.End
	if life > 0 && c.Start.Add(life).Before(end) {
		end = c.Start.Add(life)
	}
	return json.Marshal(map[string]any{
		"keyId": r.op.NewKeyID, "type": "AsymmetricX509Cert", "usage": "Verify", "displayName": "CN=" + r.op.Certificate,
		"customKeyIdentifier": base64.StdEncoding.EncodeToString(sum[:]), "key": base64.StdEncoding.EncodeToString(c.DER),
		"startDateTime": c.Start.Format(time.RFC3339), "endDateTime": end.Format(time.RFC3339),
	})
}

// removePasswords removes every client secret that is there now, also one that was added since the plan was made.
func removePasswords(ctx context.Context, r *run, s remedy.Step) error {
	o, err := r.find(ctx, s)
	if err != nil {
		return r.gone(s, err)
	}
	kept := r.kept(o, remedy.TypePassword)
	var errs []error
	for _, p := range o.Passwords {
		if has(kept, p.KeyID) {
			continue
		}
		entry := ledger.Entry{Found: passwordIDs(o.Passwords), Kept: kept, Removed: []string{p.KeyID}, Text: "removing a client secret"}
		errs = append(errs, r.change(ctx, s, entry, func() error {
			return r.Directory.RemovePassword(ctx, collection(s.ObjectKind), s.Object, p.KeyID)
		}))
	}
	return errors.Join(errs...)
}

func removeFederated(ctx context.Context, r *run, s remedy.Step) error {
	o, err := r.find(ctx, s)
	if err != nil {
		return r.gone(s, err)
	}
	kept := r.kept(o, remedy.TypeFederated)
	var errs []error
	for _, f := range o.Federated {
		if has(kept, f.ID) {
			continue
		}
		entry := ledger.Entry{Found: federatedIDs(o.Federated), Kept: kept, Removed: []string{f.ID}, Text: "removing federated credential " + f.Name}
		errs = append(errs, r.change(ctx, s, entry, func() error { return r.Directory.RemoveFederated(ctx, s.Object, f.ID) }))
	}
	return errors.Join(errs...)
}

// removePlanted removes exactly what was planted on another object, and nothing else of it.
func removePlanted(ctx context.Context, r *run, s remedy.Step) error {
	o, err := r.Directory.Credentials(ctx, collection(s.ObjectKind), s.Object)
	if err != nil {
		return r.gone(s, err)
	}
	planted := func(kind, id string) bool {
		return slices.ContainsFunc(s.Items, func(i remedy.Item) bool { return i.Kind == kind && strings.EqualFold(i.ID, id) })
	}
	var errs []error
	stay, removed, err := others(o, planted)
	if err != nil {
		return err
	}
	if len(removed) > 0 {
		entry := ledger.Entry{Removed: removed, Text: "removing planted certificates, and nothing else of the list"}
		errs = append(errs, r.change(ctx, s, entry, func() error { return r.Directory.ReplaceKeys(ctx, collection(s.ObjectKind), s.Object, stay) }))
	}
	for _, p := range o.PasswordCredentials {
		if planted(remedy.TypePassword, p.KeyID) {
			entry := ledger.Entry{Removed: []string{p.KeyID}, Text: "removing a planted client secret"}
			errs = append(errs, r.change(ctx, s, entry, func() error {
				return r.Directory.RemovePassword(ctx, collection(s.ObjectKind), s.Object, p.KeyID)
			}))
		}
	}
	for _, i := range s.Items {
		if i.Kind == remedy.TypeFederated {
			entry := ledger.Entry{Removed: []string{i.ID}, Text: "removing a planted federated credential"}
			errs = append(errs, r.change(ctx, s, entry, func() error { return r.Directory.RemoveFederated(ctx, s.Object, i.ID) }))
		}
	}
	return errors.Join(errs...)
}

// others returns the certificates that were not planted, to be echoed, and the ids of those that were.
func others(o graph.Object, planted func(kind, id string) bool) (stay []json.RawMessage, removed []string, err error) {
	for _, raw := range o.KeyCredentials {
		var k graph.KeyCredential
		if err := json.Unmarshal(raw, &k); err != nil {
			return nil, nil, fault.Errorf(fault.Transient, "reading key credentials of %s: %v", o.ID, err)
		}
		if planted(remedy.TypeKey, k.KeyID) {
			removed = append(removed, k.KeyID)
			continue
		}
		stay = append(stay, bytes.Clone(raw))
	}
	return stay, removed, nil
}

func keyIDs(keys []remedy.Key) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = k.KeyID
	}
	return out
}

func passwordIDs(passwords []remedy.Password) []string {
	out := make([]string, len(passwords))
	for i, p := range passwords {
		out[i] = p.KeyID
	}
	return out
}

func federatedIDs(federated []remedy.Federated) []string {
	out := make([]string, len(federated))
	for i, f := range federated {
		out[i] = f.ID
	}
	return out
}

func vaultCertificate(name string, m remedy.Made) vault.Certificate {
	return vault.Certificate{Name: name, DER: m.DER, Start: m.Start, End: m.End}
}
