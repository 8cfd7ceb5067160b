package triage_test

import (
	"errors"
	"testing"
	"time"

	"rekey/handlers/operations"
	"rekey/shared/fault"
	"rekey/shared/remedy"
	"rekey/shared/store/memory"
)

func (w *world) people() operations.People {
	return operations.People{Store: operations.Store{Table: w.operations}, Ledger: &memory.Blobs{}, Evict: w.evictBell, Now: func() time.Time { return w.now }}
}

func (w *world) must(t *testing.T, principal string) remedy.Operation {
	t.Helper()
	if err := w.triage(t, principal); err != nil {
		t.Fatal(err)
	}
	return w.operation(t, principal)
}

func TestWhatOneOfTwoApprovedStaysWhenTriageLooksAgain(t *testing.T) {
	w := newWorld()
	w.tags = []string{"rekey=protected"}
	w.detect(t, "sp1", 20)
	o := w.must(t, "sp1")
	if _, err := w.people().Approve(t.Context(), o.ID, remedy.Approval{By: "ann", PlanHash: o.PlanHash}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(10 * time.Minute)
	o = w.must(t, "sp1")
	if o.Missing(w.now) != 1 || !o.Asked.Equal(now) || len(o.Changes) != 0 {
		t.Errorf("%d missing, asked at %s, %v", o.Missing(w.now), o.Asked, o.Changes)
	}
}

func TestAnApprovalForAnOlderPlanDoesNotCountAndTheChangeIsShown(t *testing.T) {
	w := newWorld()
	w.detect(t, "sp1", 20)
	old := w.must(t, "sp1")
	w.second = true // another service principal of the application
	next := w.must(t, "sp1")
	if next.PlanHash == old.PlanHash || len(next.Changes) < 2 {
		t.Fatalf("plan %s became %s: %v", old.PlanHash, next.PlanHash, next.Changes)
	}
	if _, err := w.people().Approve(t.Context(), old.ID, remedy.Approval{By: "ann", PlanHash: old.PlanHash}, time.Time{}); !errors.Is(err, fault.Conflict) {
		t.Errorf("got %v", err)
	}
	if _, err := w.people().Approve(t.Context(), old.ID, remedy.Approval{By: "ann", PlanHash: next.PlanHash}, time.Time{}); err != nil {
		t.Error(err)
	}
}

func TestTriageLeavesAloneWhatIsApprovedCancelledOrHalfDone(t *testing.T) {
	d := remedy.Decision{By: "ann", Why: "no", Time: now}
	tests := map[string]func(*remedy.Operation) error{
		"approved": func(o *remedy.Operation) error {
			return o.Approve(remedy.Approval{By: "ann", PlanHash: o.PlanHash}, time.Time{}, now)
		},
		"cancelled": func(o *remedy.Operation) error { return o.Stop(d) },
		"half done, and given back to people": func(o *remedy.Operation) error {
			o.Start(o.Plan.Steps[0].ID, now)
			o.Ask("the list changed", now)
			return nil
		},
		"rejected": func(o *remedy.Operation) error { return o.Reject(d) },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.detect(t, "sp1", 20)
			before := w.must(t, "sp1")
			before, err := w.people().Change(t.Context(), before.ID, change)
			if err != nil {
				t.Fatal(err)
			}
			w.now = w.now.Add(time.Minute)
			if after := w.must(t, "sp1"); after.State != before.State || after.Underway() != before.Underway() {
				t.Errorf("it was %s and is %s", before.State, after.State)
			}
		})
	}
}
