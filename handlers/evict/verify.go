package evict

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/ledger"
	"rekey/shared/remedy"
)

const (
	agree       = 3 // reads in a row that must show the same
	verifyLimit = 2 * time.Minute
	proveLimit  = 60 * time.Second
)

// verify reads until several reads in a row show nothing that must go. What shows up, because a replica was late or somebody
// added it, is removed.
func verify(ctx context.Context, r *run, s remedy.Step) error {
	if err := r.clean(ctx, s); err != nil {
		return err
	}
	return r.note(ctx, ledger.Entry{Kind: ledger.Result, Step: s.ID, Text: fmt.Sprintf("%d reads in a row show nothing that the plan removes", agree)})
}

// clean removes what must go until several reads in a row show nothing of it.
func (r *run) clean(ctx context.Context, s remedy.Step) error {
	var refused error
	for clean := 0; clean < agree; {
		left, err := r.left(ctx)
		if err != nil {
			return err
		}
		clean++
		if len(left) > 0 {
			clean = 0
			refused = r.again(ctx, left) // of a replica that is behind, too: the next read tells
			if errors.Is(refused, fault.Conflict) || errors.Is(refused, fault.Limit) {
				return refused
			}
		}
		if err := r.pause(ctx, s, verifyLimit); err != nil {
			return errors.Join(fmt.Errorf("waiting for reads to agree: %w", err), refused)
		}
	}
	return nil
}

// again repeats removals. All are tried.
func (r *run) again(ctx context.Context, steps []remedy.Step) error {
	var errs []error
	for _, s := range steps {
		errs = append(errs, do(ctx, r, s))
	}
	return errors.Join(errs...)
}

// left returns the removal steps whose objects still, or again, hold what must go, without those that were refused for good.
func (r *run) left(ctx context.Context) ([]remedy.Step, error) {
	inv, err := r.wide()(ctx, r.op.Principal)
	if errors.Is(err, fault.NotFound) {
		return nil, nil // with its identity everything is gone that could be left
	}
	if err != nil {
		return nil, err
	}
	out, err := r.credentialsLeft(ctx, inv)
	if err != nil {
		return nil, err
	}
	for _, s := range r.op.Plan.Steps {
		items, err := r.itemsLeft(ctx, inv, s)
		if err != nil {
			return nil, err
		}
		if len(items) > 0 {
			s.ID, s.Items = "again-"+s.ID, items
			out = append(out, s)
		}
	}
	return slices.DeleteFunc(out, func(s remedy.Step) bool { return r.op.Blocks(s.Object, s.Kind) }), nil
}

// wide returns how the last looks read: no more than what the plan removes.
func (r *run) wide() func(context.Context, event.Principal) (remedy.Inventory, error) {
	if slices.ContainsFunc(r.op.Plan.Steps, func(s remedy.Step) bool { return len(s.Items) > 0 && s.Kind != remedy.StepRemovePlanted }) {
		return r.Survey
	}
	return r.Inventory
}

// credentialsLeft looks at every object whose credentials the plan may change, also where it had nothing to remove.
func (r *run) credentialsLeft(ctx context.Context, inv remedy.Inventory) ([]remedy.Step, error) {
	var out []remedy.Step
	for _, o := range inv.Objects() {
		if !r.mayChange(o) {
			continue
		}
		step := func(kind string) remedy.Step {
			return remedy.Step{ID: "again-" + kind + "-" + o.ID, Kind: kind, ObjectKind: o.Kind, Object: o.ID}
		}
		var made *remedy.Made
		if r.adds(o) {
			c, err := r.certificate(ctx)
			if err != nil {
				return nil, err
			}
			made = &c
		}
		l, err := r.sort(o, made)
		if err != nil || len(l.removed) > 0 || made != nil && !l.own {
			out = append(out, step(remedy.StepReplaceKeys))
		}
		passwords, federated := r.kept(o, remedy.TypePassword), r.kept(o, remedy.TypeFederated)
		if slices.ContainsFunc(passwordIDs(o.Passwords), func(id string) bool { return !has(passwords, id) }) {
			out = append(out, step(remedy.StepRemovePasswords))
		}
		if o.Kind == remedy.KindApplication && slices.ContainsFunc(federatedIDs(o.Federated), func(id string) bool { return !has(federated, id) }) {
			out = append(out, step(remedy.StepRemoveFederated))
		}
	}
	return out, nil
}

// mayChange reports whether an approval of the plan covers an object's credentials. A journal of version 1 has no scope, and
// covered them all.
func (r *run) mayChange(o remedy.Object) bool {
	return len(r.op.Plan.Scope) == 0 || slices.Contains(r.op.Plan.Scope, remedy.Act{Object: o.ID, Kind: "credentials"})
}

