package remedy_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rekey/shared/remedy"
)

// drawObject draws an object full of credentials, some of which look like what they are not.
func drawObject(t *rapid.T, kind, id string) remedy.Object {
	o := remedy.Object{Kind: kind, ID: id, AppID: "app1", Name: rapid.StringN(0, 8, 16).Draw(t, "name"), Enabled: rapid.Bool().Draw(t, "enabled")}
	if kind == remedy.KindServicePrincipal {
		o.Type = rapid.SampledFrom([]string{"Application", "Application", "Application", "Legacy", "ManagedIdentity", "ServiceIdentity", "SocialIdp"}).Draw(t, "type")
		o.Owner = rapid.SampledFrom([]string{tenant, tenant, "", foreignTenant, "72f988bf-86f1-41af-91ab-2d7cd011db47"}).Draw(t, "owner")
	}
	start := func() time.Time {
		return now.Add(-time.Duration(rapid.IntRange(0, 100).Draw(t, "age")) * time.Hour)
	}
	group := rapid.SampledFrom([]string{"", "g", "h"})
	for i := range rapid.IntRange(0, 4).Draw(t, "keys") {
		public, thumbprint := certificate(fmt.Sprint(id, i))
		o.Keys = append(o.Keys, remedy.Key{
			KeyID: fmt.Sprintf("%s-k%d", id, i), Usage: rapid.SampledFrom([]string{"Verify", "Sign"}).Draw(t, "usage"), Group: group.Draw(t, "group"), Public: public, Start: start(),
		})
		switch rapid.IntRange(0, 4).Draw(t, "named as") {
		case 0:
			o.PreferredSigning = thumbprint
		case 1:
			o.EncryptionKeyID = o.Keys[i].KeyID
		}
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "passwords") {
		p := remedy.Password{KeyID: fmt.Sprintf("%s-p%d", id, i), Group: group.Draw(t, "group"), Start: start()}
		if len(o.Keys) > i && rapid.Bool().Draw(t, "shares its id") {
			p.KeyID = o.Keys[i].KeyID
		}
		o.Passwords = append(o.Passwords, p)
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "federated") {
		if kind == remedy.KindApplication || o.Type == "ManagedIdentity" {
			o.Federated = append(o.Federated, remedy.Federated{ID: fmt.Sprintf("%s-f%d", id, i)})
		}
	}
	if rapid.Bool().Draw(t, "owners read") {
		o.Owners = remedy.ListOf(remedy.Owner{ID: "rekey-sp"}, remedy.Owner{ID: "u-eve", Added: start()}, remedy.Owner{ID: "u-break-glass", Added: now})
	}
	if rapid.IntRange(0, 5).Draw(t, "locked") == 0 {
		o.Lock = &remedy.Lock{Enabled: true, All: rapid.Bool().Draw(t, "all"), Sign: true}
	}
	return o
}

func drawInput(t *rapid.T) remedy.Input {
	in := remedy.Input{Inventory: remedy.Inventory{Tenant: tenant, Taken: now}, Case: suspected(), Now: now}
	if rapid.IntRange(0, 3).Draw(t, "registered here") > 0 {
		app := drawObject(t, remedy.KindApplication, "appobj")
		in.Inventory.Application = &app
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "principals") {
		in.Inventory.Principals = append(in.Inventory.Principals, drawObject(t, remedy.KindServicePrincipal, fmt.Sprint("sp", i+1)))
	}
	if ids := allIDs(in.Inventory); len(ids) > 0 {
		some := rapid.SliceOfN(rapid.SampledFrom(ids), 0, 3)
		in.Case.KeyIDs = some.Draw(t, "suspects")
		for _, id := range some.Draw(t, "edited") {
			in.Options.Edits = append(in.Options.Edits, remedy.Edit{ID: id, Keep: rapid.Bool().Draw(t, "keep"), Why: "w", By: "u"})
		}
		for _, id := range some.Draw(t, "added") {
			in.Facts.Added.Items = append(in.Facts.Added.Items, remedy.Added{Object: "appobj", Item: id, Time: inWindow})
		}
	}
	in.Facts.Added.Known = rapid.Bool().Draw(t, "audit read")
	if rapid.Bool().Draw(t, "everything") {
		edits := in.Options.Edits
		in.Options = remedy.Everything()
		in.Options.Edits, in.Options.Detach = edits, true
	}
	in.Options.OldFederated = rapid.Bool().Draw(t, "old federated stay")
	in.Options.Own, in.Options.Never = []string{"rekey-sp", "rekey-obj"}, map[string]string{"u-break-glass": "break glass"}
	for i := range rapid.IntRange(0, 3).Draw(t, "planted") {
		in.Facts.Planted = append(in.Facts.Planted, remedy.Planted{
			ObjectKind: remedy.KindApplication, Object: rapid.SampledFrom([]string{"", "other-obj", "rekey-obj", "appobj"}).Draw(t, "on"),
			Kind: rapid.SampledFrom([]string{remedy.TypeKey, remedy.TypePassword, "owner"}).Draw(t, "what"), KeyID: fmt.Sprint("door", i),
		})
	}
	if rapid.IntRange(0, 9).Draw(t, "no certificate") == 0 {
		in.Inventory.Restrictions = &remedy.Restrictions{Items: []remedy.Restriction{{Type: remedy.RestrictTrustedAuthority}}}
	}
	return in
}

