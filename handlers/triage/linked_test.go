package triage_test

import (
	"testing"

	"rekey/handlers/rotations"
	"rekey/handlers/triage"
	"rekey/shared/casefile"
	"rekey/shared/event"
	"rekey/shared/reach"
	"rekey/shared/rotate"
)

func TestWhoReadACredentialAndWhoseItIsAreLinkedBothWays(t *testing.T) {
	w := newWorld()
	w.detect(t, "thief", 20)
	if err := w.triage(t, "thief"); err != nil {
		t.Fatal(err)
	}
	thief := w.latest(t, "thief")
	j := &rotate.Journal{Head: rotate.Head{Version: rotate.Version, ID: rotate.OperationID(thief.ID), Case: thief.ID, Principal: "thief", Name: "billing", State: rotate.StateRunning, Cut: w.now}}
	read := reach.Linked{AppID: "app-pay", Credential: "k-pay", Secret: "kv/pay", First: w.now.Add(-1), Last: w.now}
	if _, err := w.findings.Keep(t.Context(), j.Tell(read, event.Principal{ObjectID: "pay", AppID: "app-pay", Name: "payments"}), w.now); err != nil {
		t.Fatal(err)
	}
	s := rotations.Store{Table: w.operations}
	if _, err := s.Claim(t.Context(), j.Head); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"pay", "thief", "pay"} {
		if err := w.triage(t, key, func(c *triage.Config) { c.Rotations = s }); err != nil {
			t.Fatal(err)
		}
	}
	pay, thief := w.latest(t, "pay"), w.latest(t, "thief")
	if len(pay.Linked) != 1 || pay.Linked[0].Key != "thief" || pay.Linked[0].Why != casefile.ReadFromThis || pay.Linked[0].Case != thief.ID {
		t.Errorf("the application's case leads to %+v", pay.Linked)
	}
	if len(thief.Linked) != 1 || thief.Linked[0].Key != "pay" || thief.Linked[0].Why != casefile.ReadByThis || thief.Linked[0].Case != pay.ID || thief.Linked[0].Name != "payments" {
		t.Errorf("the thief's case leads to %+v, the application's is %s", thief.Linked, pay.ID)
	}
	if len(pay.KeyIDs) != 1 || pay.KeyIDs[0] != "k-pay" {
		t.Errorf("suspect credentials: %v", pay.KeyIDs)
	}
	if n := w.operation(t, "pay").Plan.Needs.Never; len(n) != 1 || n[0] != "thief" {
		t.Errorf("whose approval does not count: %v", n)
	}
}

func (w *world) latest(t *testing.T, principal string) casefile.Case {
	t.Helper()
	c, err := w.cases.Newest(t.Context(), principal)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
