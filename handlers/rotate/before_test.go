package rotate_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"rekey/deploy/local/arm"
	"rekey/handlers/operations"
	"rekey/handlers/rotate"
	"rekey/shared/reach"
	"rekey/shared/remedy"
	plan "rekey/shared/rotate"
)

const groupID = "22222222-0000-4000-8000-0000000000cc"

// A managed identity is not disabled: its roles, memberships and policies are taken away. What it could read with them is
// planned all the same.
func TestWhatTheEvictionTookHidesNothing(t *testing.T) {
	w := build(t, 3, func(w *world, f *furniture) {
		for v := range 3 {
			f.mix(w, v, 3, min(1, 2-v))
		}
	})
	policyVault := resource(0, "Microsoft.KeyVault/vaults", "by-policy")
	if _, _, err := w.OpenVault(policyVault, false, arm.Policy{ObjectID: victimID, TenantID: tenantID, Permissions: map[string][]string{"secrets": {"get"}}}, arm.Policy{ObjectID: rekeyID, TenantID: tenantID, Permissions: map[string][]string{"secrets": {"list"}}}); err != nil {
		t.Fatal(err)
	}
	byGroup := resource(1, "Microsoft.KeyVault/vaults", vaultName(1))
	err := w.ARM.Build(func(b arm.World) {
		b.Assign(arm.Assignment{Scope: byGroup, Role: arm.VaultSecretsUser, PrincipalID: groupID, Kind: "Group"})
		b.Group(groupID, victimID)
	})
	if err != nil {
		t.Fatal(err)
	}
	operation, err := operations.Store{Table: w.evictions}.Get(t.Context(), remedy.OperationID(caseID))
	if err != nil {
		t.Fatal(err)
	}
	subject := rotate.SubjectOf(operation.Operation)
	member := []string{groupID}
	could := func() map[string]string {
		s := w.sources()
		s.Groups = func(context.Context, string) ([]string, error) { return member, nil }
		f, err := s.Facts(t.Context(), subject, plan.Options{})
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for _, v := range f.Radius.Vaults {
			ways := []string{}
			for _, x := range v.Ways {
				ways = append(ways, x.String())
			}
			slices.Sort(ways)
			out[v.Name] = string(v.Could) + " " + strings.Join(slices.Compact(ways), ", ")
		}
		return out
	}
	before := could()
	for name, answer := range before {
		if !strings.HasPrefix(answer, string(reach.Yes)) {
			t.Errorf("%s: %s", name, answer)
		}
	}

	inv := remedy.Inventory{Principals: []remedy.Object{{
		Kind: remedy.KindServicePrincipal, ID: victimID, Type: "ManagedIdentity", Groups: remedy.ListOf(remedy.Group{ID: groupID, Name: "readers"}),
	}}}
	bundle := remedy.NewBundle(remedy.OperationID(caseID), inv)
	assigned, err := w.arm.AssignedTo(t.Context(), root, victimID)
	if err != nil || len(assigned) < 3 {
		t.Fatalf("%d assignments (%v)", len(assigned), err)
	}
	for _, a := range assigned {
		if a.PrincipalID != victimID {
			continue
		}
		bundle.Assignments = append(bundle.Assignments, remedy.RoleGiven{ID: a.ID, RoleID: a.RoleID, PrincipalID: a.PrincipalID, PrincipalType: a.PrincipalType})
		if err := w.arm.RemoveAssignment(t.Context(), a.ID); err != nil {
			t.Fatal(err)
		}
	}
	taken, err := w.arm.RemovePolicies(t.Context(), policyVault, victimID)
	if err != nil || len(taken) != 1 {
		t.Fatalf("%+v (%v)", taken, err)
	}
	bundle.Policies = append(bundle.Policies, remedy.VaultEntry{Vault: policyVault, TenantID: tenantID, ObjectID: victimID, Secrets: taken[0].Secrets})
	member = nil
	if err := w.ARM.Build(func(b arm.World) { b.Group(groupID) }); err != nil {
		t.Fatal(err)
	}

	if got := could(); got["by-policy"] == before["by-policy"] || got[vaultName(2)] == before[vaultName(2)] {
		t.Fatalf("without what was saved nothing is missing, so that this proves nothing: %v", got)
	}
	data, err := json.Marshal(bundle)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.plans.Write(t.Context(), remedy.BundleName(remedy.OperationID(caseID)), data); err != nil {
		t.Fatal(err)
	}
	for name, answer := range could() {
		if answer != before[name] {
			t.Errorf("%s: %q, it was %q before the eviction", name, answer, before[name])
		}
	}

	w.settings.OnlyReachable = true
	if err := w.handle(t, "one"); err != nil {
		t.Fatal(err)
	}
	found := map[int][]string{}
	for _, i := range w.journal(t).Items {
		for _, c := range i.Copies {
			if !slices.Contains(found[i.Tier], c.Vault) {
				found[i.Tier] = append(found[i.Tier], c.Vault)
			}
		}
	}
	if !slices.Contains(found[plan.TierVault], vaultName(0)) || !slices.Contains(found[plan.TierReach], vaultName(2)) {
		t.Errorf("vaults by tier: %v", found)
	}
}
