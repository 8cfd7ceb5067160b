package triage_test

import (
	"errors"
	"testing"

	"rekey/shared/decide"
	"rekey/shared/fault"
	"rekey/shared/remedy"
	"rekey/shared/verdict"
)

func TestARequestLeadsToAPlanAndNeverToAnActAlone(t *testing.T) {
	w := newWorld()
	w.policy = decide.Policy{Tenant: "t1", Default: decide.ModeEvict, ActsPerHour: 10}
	ask := func(r verdict.Request) remedy.Operation {
		t.Helper()
		r.By, r.At = "user ann", w.now
		o, err := w.make().Request(t.Context(), "sp1", r)
		if err != nil {
			t.Fatal(err)
		}
		return o.Operation
	}
	plan := ask(verdict.Request{Order: "order-1", Plan: true})
	if plan.State != remedy.StatePlanned || plan.Plan.RequestedBy != "user ann" {
		t.Errorf("%s, asked for by %q", plan.State, plan.Plan.RequestedBy)
	}
	if again := ask(verdict.Request{Order: "order-1", Plan: true}); again.ID != plan.ID {
		t.Error("the same request has two operations")
	}
	if more := ask(verdict.Request{Order: "order-2", Reason: "a leak"}); more.ID != plan.ID || more.State != remedy.StateAwaitingApproval {
		t.Errorf("%s is %s", more.ID, more.State)
	}
	if rung := w.evictBell.Rung(); len(rung) != 0 {
		t.Errorf("evict was rung: %v", rung)
	}
}

func TestARequestForWhomTheDirectoryDoesNotHaveIsRefused(t *testing.T) {
	w := newWorld()
	w.inventory = fault.Errorf(fault.NotFound, "there is none")
	if _, err := w.make().Request(t.Context(), "nobody", verdict.Request{Order: "o", By: "ann", At: w.now}); !errors.Is(err, fault.NotFound) {
		t.Errorf("%v", err)
	}
	w.inventory = fault.Errorf(fault.Transient, "Graph is down")
	if _, err := w.make().Request(t.Context(), "sp1", verdict.Request{Order: "o", By: "ann", At: w.now}); !errors.Is(err, fault.Transient) {
		t.Errorf("%v", err)
	}
}