// itemsLeft returns the items of a step that are still there, as far as the inventory shows it.
func (r *run) itemsLeft(ctx context.Context, inv remedy.Inventory, s remedy.Step) ([]remedy.Item, error) {
	if s.Kind == remedy.StepRemovePlanted {
		return r.plantedLeft(ctx, s)
	}
	at := slices.IndexFunc(inv.Objects(), func(o remedy.Object) bool { return o.ID == s.Object })
	if at < 0 || len(s.Items) == 0 {
		return nil, nil
	}
	there := present(inv.Objects()[at], s.Kind)
	var out []remedy.Item
	for _, i := range s.Items {
		key := i.ID
		if s.Kind == remedy.StepRemoveRedirects {
			key = i.Kind + " " + i.ID
		}
		if has(there, key) {
			out = append(out, i)
		}
	}
	return out, nil
}

// present lists the ids of what a kind of step removes from an object. What was not read is not listed.
func present(o remedy.Object, kind string) []string {
	switch kind {
	case remedy.StepRemoveOwners:
		return ids(o.Owners.Items, func(w remedy.Owner) string { return w.ID })
	case remedy.StepRemoveRedirects:
		return ids(o.RedirectURIs.Items, func(u remedy.RedirectURI) string { return u.Platform + " " + u.URI })
	case remedy.StepRemoveGrants:
		return ids(o.Grants.Items, func(g remedy.Grant) string { return g.ID })
	case remedy.StepRemoveAppRoles:
		return ids(o.AppRoles.Items, func(a remedy.AppRole) string { return a.ID })
	case remedy.StepRemoveDirectoryRoles:
		return ids(o.DirectoryRoles.Items, func(d remedy.DirectoryRole) string { return d.ID })
	case remedy.StepRemoveMemberships:
		return ids(o.Groups.Items, func(g remedy.Group) string { return g.ID })
	case remedy.StepRemoveAzureRoles:
		return append(ids(o.AzureRoles.Items, func(a remedy.AzureRole) string { return a.ID }), ids(o.VaultAccess.Items, func(v remedy.VaultAccess) string { return v.ID })...)
	case remedy.StepRemoveVaultPolicies:
		return ids(o.VaultAccess.Items, func(v remedy.VaultAccess) string {
			if v.Kind != remedy.AccessPolicy {
				return ""
			}
			return v.Vault
		})
	case remedy.StepDetach:
		if o.Managed != nil && o.Managed.UserAssigned {
			return o.Managed.AttachedTo.Items
		}
	}
	return nil
}

func ids[T any](items []T, id func(T) string) []string {
	out := make([]string, len(items))
	for i, x := range items {
		out[i] = id(x)
	}
	return out
}

func (r *run) plantedLeft(ctx context.Context, s remedy.Step) ([]remedy.Item, error) {
	o, err := r.Directory.Credentials(ctx, collection(s.ObjectKind), s.Object)
	if errors.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	there := map[string]bool{}
	_, _, err = others(o, func(kind, id string) bool { there[kind+strings.ToLower(id)] = true; return false })
	if err != nil {
		return nil, err
	}
	for _, p := range o.PasswordCredentials {
		there[remedy.TypePassword+strings.ToLower(p.KeyID)] = true
	}
	if slices.ContainsFunc(s.Items, func(i remedy.Item) bool { return i.Kind == remedy.TypeFederated }) {
		list, err := r.Directory.FederatedCredentials(ctx, s.Object)
		if err != nil {
			return nil, err
		}
		for _, f := range list {
			there[remedy.TypeFederated+strings.ToLower(f.ID)] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(s.Items), func(i remedy.Item) bool { return !there[i.Kind+strings.ToLower(i.ID)] }), nil
}

// prove acquires a token with the new certificate. Entra may need a moment to know it.
func prove(ctx context.Context, r *run, s remedy.Step) error {
	if why := r.op.Shut(); why != "" {
		r.say("no token for a disabled principal: %s", why)
		return nil
	}
	made, err := r.certificate(ctx)
	if err != nil {
		return err
	}
	for {
		err := r.change(ctx, s, ledger.Entry{Text: "acquiring a token with certificate " + r.op.Certificate}, func() error {
			return r.Prove(ctx, r.op.Plan.AppID, vaultCertificate(r.op.Certificate, made))
		})
		if err == nil || errors.Is(err, fault.Conflict) || errors.Is(err, fault.Limit) {
			return err
		}
		if late := r.pause(ctx, s, proveLimit); late != nil {
			return fmt.Errorf("%w: no token with the new certificate: %w", late, needing(s, err))
		}
	}
}
