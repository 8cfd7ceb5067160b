package triage_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"rekey/handlers/operations"
	"rekey/shared/remedy"
	"rekey/shared/store/memory"
	"rekey/shared/verdict"
)

func TestProgramsOutsideAreToldThoughGraphDoesNotAnswer(t *testing.T) {
	w := newWorld()
	w.publishBell = &memory.Bell{}
	w.detect(t, "sp1", 20)
	w.inventory = errors.New("graph is down")
	if err := w.triage(t, "sp1"); err == nil {
		t.Fatal("it went well")
	}
	if rung := w.publishBell.Rung(); !slices.Contains(rung, "principals/sp1") {
		t.Errorf("rung %v", rung)
	}
}

func TestAPlanThatADismissalTakesAwayLeavesItsStates(t *testing.T) {
	w := newWorld()
	w.publishBell = &memory.Bell{}
	w.detect(t, "sp1", 20)
	w.mustTriage(t, "sp1")
	opened := w.operation(t, "sp1")
	w.now = now.Add(time.Minute)
	w.say(t, verdict.Dismiss, "sp1")
	w.mustTriage(t, "sp1")
	left, err := operations.Store{Table: w.operations}.Withdrawn(t.Context(), opened.ID)
	if err != nil || len(left) != 1 || len(left[0].Moves) != 2 || left[0].Moves[1].State != remedy.StateWithdrawn || left[0].Moves[0] != opened.Moves[0] {
		t.Fatalf("left: %+v (%v)", left, err)
	}
	if rung := w.publishBell.Rung(); !slices.Contains(rung, "operations/"+opened.ID) {
		t.Errorf("rung %v", rung)
	}
}
