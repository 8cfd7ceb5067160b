package sweep_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"rekey/handlers/cases"
	"rekey/handlers/findings"
	"rekey/handlers/pages"
	"rekey/handlers/rotations"
	"rekey/handlers/sweep"
	"rekey/shared/decide"
	"rekey/shared/host/funchost"
	"rekey/shared/remedy"
	"rekey/shared/rotate"
	"rekey/shared/store/memory"
)

func TestRotationsThatStandStillAreRungForAndPeopleAreCalledAboutThoseThatWait(t *testing.T) {
	tests := map[string]struct {
		head   *rotate.Head
		rings  bool
		called []string
	}{
		"the ring of the eviction was lost": {nil, true, nil},
		"it stands still":                   {&rotate.Head{State: rotate.StateRunning, Updated: now.Add(-3 * time.Minute)}, true, nil},
		"it moves":                          {&rotate.Head{State: rotate.StateRunning, Updated: now.Add(-time.Minute)}, false, nil},
		"somebody is at it":                 {&rotate.Head{State: rotate.StateRunning, Updated: now.Add(-3 * time.Minute), Lease: rotate.Lease{Owner: "a", Until: now.Add(time.Minute)}}, false, nil},
		"it waits for people": {&rotate.Head{State: rotate.StateAwaitingApproval, Updated: now.Add(-3 * time.Minute), Opened: now.Add(-20 * time.Minute)}, false,
			[]string{"approval-needed/first", "approval-unanswered/second"}},
		"it waits for a day to pass": {&rotate.Head{State: rotate.StateWatching, Updated: now.Add(-time.Hour)}, true, nil},
		"it is done":                 {&rotate.Head{State: rotate.StateDone, Updated: now.Add(-time.Hour)}, false, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w, bell := newWorld(), &memory.Bell{}
			w.has(t, remedy.Operation{Version: 1, ID: "op-c1", Case: "c1", State: remedy.StateDone, Updated: now.Add(-time.Hour)})
			rs := rotations.Store{Table: w.operations.Table}
			if tt.head != nil {
				tt.head.ID = "rot-c1"
				if _, err := rs.Claim(t.Context(), *tt.head); err != nil {
					t.Fatal(err)
				}
			}
			clock := func() time.Time { return now }
			err := sweep.New(sweep.Config{
				Findings: findings.Store{Table: &memory.Table{}, Index: &memory.Table{}}, Cases: cases.Store{Table: &memory.Table{}}, Operations: w.operations,
				Triage: &memory.Bell{}, Evict: w.bell, Rotations: rs, Rotate: bell, Now: clock,
				Pager: pages.Pager{Table: &w.pages, Now: clock, Send: func(_ context.Context, p decide.Page) error {
					w.called = append(w.called, string(p.Reason)+"/"+string(p.Line))
					return nil
				}},
			}).Handle(t.Context(), funchost.Tick{})
			if err != nil {
				t.Fatal(err)
			}
			if got := len(bell.Rung()) > 0; got != tt.rings || !slices.Equal(w.called, tt.called) {
				t.Errorf("rung %v, called %v", bell.Rung(), w.called)
			}
		})
	}
}
