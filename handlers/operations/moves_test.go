package operations_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"rekey/handlers/operations"
	"rekey/shared/fault"
	"rekey/shared/remedy"
	"rekey/shared/store/memory"
)

// moves words the states that an operation was stored in.
func moves(o remedy.Operation) []string {
	var out []string
	for _, m := range o.Moves {
		out = append(out, fmt.Sprintf("%d %s>%s %s", m.N, m.From, m.State, m.Plan))
	}
	return out
}

func TestAnOperationRemembersTheStatesItWasStoredInAndNoOthers(t *testing.T) {
	var bell memory.Bell
	s := operations.Store{Table: &memory.Table{}, Publish: &bell}
	o := operations.Stored{Operation: remedy.Operation{Version: 3, ID: "op-1", State: remedy.StateAwaitingApproval, PlanHash: "a", Updated: now}}
	put := func(change func(*remedy.Operation)) {
		t.Helper()
		change(&o.Operation)
		if err := s.Put(t.Context(), &o); err != nil {
			t.Fatal(err)
		}
	}
	put(func(*remedy.Operation) {})
	put(func(o *remedy.Operation) { o.Reason = "somebody approved, and one more is needed" })
	put(func(o *remedy.Operation) { o.PlanHash = "b" })
	o.State = remedy.StateFailed // in memory only
	put(func(o *remedy.Operation) { o.State, o.Updated = remedy.StateRunning, now.Add(-time.Hour) })

	stale := operations.Stored{Operation: o.Operation, Tag: "old"}
	stale.State = remedy.StateFailed
	if err := s.Put(t.Context(), &stale); !errors.Is(err, fault.Conflict) || len(stale.Moves) != 3 {
		t.Errorf("a write that failed made the move %v (%v)", moves(stale.Operation), err)
	}
	put(func(o *remedy.Operation) { o.State = remedy.StateDone })

	got, err := s.Get(t.Context(), "op-1")
	want := []string{"1 >awaitingApproval a", "2 awaitingApproval>awaitingApproval b", "3 awaitingApproval>running b", "4 running>done b"}
	if err != nil || !slices.Equal(moves(got.Operation), want) {
		t.Errorf("%v, want %v (%v)", moves(got.Operation), want, err)
	}
	if got.Moves[2].Time.Before(got.Moves[1].Time) {
		t.Error("a move is told to be before the one that it follows")
	}
	if rung := bell.Rung(); len(rung) != 4 || rung[0] != "operations/op-1" {
		t.Errorf("rung %v, want once for each move", rung)
	}
}

func TestMovesAreBoundedAndCountOn(t *testing.T) {
	o := remedy.Operation{ID: "op-1"}
	for i := range 3 * remedy.MaxMoves {
		o.State = []remedy.State{remedy.StateRunning, remedy.StateAwaitingApproval}[i%2]
		o.Moves, _ = o.Track()
	}
	if last := o.Moves[len(o.Moves)-1]; len(o.Moves) != remedy.MaxMoves || last.N != 3*remedy.MaxMoves {
		t.Errorf("%d moves, the last is number %d", len(o.Moves), last.N)
	}
}

// stuck is a bell that does not answer.
type stuck struct{ waited chan error }

func (s stuck) Ring(ctx context.Context, _ string) error {
	<-ctx.Done()
	s.waited <- ctx.Err()
	return ctx.Err()
}

func TestABellThatHangsKeepsNoWriterForLong(t *testing.T) {
	bell := stuck{make(chan error, 1)}
	s := operations.Store{Table: &memory.Table{}, Publish: bell}
	begun := time.Now()
	o := operations.Stored{Operation: remedy.Operation{Version: 3, ID: "op-1", State: remedy.StateRunning, Updated: now}}
	if err := s.Put(t.Context(), &o); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took > 5*time.Second || !errors.Is(<-bell.waited, context.DeadlineExceeded) {
		t.Errorf("the writer waited %s", took)
	}
}
