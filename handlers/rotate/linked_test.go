package rotate_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/deploy/local/keyvault"
	"rekey/handlers/operations"
	"rekey/handlers/rotate"
	"rekey/handlers/rotations"
	"rekey/shared/fault"
	"rekey/shared/remedy"
	plan "rekey/shared/rotate"
	"rekey/shared/score"
)

func TestAReadCredentialOfAnotherApplicationOpensACaseForIt(t *testing.T) {
	w := build(t, 1, func(w *world, f *furniture) {
		name := vaultName(0)
		f.client(w, name, "pay", 1)
		f.client(w, name, "hr", 2)
		f.put(w, name, "object", plan.OwnerAction, "", keyvault.Secret{Value: "a", Tags: map[string]string{"ProviderAddress": "sp-bbbb"}})
		f.put(w, name, "gone", plan.OwnerAction, "", keyvault.Secret{Value: "b", Tags: map[string]string{"ProviderAddress": "dddddddd-1111-4222-8333-000000000009"}})
		f.put(w, name, "mine", plan.OwnerAction, "", keyvault.Secret{Value: "c", Tags: map[string]string{"ProviderAddress": victimApp}})
		f.reads = []string{name + "/pay", name + "/gone", name + "/mine"}
	})
	w.drive(t, func() error { return w.handle(t, "one") })

	pay := "sp-bbbbbbbb-1111-4222-8333-000000000001"
	ds, err := w.findings.Of(t.Context(), pay)
	if err != nil || len(ds) != 1 {
		t.Fatalf("%+v (%v)", ds, err)
	}
	d := ds[0]
	if d.By != victimID || d.Rule != plan.TakenRule.ID || d.Level != score.LevelMedium || d.Principal.AppID == "" || !slices.Equal(d.KeyIDs, []string{"cccccccc-1111-4222-8333-000000000001"}) {
		t.Errorf("%+v", d)
	}
	if s := d.Statement; !strings.Contains(s, "vault-00/pay") || !strings.Contains(s, "billing") || !strings.Contains(s, victimID) || strings.Contains(s, "client-secret-of-the-world") {
		t.Error(s)
	}
	if d.First.After(w.cut) || d.Records[0].Resource != "vault-00/pay" || d.Records[0].ID != id {
		t.Errorf("seen from %s, %+v", d.First, d.Records)
	}
	if ds, _ := w.findings.Of(t.Context(), "sp-bbbbbbbb-1111-4222-8333-000000000002"); len(ds) != 0 {
		t.Errorf("nobody read its credential: %+v", ds)
	}
	if ds, _ := w.findings.Of(t.Context(), "app:dddddddd-1111-4222-8333-000000000009"); len(ds) != 1 {
		t.Errorf("an application that the tenant does not have: %+v", ds)
	}
	if ds, _ := w.findings.Of(t.Context(), victimID); len(ds) != 0 {
		t.Errorf("its own credential: %+v", ds)
	}
	if got := w.triaged.Rung(); !slices.Contains(got, pay) || !slices.Contains(got, victimID) {
		t.Errorf("rung: %v", got)
	}
	if taken := w.journal(t).Taken; len(taken) != 2 || slices.ContainsFunc(taken, func(x plan.Taken) bool { return x.Key == "" || x.Last.IsZero() }) {
		t.Errorf("%+v", taken)
	}
}

func TestALinkedCaseIsToldOnceInAnIncident(t *testing.T) {
	w := build(t, 1, func(w *world, f *furniture) {
		f.client(w, vaultName(0), "pay", 1)
		f.reads = []string{vaultName(0) + "/pay"}
	})
	for range 3 { // looks again, and the read is known to have gone on
		if err := w.handle(t, "one"); err != nil {
			t.Fatal(err)
		}
		w.clock.pass(rotate.LookEvery)
		w.read(t, victimID, w.cut.Add(-1), vaultName(0)+"/pay")
	}
	if ds, err := w.findings.Of(t.Context(), "sp-bbbbbbbb-1111-4222-8333-000000000001"); err != nil || len(ds) != 1 {
		t.Errorf("%d detections (%v)", len(ds), err)
	}
	if got := w.triaged.Rung(); len(got) != 2 {
		t.Errorf("rung %d times: %v", len(got), got)
	}
}

func TestWhoIsInACaseApprovesNothing(t *testing.T) {
	w := small(t)
	w.opening.Alone = true
	_, err := operations.Store{Table: w.evictions}.Change(t.Context(), remedy.OperationID(caseID), func(o *remedy.Operation) error {
		o.Plan.Linked = []remedy.Linked{{Case: "c1", Principal: "user:eve", Administrator: true, Active: true}}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	people := rotations.People{Store: rotations.Store{Table: w.table}, Ledger: w.ledger, Rotate: w.bell, Now: w.clock.now}
	say := func(by string) error {
		j := w.journal(t)
		w.clock.pass(time.Second)
		return people.Say(t.Context(), id, rotations.Word{What: rotations.Approve, Tier: 1, Hash: j.Tiers[0].Hash, By: by})
	}
	handle := func() {
		t.Helper()
		if err := w.handle(t, "one"); err != nil {
			t.Fatal(err)
		}
	}
	handle()
	if j := w.journal(t); j.Alone || j.Needs != 2 || j.State != plan.StateAwaitingApproval {
		t.Fatalf("alone %v, needs %d, %s", j.Alone, j.Needs, j.State)
	}
	if err := say("EVE"); !errors.Is(err, fault.Denied) {
		t.Errorf("an administrator of a linked case: %v", err)
	}
	for _, by := range []string{"ann", "mallory"} {
		if err := say(by); err != nil {
			t.Fatal(err)
		}
	}
	w.suspects = []string{"mallory"} // in a case since
	handle()
	if j := w.journal(t); j.State != plan.StateAwaitingApproval || len(j.Tiers[0].Approvals) != 1 {
		t.Errorf("%s with %+v", j.State, j.Tiers[0].Approvals)
	}
	w.suspects = append(w.suspects, "ann") // who had approved already
	handle()
	if err := say("bob"); err != nil {
		t.Fatal(err)
	}
	handle()
	if j := w.journal(t); j.State != plan.StateAwaitingApproval || len(j.Tiers[0].Approvals) != 1 || len(w.changes) > 0 {
		t.Errorf("%s with %+v, %v", j.State, j.Tiers[0].Approvals, w.changes)
	}
	if err := say("carl"); err != nil {
		t.Fatal(err)
	}
	handle()
	if j := w.journal(t); j.Tiers[0].Began.IsZero() {
		t.Errorf("two people approved: %s: %s", j.State, j.Reason)
	}
}
