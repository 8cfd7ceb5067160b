package sweep_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/handlers/cases"
	"rekey/handlers/findings"
	"rekey/handlers/operations"
	"rekey/handlers/pages"
	"rekey/handlers/sweep"
	"rekey/shared/decide"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/ledger"
	"rekey/shared/remedy"
	"rekey/shared/store"
	"rekey/shared/store/memory"
)

var now = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

// world is sweep over a store in memory.
type world struct {
	operations operations.Store
	ledger     *memory.Blobs
	bell       *memory.Bell
	called     []string
	stopped    bool
	now        time.Time
	pages      memory.Table
}

func newWorld() *world {
	return &world{operations: operations.Store{Table: &memory.Table{}}, ledger: &memory.Blobs{}, bell: &memory.Bell{}, now: now}
}

func (w *world) has(t *testing.T, o remedy.Operation) {
	t.Helper()
	if err := w.operations.Put(t.Context(), &operations.Stored{Operation: o}); err != nil {
		t.Fatal(err)
	}
}

func (w *world) sweep(t *testing.T) error {
	t.Helper()
	clock := func() time.Time { return w.now }
	return sweep.New(sweep.Config{
		Findings: findings.Store{Table: &memory.Table{}, Index: &memory.Table{}}, Cases: cases.Store{Table: &memory.Table{}}, Operations: w.operations,
		Triage: &memory.Bell{}, Evict: w.bell, Ledger: w.ledger, Now: clock, Stopped: func(context.Context) (bool, error) { return w.stopped, nil },
		Pager: pages.Pager{Table: &w.pages, Now: clock, Send: func(_ context.Context, p decide.Page) error {
			w.called = append(w.called, string(p.Reason)+"/"+string(p.Line))
			return nil
		}},
	}).Handle(t.Context(), funchost.Tick{})
}

func TestOrdersAreRungForThoughOneOfThemCannotBeRead(t *testing.T) {
	rung := &memory.Bell{}
	err := sweep.New(sweep.Config{
		Findings: findings.Store{Table: &memory.Table{}, Index: &memory.Table{}}, Cases: cases.Store{Table: &memory.Table{}}, Operations: operations.Store{Table: &memory.Table{}},
		Triage: &memory.Bell{}, Evict: &memory.Bell{}, Ordered: rung, Now: func() time.Time { return now },
		Orders: func(context.Context, time.Time) ([]string, error) {
			return []string{"order-1", "order-2"}, fault.Unreadable("reading order order-0: half")
		},
	}).Handle(t.Context(), funchost.Tick{})
	if ids := rung.Rung(); len(ids) != 2 || !errors.Is(err, fault.ErrUnreadable) {
		t.Errorf("rung for %v (%v)", ids, err)
	}
}

func TestWhatProgramsOutsideWereNotToldIsLookedForAfterWhatHasToBeDone(t *testing.T) {
	evict := &memory.Bell{}
	s := operations.Store{Table: &memory.Table{}}
	o := operations.Stored{Operation: remedy.Operation{ID: "op-1", State: remedy.StateRunning, Opened: now.Add(-time.Hour), Updated: now.Add(-time.Hour)}}
	if err := s.Put(t.Context(), &o); err != nil {
		t.Fatal(err)
	}
	err := sweep.New(sweep.Config{
		Findings: findings.Store{Table: &memory.Table{}, Index: &memory.Table{}}, Cases: cases.Store{Table: &memory.Table{}}, Operations: s,
		Triage: &memory.Bell{}, Evict: evict, Now: func() time.Time { return now },
		Untold: func(context.Context) error {
			if len(evict.Rung()) != 1 {
				t.Error("the eviction waits for the notices")
			}
			return errors.New("the table of notices does not answer")
		},
	}).Handle(t.Context(), funchost.Tick{})
	if err == nil || !strings.Contains(err.Error(), "the table of notices") {
		t.Errorf("got %v", err)
	}
}

