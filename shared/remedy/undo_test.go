package remedy_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/shared/decide"
	"rekey/shared/fault"
	"rekey/shared/remedy"
)

// takenAway is an operation that has ended long ago, its bundle, and an inventory from which everything of the plan is gone.
func takenAway(t *testing.T) (remedy.Operation, remedy.Bundle, remedy.Inventory) {
	t.Helper()
	in := incident()
	whole(&in)
	signer(&in)
	o := remedy.OpenPlan(remedy.Build(in), in.Case, decide.Verdict{Mode: decide.ModeEvict}, now)
	o.State = remedy.StateDone
	b := remedy.NewBundle(o.ID, in.Inventory)
	b.Assignments = []remedy.RoleGiven{{ID: vaultID + "/ra/1", RoleID: "r", PrincipalID: "sp1", PrincipalType: "ServicePrincipal"}}
	b.Policies = []remedy.VaultEntry{{Vault: vaultID, ObjectID: "sp1", Secrets: []string{"Get"}}, {Vault: vaultID, ObjectID: "sp1", ApplicationID: "app2", Secrets: []string{"Get"}}}
	app, sp := *in.Inventory.Application, in.Inventory.Principals[0]
	app.Keys, app.Passwords, app.Federated, app.Owners = nil, nil, nil, remedy.ListOf(remedy.Owner{ID: "u-dana"})
	app.RedirectURIs = remedy.List[remedy.RedirectURI]{} // not read: the plan's items count
	sp.Keys, sp.Passwords, sp.Enabled, sp.Grants, sp.Groups = nil, nil, false, remedy.ListOf[remedy.Grant](), remedy.List[remedy.Group]{}
	return o, b, remedy.Inventory{Tenant: tenant, Application: &app, Principals: []remedy.Object{sp}}
}

func byID(diff []remedy.Deviation) map[string]remedy.Deviation {
	out := map[string]remedy.Deviation{}
	for _, d := range diff {
		if old, ok := out[d.ID]; !ok || old.Impossible != "" {
			out[d.ID] = d
		}
	}
	return out
}

func TestADiffSaysWhatComesBackWhatDoesNotAndWhatCannot(t *testing.T) {
	o, b, is := takenAway(t)
	d := byID(remedy.Diff(b, o, is, now.Add(24*time.Hour)))
	for id, want := range map[string]string{
		"fic": "comes back", "vault-policy": "", "sp1": "comes back", "grp1": "comes back", vaultID + "/ra/1": "comes back", vaultID: "comes back",
		"u-eve": "only if named", "https://billing-contoso.example/cb": "only if named", "g1": "only if named",
		"other": "cannot come back", "stolen": "cannot come back", "spcert": "cannot come back",
	} {
		if text := d[id].Text(); want != "" && !strings.HasPrefix(text, want) {
			t.Errorf("%s: %q, want %q", id, text, want)
		}
	}
	if _, ok := d["u-dana"]; ok {
		t.Error("an owner who is there is a difference")
	}
	if _, ok := d["grp2"]; !ok {
		t.Error("a role-assignable group is no difference")
	}
	if n := len(remedy.Diff(b, o, b.Inventory, now.Add(24*time.Hour))); n != 2 {
		t.Errorf("of what is all there, %d differences; Azure's two are offered without being looked at", n)
	}
}

func TestAnUndoIsApprovedThingByThingAndByAsManyPeople(t *testing.T) {
	o, b, is := takenAway(t)
	o.Plan.Needs = remedy.Needs{Approvals: 2, Why: []string{"tier 0"}, Never: []string{"user:u-eve"}}
	diff := remedy.Diff(b, o, is, now.Add(24*time.Hour))
	plan := func(opts remedy.UndoOptions) remedy.Plan {
		p, err := remedy.UndoPlan(o, diff, opts, now)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	all, one, more := plan(remedy.UndoOptions{By: "u-dana"}), plan(remedy.UndoOptions{Only: []string{"fic"}}), plan(remedy.UndoOptions{Only: []string{"fic"}, Name: []string{"u-eve"}})
	hashes := map[string]bool{all.Hash(): true, one.Hash(): true, more.Hash(): true, plan(remedy.UndoOptions{Only: []string{"fic"}, SecretTo: "https://v.vault.azure.net/x"}).Hash(): true}
	if len(hashes) != 4 {
		t.Errorf("four wishes have %d hashes", len(hashes))
	}
	if all.Needs.Approvals != 2 || !slices.Equal(all.Needs.Never, []string{"user:u-eve"}) {
		t.Errorf("it needs %+v", all.Needs)
	}
	if last := all.Steps[len(all.Steps)-1]; all.Steps[0].Kind != remedy.StepSnapshot || last.Kind != remedy.StepRestoreEnabled {
		t.Errorf("it goes from %s to %s", all.Steps[0].Kind, last.Kind)
	}
	u := remedy.OpenUndo(o, all, now)
	if u.State != remedy.StateAwaitingApproval || u.Undoes != o.ID || u.ID == remedy.OpenUndo(o, one, now).ID || u.Undoable() == nil {
		t.Errorf("%+v", u)
	}
	if none := remedy.OpenUndo(o, remedy.Plan{}, now); none.State != remedy.StatePlanned {
		t.Errorf("a wish for nothing is %s", none.State)
	}
	if _, err := remedy.UndoPlan(o, diff, remedy.UndoOptions{Name: []string{"u-evil"}}, now); !errors.Is(err, fault.Poison) {
		t.Errorf("a misspelt name: %v", err)
	}
}

func TestABundleOfTheVersionBeforeIsRead(t *testing.T) {
	_, b, _ := takenAway(t)
	old, err := json.Marshal(b.Inventory)
	if err != nil {
		t.Fatal(err)
	}
	read, err := remedy.ReadBundle(old)
	if err != nil || read.Application == nil || read.Application.ID != "appobj" || len(read.Principals) != 1 {
		t.Errorf("%+v (%v)", read.Inventory, err)
	}
	for text, want := range map[string]string{`{"version":99}`: "upgrade", `{`: "reading"} {
		if _, err := remedy.ReadBundle([]byte(text)); !errors.Is(err, fault.Denied) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzReadBundle(f *testing.F) {
	f.Add([]byte(`{"version":1,"application":{"id":"a"},"servicePrincipals":[]}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := remedy.ReadBundle(data)
		if err != nil {
			return
		}
		for _, d := range remedy.Diff(b, remedy.Operation{}, remedy.Inventory{}, now) { // whatever is in it, it is shown safely
			if strings.ContainsAny(d.Text(), "\x1b\x07") {
				t.Errorf("%q", d.Text())
			}
		}
	})
}