type door struct{ object, kind, id string }

func doors(inv remedy.Inventory) []door {
	var out []door
	for _, o := range inv.Objects() {
		for _, k := range o.Keys {
			out = append(out, door{o.ID, remedy.TypeKey, k.KeyID})
		}
		for _, p := range o.Passwords {
			out = append(out, door{o.ID, remedy.TypePassword, p.KeyID})
		}
		for _, f := range o.Federated {
			out = append(out, door{o.ID, remedy.TypeFederated, f.ID})
		}
	}
	return out
}

func allIDs(inv remedy.Inventory) []string {
	var out []string
	for _, d := range doors(inv) {
		out = append(out, d.id)
	}
	return out
}

var removes = map[string]string{
	remedy.StepReplaceKeys: remedy.TypeKey, remedy.StepRemovePasswords: remedy.TypePassword,
	remedy.StepRemoveFederated: remedy.TypeFederated, remedy.StepRemoveManagedFederated: remedy.TypeFederated,
}

// removed returns the doors that a plan's steps close.
func removed(p remedy.Plan) map[door]bool {
	out := map[door]bool{}
	for _, s := range p.Steps {
		for _, id := range s.KeyIDs {
			out[door{s.Object, removes[s.Kind], id}] = true
		}
	}
	return out
}

func kept(p remedy.Plan) map[door]string {
	out := map[door]string{}
	for _, k := range p.Kept {
		out[door{k.Object, k.Type, k.KeyID}] = k.Why
	}
	return out
}

func TestEveryCredentialGoesOrStaysWithAReasonAndTheSameInputGivesTheSamePlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		p := remedy.Build(in)
		if diff := cmp.Diff(p, remedy.Build(in)); diff != "" {
			t.Fatalf("two plans of the same:\n%s", diff)
		}
		gone, stays := removed(p), kept(p)
		for _, d := range doors(in.Inventory) {
			if why, ok := stays[d]; ok == gone[d] || ok && why == "" {
				t.Fatalf("%v: goes %v, stays %v (%q)\n%s", d, gone[d], ok, why, p.Text())
			}
		}
	})
}

func TestTheAbusedCredentialGoesUnlessNothingCan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		p := remedy.Build(in)
		gone, stays := removed(p), kept(p)
		for _, d := range doors(in.Inventory) {
			changed := slices.Contains(p.Keeping.Objects, d.object)
			if changed && slices.Contains(in.Case.KeyIDs, d.id) && !gone[d] && p.Keeping.Locks[d.object] == nil {
				t.Fatalf("%v was abused and stays: %s", d, stays[d])
			}
		}
		for _, k := range p.Kept {
			if k.Opens && slices.ContainsFunc(p.Steps, func(s remedy.Step) bool { return s.Kind == remedy.StepEnable }) {
				t.Fatalf("%v opens the door, and the principal is enabled\n%s", k, p.Text())
			}
		}
	})
}

