package evict

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"rekey/shared/azure/arm"
	"rekey/shared/azure/graph"
	"rekey/shared/fault"
	"rekey/shared/ledger"
	"rekey/shared/remedy"
)

// snapshot saves what is there before the first change. An earlier snapshot is the true one.
func snapshot(ctx context.Context, r *run, s remedy.Step) error {
	if r.op.Undoes != "" {
		if err := r.endWatch(ctx); err != nil {
			return err
		}
	}
	name := remedy.BundleName(r.op.ID)
	if _, err := r.Undo.Read(ctx, name); !errors.Is(err, fault.NotFound) {
		return err
	}
	b, err := r.bundle(ctx)
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	for _, missing := range b.Missing {
		r.say("undo cannot bring back %s", missing)
	}
	return r.change(ctx, s, ledger.Entry{Text: "saving what is there", Found: allIDs(b.Inventory)}, func() error {
		return r.Undo.Write(ctx, name, data)
	})
}

// bundle reads everything that the plan takes away and undo can restore. What may not be read is named, and is no reason to
// leave the intruder in.
func (r *run) bundle(ctx context.Context) (remedy.Bundle, error) {
	inv, err := r.Survey(ctx, r.op.Principal)
	if err != nil {
		return remedy.Bundle{}, err
	}
	b := remedy.NewBundle(r.op.ID, inv)
	for _, s := range r.op.Plan.Steps {
		err := r.save1(ctx, &b, s)
		switch {
		case errors.Is(err, fault.NotFound): // gone already
		case fault.Kind(err) == fault.Denied:
			b.Missing = append(b.Missing, fmt.Sprintf("what %s takes from %s: %v", s.Kind, s.Object, err))
		case err != nil:
			return b, err
		}
	}
	return b, nil
}

// save1 adds to a bundle what one step takes away, as far as the inventory does not say it.
func (r *run) save1(ctx context.Context, b *remedy.Bundle, s remedy.Step) error {
	switch s.Kind {
	case remedy.StepRemoveFederated:
		return r.saveFederated(ctx, b, s)
	case remedy.StepRemovePlanted:
		return r.savePlanted(ctx, b, s)
	case remedy.StepRemoveAzureRoles, remedy.StepRemoveVaultPolicies, remedy.StepRemoveManagedFederated:
		a, err := r.azure()
		if err != nil {
			return err
		}
		return map[string]func(context.Context, Azure, *remedy.Bundle, remedy.Step) error{
			remedy.StepRemoveAzureRoles: saveRoles, remedy.StepRemoveVaultPolicies: savePolicies, remedy.StepRemoveManagedFederated: saveManaged,
		}[s.Kind](ctx, a, b, s)
	}
	return nil
}

// saveFederated takes down all of a federated credential: the inventory needs less.
func (r *run) saveFederated(ctx context.Context, b *remedy.Bundle, s remedy.Step) error {
	list, err := r.Directory.FederatedCredentials(ctx, s.Object)
	if err != nil || b.Application == nil {
		return err
	}
	app := *b.Application
	app.Federated = nil
	for _, f := range list {
		one := remedy.Federated{ID: f.ID, Name: f.Name, Issuer: f.Issuer, Subject: f.Subject, Audiences: f.Audiences, Description: f.Description}
		if f.Claims != nil {
			one.Claims, one.ClaimsVersion = f.Claims.Value, f.Claims.Version
		}
		app.Federated = append(app.Federated, one)
	}
	b.Application = &app
	return nil
}

func (r *run) savePlanted(ctx context.Context, b *remedy.Bundle, s remedy.Step) error {
	o, err := r.Directory.Credentials(ctx, collection(s.ObjectKind), s.Object)
	if err != nil {
		return err
	}
	out := remedy.Object{Kind: s.ObjectKind, ID: o.ID, AppID: o.AppID, Name: o.DisplayName}
	for _, raw := range o.KeyCredentials {
		var k graph.KeyCredential
		if err := json.Unmarshal(raw, &k); err != nil {
			return fault.Errorf(fault.Transient, "reading key credentials of %s: %v", o.ID, err)
		}
		out.Keys = append(out.Keys, remedy.Key{KeyID: k.KeyID, Type: k.Type, Usage: k.Usage, Name: k.DisplayName, Group: k.CustomKeyIdentifier, Start: k.StartDateTime, End: k.EndDateTime})
	}
	for _, p := range o.PasswordCredentials {
		out.Passwords = append(out.Passwords, remedy.Password{KeyID: p.KeyID, Name: p.DisplayName, Start: p.StartDateTime, End: p.EndDateTime})
	}
	b.Planted = append(b.Planted, out)
	return nil
}

// assignmentSegment stands between the scope and the name in the id of a role assignment.
const assignmentSegment = "/providers/microsoft.authorization/roleassignments/"

func saveRoles(ctx context.Context, a Azure, b *remedy.Bundle, s remedy.Step) error {
	lists := map[string][]arm.Assignment{}
	var errs []error
	for _, i := range s.Items {
		at := strings.LastIndex(strings.ToLower(i.ID), assignmentSegment)
		if at <= 0 {
			errs = append(errs, fault.Errorf(fault.Denied, "role assignment %s: the id is none of Azure's", i.ID))
			continue
		}
		scope := i.ID[:at]
		if _, ok := lists[scope]; !ok {
			list, err := a.AssignmentsAt(ctx, scope)
			if err != nil {
				return err
			}
			lists[scope] = list
		}
		for _, x := range lists[scope] {
			if strings.EqualFold(x.ID, i.ID) {
				b.Assignments = append(b.Assignments, remedy.RoleGiven{
					ID: x.ID, RoleID: x.RoleID, PrincipalID: x.PrincipalID, PrincipalType: x.PrincipalType, Condition: x.Condition,
					ConditionVersion: x.ConditionVersion, Description: x.Description,
				})
			}
		}
	}
	return errors.Join(errs...)
}

func savePolicies(ctx context.Context, a Azure, b *remedy.Bundle, s remedy.Step) error {
	for _, i := range s.Items {
		v, err := a.Vault(ctx, i.ID)
		if err != nil {
			return err
		}
		for _, p := range v.Of(s.Object) {
			b.Policies = append(b.Policies, remedy.VaultEntry{
				Vault: i.ID, TenantID: p.TenantID, ObjectID: p.ObjectID, ApplicationID: p.ApplicationID, Secrets: p.Secrets, Keys: p.Keys,
				Certificates: p.Certificates, Storage: p.Storage,
			})
		}
	}
	return nil
}

func saveManaged(ctx context.Context, a Azure, b *remedy.Bundle, s remedy.Step) error {
	seen := map[string]bool{}
	for _, id := range s.KeyIDs {
		identity, _, ok := cutFederated(id)
		if !ok || seen[identity] {
			continue
		}
		seen[identity] = true
		list, err := a.Federated(ctx, identity)
		if err != nil {
			return err
		}
		for _, f := range list {
			if has(s.KeyIDs, f.ID) {
				b.Managed = append(b.Managed, remedy.Federated{ID: f.ID, Name: f.Name, Issuer: f.Issuer, Subject: f.Subject, Audiences: f.Audiences})
			}
		}
	}
	return nil
}

// allIDs lists the key ids of every credential of an inventory.
func allIDs(inv remedy.Inventory) []string {
	var out []string
	for _, o := range inv.Objects() {
		out = append(out, keyIDs(o.Keys)...)
		out = append(out, passwordIDs(o.Passwords)...)
		out = append(out, federatedIDs(o.Federated)...)
	}
	return out
}
