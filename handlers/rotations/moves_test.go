package rotations_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"rekey/handlers/rotations"
	"rekey/shared/rotate"
	"rekey/shared/store/memory"
)

func TestARotationRemembersItsStatesAndTiersAndAClaimIsNone(t *testing.T) {
	var bell memory.Bell
	at := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	s := rotations.Store{Table: &memory.Table{}, Publish: &bell}
	id := rotate.OperationID("c1")
	j, err := s.Claim(t.Context(), rotate.Head{Version: rotate.Version, ID: id, State: rotate.StateRunning, Updated: at})
	if err != nil || len(j.Moves) != 0 || len(bell.Rung()) != 0 {
		t.Fatalf("a claim made %v, rung %v (%v)", j.Moves, bell.Rung(), err)
	}
	j.Opened = at // planned
	for i, state := range []rotate.State{rotate.StateAwaitingApproval, rotate.StateRunning, rotate.StateRunning, rotate.StateDone} {
		j.State = state
		for n := range j.Tiers {
			j.Tiers[n].Number = n + 1
			if n == 0 && i == 2 || i == 3 {
				j.Tiers[n].Ended = at
			}
		}
		for range 2 { // the second write changes no state
			j.Updated = j.Updated.Add(time.Second)
			if err := s.Write(t.Context(), j, ""); err != nil {
				t.Fatal(err)
			}
		}
	}
	got, err := s.Head(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var moves []string
	for _, m := range got.Moves {
		moves = append(moves, fmt.Sprintf("%s %d", m.State, m.Tier))
	}
	if want := []string{"awaitingApproval 1", "running 1", "running 2", "done 0"}; !slices.Equal(moves, want) {
		t.Errorf("%v, want %v", moves, want)
	}
	if rung := bell.Rung(); len(rung) != 4 || rung[0] != "rotations/"+id {
		t.Errorf("rung %v, want once for each move", rung)
	}
}