func TestNothingOfRekeysOwnOrNeverTouchedIsChanged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		never := []string{"rekey-sp", "rekey-obj", "u-break-glass"}
		if ids := allIDs(in.Inventory); len(ids) > 0 {
			in.Options.OwnKeys = []string{rapid.SampledFrom(ids).Draw(t, "own key")}
		}
		if rapid.IntRange(0, 4).Draw(t, "never touched") == 0 {
			in.Options.Never["app:app1"] = "the payroll run"
		}
		p := remedy.Build(in)
		if in.Options.Never["app:app1"] != "" && len(in.Inventory.Objects()) > 0 && len(p.Steps) > 0 {
			t.Fatalf("%d steps against what is never touched", len(p.Steps))
		}
		for _, s := range p.Steps {
			if slices.Contains(never, s.Object) || slices.ContainsFunc(s.Items, func(i remedy.Item) bool { return slices.Contains(never, i.ID) }) {
				t.Fatalf("step %+v", s)
			}
			if s.Kind == remedy.StepReplaceKeys && s.ObjectKind == remedy.KindApplication && slices.ContainsFunc(in.Options.OwnKeys, func(id string) bool { return slices.Contains(s.KeyIDs, id) }) {
				t.Fatalf("Rekey's own key goes: %+v", s)
			}
		}
		for _, o := range in.Inventory.Principals {
			if managed := o.Type == "ManagedIdentity"; managed && slices.ContainsFunc(p.Steps, func(s remedy.Step) bool {
				return s.Object == o.ID && (s.Kind == remedy.StepReplaceKeys || s.Kind == remedy.StepRemovePasswords || s.Kind == remedy.StepDisable)
			}) {
				t.Fatalf("the plan changes what belongs to Azure:\n%s", p.Text())
			}
		}
	})
}

func TestTheHashChangesWithWhatIsApprovedAndNotWithWhatIsRemoved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		app := drawObject(t, remedy.KindApplication, "appobj")
		in.Inventory.Application, in.Inventory.Restrictions = &app, nil
		in.Options.OldFederated = false
		first := remedy.Build(in)

		more := in
		grown := app
		grown.Passwords = append(slices.Clone(app.Passwords), remedy.Password{KeyID: "late-p", Start: now})
		grown.Keys = append(slices.Clone(app.Keys), remedy.Key{KeyID: "late-k", Usage: "Verify", Start: now})
		grown.Federated = append(slices.Clone(app.Federated), remedy.Federated{ID: "late-f"})
		more.Inventory.Application = &grown
		if got := remedy.Build(more).Hash(); got != first.Hash() {
			t.Fatal("more to remove on the same object needs a new approval")
		}

		keep := more
		keep.Options.Edits = append(slices.Clone(in.Options.Edits), remedy.Edit{ID: "late-p", Keep: true, Why: "w", By: "u"})
		if remedy.Build(keep).Hash() == first.Hash() {
			t.Fatal("something else is kept, and needs no new approval")
		}
		kinds := in
		kinds.Options.Owners = !in.Options.Owners
		if remedy.Build(kinds).Hash() == first.Hash() {
			t.Fatal("another kind of act needs no new approval")
		}
		other := in
		moved := app
		moved.ID = "another"
		other.Inventory.Application = &moved
		if remedy.Build(other).Hash() == first.Hash() {
			t.Fatal("another object needs no new approval")
		}
	})
}

func TestTheRuleOfWhatStaysSurvivesTheJournal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		p := remedy.Build(in)
		b, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var read remedy.Plan
		if err := json.Unmarshal(b, &read); err != nil {
			t.Fatal(err)
		}
		if read.Hash() != p.Hash() || read.Text() != p.Text() {
			t.Fatal("the plan is another one after the journal")
		}
		gone := removed(p)
		for _, o := range in.Inventory.Objects() {
			stays := map[door]bool{}
			for _, k := range read.Keeps(o) {
				stays[door{k.Object, k.Type, k.KeyID}] = true
			}
			for _, d := range doors(remedy.Inventory{Principals: []remedy.Object{o}}) {
				if o.Type != "ManagedIdentity" && stays[d] == gone[d] {
					t.Fatalf("%v: planned to go %v, stays when carried out %v", d, gone[d], stays[d])
				}
			}
		}
	})
}

func TestContainmentComesFirstAndNothingIsRemovedWithoutANewCertificate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		p := remedy.Build(in)
		late, certified := false, in.Inventory.Application == nil
		for _, s := range p.Steps {
			if late && s.Contains() {
				t.Fatalf("%s comes after the end of containment\n%s", s.ID, p.Text())
			}
			late = late || !s.Contains()
			certified = certified || s.Kind == remedy.StepCertificate
			if removes[s.Kind] != "" && s.Kind != remedy.StepRemoveManagedFederated && !certified {
				t.Fatalf("%s comes without a new certificate\n%s", s.ID, p.Text())
			}
		}
	})
}
