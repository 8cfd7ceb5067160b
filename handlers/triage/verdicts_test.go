package triage_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"rekey/handlers/index"
	"rekey/handlers/operations"
	"rekey/handlers/sweep"
	"rekey/shared/casefile"
	"rekey/shared/detect"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/remedy"
	"rekey/shared/score"
	"rekey/shared/verdict"
)

// say gives a verdict as the face app does.
func (w *world) say(t *testing.T, kind verdict.Kind, principal string) verdict.Verdict {
	t.Helper()
	v, err := verdict.New(kind, principal, "user u1 through c1", "request-1", w.now)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.verdicts.Order(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	return v
}

// newest returns the principal's newest case.
func (w *world) newest(t *testing.T, principal string) casefile.Case {
	t.Helper()
	c, err := w.cases.Newest(t.Context(), principal)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (w *world) mustTriage(t *testing.T, principal string) {
	t.Helper()
	if err := w.triage(t, principal); err != nil {
		t.Fatal(err)
	}
}

func (w *world) suspect(t *testing.T, id string) bool {
	t.Helper()
	ids, err := w.suspects.IDs(t.Context(), w.now)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Contains(ids, id)
}

func TestADismissedPrincipalHasNoPlanNoSuspicionAndNoLevel(t *testing.T) {
	for kind, want := range map[verdict.Kind]string{verdict.Dismiss: detect.StateDismissed, verdict.ConfirmSafe: detect.StateConfirmedSafe} {
		t.Run(string(kind), func(t *testing.T) {
			w := newWorld()
			w.detect(t, "sp1", 20)
			w.mustTriage(t, "sp1")
			if op := w.operation(t, "sp1"); op.State != remedy.StateAwaitingApproval || !w.suspect(t, "sp1") {
				t.Fatalf("before: %s, suspect %v", op.State, w.suspect(t, "sp1"))
			}
			w.now = now.Add(time.Minute)
			v := w.say(t, kind, "SP1")
			for range 2 {
				w.mustTriage(t, "sp1")
			}
			c := w.newest(t, "sp1")
			if c.RiskState() != want || c.RiskLevel() != score.LevelNone || c.RiskDetail() != kind.Detail() || !c.Closed() {
				t.Errorf("case %s %s %s", c.RiskState(), c.RiskLevel(), c.RiskDetail())
			}
			if _, err := w.operations.Get(t.Context(), remedy.Partition, remedy.OperationID(c.ID)); !errors.Is(err, fault.NotFound) {
				t.Errorf("the plan can still be approved: %v", err)
			}
			if w.suspect(t, "sp1") {
				t.Error("it is still suspect")
			}
			if d, err := w.findings.ByID(t.Context(), "d-sp1"); err != nil || d.RiskState() != want || d.RiskLevel() != score.LevelNone {
				t.Errorf("detection %s %s %v", d.RiskState(), d.RiskLevel(), err)
			}
			if all, err := w.verdicts.Of(t.Context(), "sp1"); err != nil || len(all) != 1 || all[0].ID != v.ID || all[0].Done.IsZero() {
				t.Errorf("verdicts %+v %v", all, err)
			}
			w.now = now.Add(time.Hour)
			if rung := w.swept(t); len(rung) != 0 {
				t.Errorf("sweep finds something to do: %v", rung)
			}
		})
	}
}

// swept runs sweep and returns what it rang for triage.
func (w *world) swept(t *testing.T) []string {
	t.Helper()
	before := len(w.triageBell.Rung())
	s := sweep.New(sweep.Config{
		Findings: w.findings, Cases: w.cases, Suspects: w.suspects, Verdicts: w.verdicts, Operations: operations.Store{Table: w.operations}, Triage: w.triageBell, Evict: w.evictBell,
		Now: func() time.Time { return w.now },
	})
	if err := s.Handle(t.Context(), funchost.Tick{}); err != nil {
		t.Fatal(err)
	}
	return w.triageBell.Rung()[before:]
}

func TestNewEvidenceAfterADismissalIsANewCase(t *testing.T) {
	w := newWorld()
	w.detect(t, "sp1", 20)
	w.mustTriage(t, "sp1")
	old := w.newest(t, "sp1").ID
	w.now = now.Add(time.Minute)
	w.say(t, verdict.Dismiss, "sp1")
	w.mustTriage(t, "sp1")
	w.now = now.Add(2 * time.Minute)
	d, err := w.findings.ByID(t.Context(), "d-sp1")
	if err != nil {
		t.Fatal(err)
	}
	d.ID, d.Judged, d.First, d.Last = "d-other", nil, w.now, w.now
	if _, err := w.findings.Keep(t.Context(), d, w.now); err != nil {
		t.Fatal(err)
	}
	w.mustTriage(t, "sp1")
	c := w.newest(t, "sp1")
	if c.ID == old || c.RiskState() != detect.StateAtRisk || len(c.Detections) != 1 || c.Detections[0].ID != "d-other" || !w.suspect(t, "sp1") {
		t.Errorf("case %s (old %s) %s with %d detections", c.ID, old, c.RiskState(), len(c.Detections))
	}
}

func TestAConfirmedPrincipalIsHighEvenIfNothingWasFound(t *testing.T) {
	w := newWorld()
	w.say(t, verdict.ConfirmCompromised, "sp1")
	for range 2 {
		w.mustTriage(t, "sp1")
	}
	c := w.newest(t, "sp1")
	if c.RiskState() != detect.StateConfirmedCompromised || c.RiskLevel() != score.LevelHigh || len(c.Detections) != 1 || c.Detections[0].Type != detect.TypeAdminConfirmed {
		t.Errorf("%s %s %+v", c.RiskState(), c.RiskLevel(), c.Detections)
	}
	if op := w.operation(t, "sp1"); op.State != remedy.StateAwaitingApproval {
		t.Errorf("a person's word alone leads to %s", op.State)
	}
	w.now = now.Add(time.Minute)
	w.say(t, verdict.Dismiss, "sp1")
	w.mustTriage(t, "sp1")
	if c := w.newest(t, "sp1"); c.RiskState() != detect.StateDismissed {
		t.Errorf("after the dismissal it is %s", c.RiskState())
	}
}

func TestAVerdictOnWhoIsNotThereFindsNothing(t *testing.T) {
	w := newWorld()
	w.inventory = fault.Errorf(fault.NotFound, "no such principal")
	w.say(t, verdict.ConfirmCompromised, "nobody")
	w.mustTriage(t, "nobody")
	if found, err := w.cases.Of(t.Context(), "nobody"); err != nil || len(found) != 0 {
		t.Errorf("%v %v", found, err)
	}
	if all, err := w.verdicts.Of(t.Context(), "nobody"); err != nil || len(all) != 1 || all[0].Done.IsZero() || all[0].Note == "" {
		t.Errorf("%+v %v", all, err)
	}
}

func TestAVerdictWaitsForGraphAndSweepRemembersIt(t *testing.T) {
	w := newWorld()
	w.detect(t, "sp1", 20)
	w.mustTriage(t, "sp1")
	w.now = now.Add(time.Minute)
	w.say(t, verdict.Dismiss, "sp1")
	w.inventory = fault.Errorf(fault.Transient, "Graph is down")
	if err := w.triage(t, "sp1"); !errors.Is(err, fault.Transient) {
		t.Errorf("got %v", err)
	}
	if rung := w.swept(t); len(rung) != 0 {
		t.Errorf("rung too soon: %v", rung)
	}
	w.now = now.Add(5 * time.Minute)
	if rung := w.swept(t); !slices.Contains(rung, "sp1") {
		t.Errorf("rung %v", rung)
	}
	w.inventory = nil
	w.mustTriage(t, "sp1")
	if rung := w.swept(t); len(rung) != 0 {
		t.Errorf("after it was carried out, %v is rung", rung)
	}
}

func TestAnOldCaseIsDismissedThoughItsDetectionsHaveAged(t *testing.T) {
	w := newWorld()
	w.detect(t, "sp1", 20)
	w.mustTriage(t, "sp1")
	w.now = now.AddDate(0, 0, 20)
	w.say(t, verdict.Dismiss, "sp1")
	w.mustTriage(t, "sp1")
	if c := w.newest(t, "sp1"); c.RiskState() != detect.StateDismissed {
		t.Errorf("it is %s", c.RiskState())
	}
}

func TestAnEvictionThatEndedWellRemediates(t *testing.T) {
	w := newWorld()
	w.detect(t, "sp1", 20)
	w.mustTriage(t, "sp1")
	op := w.operation(t, "sp1")
	op.State, op.Updated = remedy.StateDone, now.Add(10*time.Second)
	row, err := w.operations.Get(t.Context(), remedy.Partition, op.ID)
	if err != nil {
		t.Fatal(err)
	}
	if row.Data, err = json.Marshal(op); err != nil {
		t.Fatal(err)
	}
	if _, err := w.operations.Put(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	w.now = now.Add(time.Minute)
	if rung := w.swept(t); !slices.Contains(rung, "sp1") {
		t.Fatalf("rung %v", rung)
	}
	w.mustTriage(t, "sp1")
	if c := w.newest(t, "sp1"); c.RiskState() != detect.StateRemediated || c.RiskLevel() != score.LevelNone {
		t.Errorf("%s %s", c.RiskState(), c.RiskLevel())
	}
	if rung := w.swept(t); len(rung) != 0 {
		t.Errorf("rung again: %v", rung)
	}
	d, err := w.findings.ByID(t.Context(), "d-sp1")
	if err != nil {
		t.Fatal(err)
	}
	d.Last = now.Add(2 * time.Minute) // it goes on
	if _, err := w.findings.Keep(t.Context(), d, w.now); err != nil {
		t.Fatal(err)
	}
	w.mustTriage(t, "sp1")
	if c := w.newest(t, "sp1"); c.RiskState() != detect.StateAtRisk {
		t.Errorf("what goes on is %s", c.RiskState())
	}
}

func TestPrincipalsAreListedByStateAndLevel(t *testing.T) {
	w := newWorld()
	for _, p := range []string{"sp1", "sp2", "sp3"} {
		w.detect(t, p, 20)
		w.mustTriage(t, p)
	}
	w.now = now.Add(time.Minute)
	w.say(t, verdict.Dismiss, "sp2")
	w.mustTriage(t, "sp2")
	list := func(partition string) []string {
		var out []string
		_, err := w.cases.Read(t.Context(), index.Reading{Partitions: []string{partition}, Limit: 100, Want: 10}, func(c casefile.Case, _ string) bool {
			out = append(out, c.Principal.ObjectID)
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for partition, want := range map[string][]string{
		"all": {"sp1", "sp2", "sp3"}, "is/atRisk/high": {"sp1", "sp3"}, "is/dismissed/none": {"sp2"},
	} {
		if got := list(partition); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", partition, got, want)
		}
	}
}
