package evict

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"rekey/shared/azure/graph"
	"rekey/shared/azure/vault"
	"rekey/shared/fault"
	"rekey/shared/ledger"
	"rekey/shared/remedy"
)

// do carries a step out, by its kind. Each may be repeated: it looks before it changes.
func do(ctx context.Context, r *run, s remedy.Step) error {
	switch s.Kind {
	case remedy.StepSnapshot:
		return snapshot(ctx, r, s)
	case remedy.StepDisable:
		return disable(ctx, r, s)
	case remedy.StepCertificate:
		return makeCertificate(ctx, r, s)
	case remedy.StepReplaceKeys:
		return replaceKeys(ctx, r, s)
	case remedy.StepRemovePasswords:
		return removePasswords(ctx, r, s)
	case remedy.StepRemoveFederated:
		return removeFederated(ctx, r, s)
	case remedy.StepVerify:
		return verify(ctx, r, s)
	case remedy.StepEnable:
		return enable(ctx, r, s)
	case remedy.StepProve:
		return prove(ctx, r, s)
	}
	return fault.Errorf(fault.Denied, "this program does not know steps of kind %q: upgrade it", s.Kind)
}

// snapshot saves the inventory as it was before the first change. An earlier snapshot is the true one.
func snapshot(ctx context.Context, r *run, s remedy.Step) error {
	name := r.op.ID + ".json"
	if _, err := r.Undo.Read(ctx, name); !errors.Is(err, fault.NotFound) {
		return err
	}
	inv, err := r.Inventory(ctx, r.op.Principal)
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(inv, "", "  ")
	if err != nil {
		return err
	}
	return r.change(ctx, s, ledger.Entry{Text: "saving what is there", Found: allIDs(inv)}, func() error {
		return r.Undo.Write(ctx, name, data)
	})
}