func TestNobodyAnswersAndTheSecondLineIsCalledAfter15Minutes(t *testing.T) {
	w := newWorld()
	w.has(t, remedy.Operation{ID: "op-1", State: remedy.StateAwaitingApproval, Asked: now, Opened: now, Updated: now})
	for range 10 { // every two minutes
		if err := w.sweep(t); err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(2 * time.Minute)
	}
	if got := strings.Join(w.called, " "); got != "approval-needed/first approval-unanswered/second" {
		t.Errorf("called: %s", got)
	}
	if rung := w.bell.Rung(); len(rung) != 0 {
		t.Errorf("rung for %v", rung)
	}
}

func TestWhatStandsStillIsRungForAndPeopleAreCalledUnlessItIsStopped(t *testing.T) {
	for name, tt := range map[string]struct {
		stopped bool
		want    string
	}{"it is stuck": {false, "journal-stuck/first"}, "the kill switch is set": {true, ""}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.stopped = tt.stopped
			w.has(t, remedy.Operation{ID: "op-1", State: remedy.StateRunning, Opened: now, Updated: now})
			w.now = now.Add(11 * time.Minute)
			if err := w.sweep(t); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(w.called, " "); got != tt.want || !slices.Equal(w.bell.Rung(), []string{"op-1"}) {
				t.Errorf("called %q, rung %v", got, w.bell.Rung())
			}
		})
	}
}

func TestWhatWaitsForItsTimeIsNotRungForBefore(t *testing.T) {
	w := newWorld()
	w.has(t, remedy.Operation{ID: "op-1", State: remedy.StateRunning, Opened: now, Updated: now, Mandate: &remedy.Mandate{NotBefore: now.Add(time.Hour)}})
	for _, tt := range []struct {
		after time.Duration
		rung  int
	}{{30 * time.Minute, 0}, {61 * time.Minute, 1}} {
		w.now = now.Add(tt.after)
		if err := w.sweep(t); err != nil || len(w.bell.Rung()) != tt.rung || len(w.called) != 0 {
			t.Errorf("after %s: rung %v, called %v (%v)", tt.after, w.bell.Rung(), w.called, err)
		}
	}
}

func TestADayOfTheLedgerIsClosedAndABrokenRecordCallsPeopleOnce(t *testing.T) {
	w := newWorld()
	w.has(t, remedy.Operation{ID: "op-1", State: remedy.StateRunning, Opened: now, Updated: now})
	if err := ledger.Write(t.Context(), w.ledger, "op-1", ledger.Entry{Text: "x"}); err != nil {
		t.Fatal(err)
	}
	if err := w.sweep(t); err != nil {
		t.Fatal(err)
	}
	if names, err := w.ledger.List(t.Context(), ledger.Heads); err != nil || len(names) != 1 {
		t.Fatalf("%v (%v)", names, err)
	}
	if err := w.ledger.Write(t.Context(), "op-1.jsonl", []byte("{}\n")); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		w.now = w.now.Add(time.Minute)
		_ = w.sweep(t)
	}
	if got := strings.Join(w.called, " "); got != "ledger-broken/first ledger-broken/second" {
		t.Errorf("called: %s", got)
	}
}

func TestAJournalThatCannotBeReadKeepsNoOtherWaiting(t *testing.T) {
	w := newWorld()
	if _, err := w.operations.Table.Put(t.Context(), store.Row{Partition: remedy.Partition, Key: "op-0", Data: []byte("?")}); err != nil {
		t.Fatal(err)
	}
	w.has(t, remedy.Operation{ID: "op-1", State: remedy.StateRunning, Opened: now, Updated: now})
	w.now = now.Add(5 * time.Minute)
	if err := w.sweep(t); err == nil || !slices.Equal(w.bell.Rung(), []string{"op-1"}) {
		t.Errorf("rung %v (%v)", w.bell.Rung(), err)
	}
}
