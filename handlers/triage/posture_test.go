package triage_test

import (
	"testing"
	"time"

	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/score"
)

func (w *world) stands(t *testing.T, principal string) {
	t.Helper()
	d := detect.Standing(detect.Claim{
		Rule: "addressDangling", Type: detect.TypeAnomalousActivity, Principal: event.Principal{ObjectID: principal, AppID: "app-" + principal}, Level: score.LevelMedium,
	}, w.now)
	if _, err := w.findings.Keep(t.Context(), d, w.now); err != nil {
		t.Fatal(err)
	}
}

func TestWhatALookAtTheInventoryFoundOpensNoCaseAndRingsForNobody(t *testing.T) {
	w := newWorld()
	w.stands(t, "sp1")
	w.now = now.Add(3 * time.Minute)
	w.sweep(t)
	if err := w.triage(t, "sp1"); err != nil {
		t.Fatal(err)
	}
	found, err := w.cases.Of(t.Context(), "sp1")
	if err != nil || len(found) != 0 || len(w.triageBell.Rung()) != 0 || len(w.evictBell.Rung()) != 0 {
		t.Errorf("%d cases, rung %v and %v (%v)", len(found), w.triageBell.Rung(), w.evictBell.Rung(), err)
	}
	page, _, err := w.findings.Recent(t.Context(), "", 10)
	if err != nil || len(page) != 1 || !page[0].Posture {
		t.Errorf("it is not listed: %+v (%v)", page, err)
	}
}

func TestACaseThatIsOpenForAnotherReasonListsIt(t *testing.T) {
	w := newWorld()
	w.stands(t, "sp1")
	w.detect(t, "sp1", 20)
	if err := w.triage(t, "sp1"); err != nil {
		t.Fatal(err)
	}
	found, err := w.cases.Of(t.Context(), "sp1")
	if err != nil || len(found) != 1 || len(found[0].Detections) != 2 {
		t.Fatalf("%+v (%v)", found, err)
	}
	w.now = now.Add(3 * time.Minute)
	w.stands(t, "sp1")
	w.sweep(t)
	if rung := w.triageBell.Rung(); len(rung) != 0 {
		t.Errorf("rung for %v", rung)
	}
}
