package rotate_test

import (
	"strings"
	"testing"
	"time"

	"rekey/handlers/operations"
	"rekey/handlers/rotations"
	"rekey/shared/remedy"
	plan "rekey/shared/rotate"
)

// takeBack stores an undo of the eviction.
func (w *world) takeBack(t *testing.T, state remedy.State, steps ...string) {
	t.Helper()
	p := remedy.Plan{Steps: []remedy.Step{}}
	for _, s := range steps {
		p.Steps = append(p.Steps, remedy.Step{Kind: s})
	}
	u := remedy.OpenUndo(remedy.Operation{ID: remedy.OperationID(caseID), Case: caseID}, p, w.clock.now())
	u.State = state
	if err := (operations.Store{Table: w.evictions}).Put(t.Context(), &operations.Stored{Operation: u}); err != nil {
		t.Fatal(err)
	}
}

func TestAnEvictionThatIsTakenBackStopsItsRotationBeforeTheNextTier(t *testing.T) {
	for name, tt := range map[string]struct {
		state remedy.State
		step  string
		stops bool
	}{
		"that enables it again":                   {remedy.StateRunning, remedy.StepRestoreEnabled, true},
		"that gave its roles back":                {remedy.StateDone, remedy.StepRestoreAzureRoles, true},
		"that nobody approved yet":                {remedy.StateAwaitingApproval, remedy.StepRestoreEnabled, false},
		"that was rejected":                       {remedy.StateRejected, remedy.StepRestoreEnabled, false},
		"that issues an emergency secret only":    {remedy.StateDone, remedy.StepIssueSecret, false},
		"that was cancelled before its beginning": {remedy.StateCancelled, remedy.StepRestoreEnabled, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := build(t, 1, func(w *world, f *furniture) { f.mix(w, 0, 8, 3) })
			w.opening.Alone = true
			people := rotations.People{Store: rotations.Store{Table: w.table}, Ledger: w.ledger, Rotate: w.bell, Now: w.clock.now}
			handle := func() *rotations.Stored {
				t.Helper()
				w.flow(t)
				time.Sleep(breath)
				if err := w.handle(t, "one"); err != nil {
					t.Fatal(err)
				}
				j := w.journal(t)
				w.learn(j)
				return j
			}
			j := handle()
			yes := func() error {
				return people.Say(t.Context(), id, rotations.Word{What: rotations.Approve, Tier: 2, Hash: j.Tiers[1].Hash, By: "ann"})
			}
			if err := yes(); err != nil { // for an intruder, before it is known that there was none
				t.Fatal(err)
			}
			w.clock.pass(time.Minute)
			w.takeBack(t, tt.state, tt.step)
			for range 40 {
				w.clock.pass(2 * time.Minute)
				if j = handle(); !j.Tiers[0].Ended.IsZero() && j.State != plan.StateRunning {
					break
				}
			}
			for _, i := range j.Items {
				if i.Tier == 1 && i.Status != plan.Rotated && i.Status != plan.Done {
					t.Errorf("%s was begun and is %s: %s", i.Key, i.Status, i.Reason)
				}
			}
			if began := !j.Tiers[1].Began.IsZero(); began == tt.stops {
				t.Fatalf("tier 2 began: %v (%s: %s)", began, j.State, j.Reason)
			}
			if !tt.stops {
				return
			}
			if j.State != plan.StateAwaitingApproval || !strings.Contains(j.Reason, "taken back (undo-op-"+caseID) {
				t.Errorf("%s: %s", j.State, j.Reason)
			}
			for _, target := range w.told {
				if i := j.Item(target); i != nil && i.Tier > 1 {
					t.Errorf("the owner of %s was told that it was compromised", target)
				}
			}
			w.clock.pass(time.Minute)
			if err := yes(); err != nil {
				t.Fatal(err)
			}
			if j = handle(); j.Tiers[1].Began.IsZero() {
				t.Errorf("approved anew: %s: %s", j.State, j.Reason)
			}
		})
	}
}