// allIDs lists the key ids of every credential of an inventory.
func allIDs(inv remedy.Inventory) []string {
	var out []string
	for _, o := range inv.Objects() {
		out = append(out, keyIDs(o.Keys)...)
		out = append(out, passwordIDs(o.Passwords)...)
		for _, f := range o.Federated {
			out = append(out, f.ID)
		}
	}
	return out
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

func disable(ctx context.Context, r *run, s remedy.Step) error {
	return r.change(ctx, s, ledger.Entry{Text: "disabling the service principal"}, func() error {
		return r.Directory.SetEnabled(ctx, s.Object, false)
	})
}

func enable(ctx context.Context, r *run, s remedy.Step) error {
	return r.change(ctx, s, ledger.Entry{Text: "enabling the service principal"}, func() error {
		return r.Directory.SetEnabled(ctx, s.Object, true)
	})
}

func makeCertificate(ctx context.Context, r *run, s remedy.Step) error {
	return r.change(ctx, s, ledger.Entry{Text: "making certificate " + r.op.Certificate}, func() error {
		_, err := r.Vault.Make(ctx, r.op.Certificate, r.op.Certificate)
		return err
	})
}

// find returns an object of the present inventory.
func (r *run) find(ctx context.Context, s remedy.Step) (remedy.Object, error) {
	inv, err := r.Inventory(ctx, r.op.Principal)
	if err != nil {
		return remedy.Object{}, err
	}
	for _, o := range inv.Objects() {
		if o.ID == s.Object {
			return o, nil
		}
	}
	return remedy.Object{}, fault.Errorf(fault.NotFound, "%s %s is gone", s.ObjectKind, s.Object)
}

// kept returns the ids of an object's credentials of a type that stay. A key and a secret may share an id.
func (r *run) kept(o remedy.Object, kind string) []string {
	var out []string
	for _, k := range r.op.Keeps(o) {
		if k.Type == kind {
			out = append(out, k.KeyID)
		}
	}
	return out
}

func collection(kind string) string {
	if kind == remedy.KindApplication {
		return graph.Applications
	}
	return graph.ServicePrincipals
}

// replaceKeys makes the list of certificates what it shall be: what stays, echoed as it was read, and on the
// application the new one.
func replaceKeys(ctx context.Context, r *run, s remedy.Step) error {
	o, err := r.find(ctx, s)
	if err != nil {
		return err
	}
	kept := r.kept(o, remedy.TypeKey)
	entry := ledger.Entry{Found: keyIDs(o.Keys), Kept: kept, Text: "replacing the list of certificates"}
	var list []json.RawMessage
	present := false
	for _, k := range o.Keys {
		switch {
		case k.KeyID == r.op.NewKeyID && s.ObjectKind == remedy.KindApplication:
			present = true
			list = append(list, k.Raw)
		case slices.Contains(kept, k.KeyID):
			list = append(list, k.Raw)
		default:
			entry.Removed = append(entry.Removed, k.KeyID)
		}
	}
	if s.ObjectKind == remedy.KindApplication && !present {
		added, err := r.newKey(ctx)
		if err != nil {
			return err
		}
		list, entry.Added = append(list, added), []string{r.op.NewKeyID}
	}
	if len(entry.Removed) == 0 && len(entry.Added) == 0 {
		return nil
	}
	return r.change(ctx, s, entry, func() error {
		return r.Directory.ReplaceKeys(ctx, collection(s.ObjectKind), s.Object, list)
	})
}

// newKey is the new certificate as a key credential, with the id that was chosen when the operation was opened.
func (r *run) newKey(ctx context.Context) (json.RawMessage, error) {
	cert, err := r.certificate(ctx)
	if err != nil {
		return nil, err
	}
	thumbprint := sha256.Sum256(cert.DER)
	return json.Marshal(map[string]any{
		"keyId": r.op.NewKeyID, "type": "AsymmetricX509Cert", "usage": "Verify", "displayName": "CN=" + r.op.Certificate,
		"customKeyIdentifier": base64.StdEncoding.EncodeToString(thumbprint[:]), "key": base64.StdEncoding.EncodeToString(cert.DER),
		"startDateTime": cert.Start.Format(time.RFC3339), "endDateTime": cert.End.Format(time.RFC3339),
	})
}

// certificate is the operation's own; making it again returns it.
func (r *run) certificate(ctx context.Context) (vault.Certificate, error) {
	return r.Vault.Make(ctx, r.op.Certificate, r.op.Certificate)
}

// removePasswords removes every client secret that is there now, also one that was added since the plan was made.
func removePasswords(ctx context.Context, r *run, s remedy.Step) error {
	o, err := r.find(ctx, s)
	if err != nil {
		return err
	}
	kept := r.kept(o, remedy.TypePassword)
	var errs []error
	for _, p := range o.Passwords {
		if slices.Contains(kept, p.KeyID) {
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
		return err
	}
	kept := r.kept(o, remedy.TypeFederated)
	var errs []error
	for _, f := range o.Federated {
		if slices.Contains(kept, f.ID) {
			continue
		}
		entry := ledger.Entry{Removed: []string{f.ID}, Text: "removing federated credential " + f.Name}
		errs = append(errs, r.change(ctx, s, entry, func() error { return r.Directory.RemoveFederated(ctx, s.Object, f.ID) }))
	}
	return errors.Join(errs...)
}

const (
	agree       = 3 // reads in a row that must show the same
	verifyLimit = 2 * time.Minute
	proveLimit  = 60 * time.Second
)

// verify reads until several reads in a row show no old credential. One that shows up, because a replica was late or
// somebody added it, is removed.
func verify(ctx context.Context, r *run, s remedy.Step) error {
	var refused error
	for clean := 0; clean < agree; {
		left, err := r.leftovers(ctx)
		if err != nil {
			return err
		}
		clean++
		if len(left) > 0 {
			clean = 0
			refused = r.again(ctx, left) // of a replica that is behind, too: the next read tells
		}
		if err := r.pause(ctx, s, verifyLimit); err != nil {
			return errors.Join(fmt.Errorf("waiting for reads to agree: %w", err), refused)
		}
	}
	return r.note(ctx, ledger.Entry{Kind: ledger.Result, Step: s.ID, Text: fmt.Sprintf("%d reads in a row show no old credential", agree)})
}

// pause waits a little between two tries of a step. It gives up when the step, counted from its first start on whatever
// instance, has taken longer than its limit; that the invocation ends is no reason to.
func (r *run) pause(ctx context.Context, s remedy.Step, limit time.Duration) error {
	if r.Now().Sub(r.op.Begun(s.ID)) > limit {
		return fmt.Errorf("%w after %s", errGiveUp, limit)
	}
	timer := time.NewTimer(r.Pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return fault.As(fault.Transient, ctx.Err())
	case <-timer.C:
		return nil
	}
}

// leftovers returns the removal steps whose objects still, or again, hold what must go.
func (r *run) leftovers(ctx context.Context) ([]remedy.Step, error) {
	inv, err := r.Inventory(ctx, r.op.Principal)
	if err != nil {
		return nil, err
	}
	var out []remedy.Step
	for _, o := range inv.Objects() {
		keys, passwords, federated := r.kept(o, remedy.TypeKey), r.kept(o, remedy.TypePassword), r.kept(o, remedy.TypeFederated)
		goes := func(id string) bool {
			return !slices.Contains(keys, id) && !(id == r.op.NewKeyID && o.Kind == remedy.KindApplication)
		}
		step := func(kind string) remedy.Step {
			return remedy.Step{ID: "again-" + kind, Kind: kind, ObjectKind: o.Kind, Object: o.ID}
		}
		missing := o.Kind == remedy.KindApplication && !slices.Contains(keyIDs(o.Keys), r.op.NewKeyID)
		if missing || slices.ContainsFunc(keyIDs(o.Keys), goes) {
			out = append(out, step(remedy.StepReplaceKeys))
		}
		if slices.ContainsFunc(passwordIDs(o.Passwords), func(id string) bool { return !slices.Contains(passwords, id) }) {
			out = append(out, step(remedy.StepRemovePasswords))
		}
		if slices.ContainsFunc(o.Federated, func(f remedy.Federated) bool { return !slices.Contains(federated, f.ID) }) {
			out = append(out, step(remedy.StepRemoveFederated))
		}
	}
	return out, nil
}

// again repeats removals.
func (r *run) again(ctx context.Context, steps []remedy.Step) error {
	for _, s := range steps {
		if err := do(ctx, r, s); err != nil {
			return err
		}
	}
	return nil
}

// prove acquires a token with the new certificate. Entra may need a moment to know it.
func prove(ctx context.Context, r *run, s remedy.Step) error {
	cert, err := r.certificate(ctx)
	if err != nil {
		return err
	}
	for {
		err := r.change(ctx, s, ledger.Entry{Text: "acquiring a token with certificate " + r.op.Certificate}, func() error {
			return r.Prove(ctx, r.op.Principal.AppID, cert)
		})
		if err == nil || errors.Is(err, fault.Conflict) {
			return err
		}
		if late := r.pause(ctx, s, proveLimit); late != nil {
			return fmt.Errorf("%w: no token with the new certificate: %v", late, err)
		}
	}
}
