package detect_test

import (
	"testing"
	"time"

	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/score"
)

func TestWhatIsFoundEveryWeekIsToldOnceAMonth(t *testing.T) {
	c := detect.Claim{
		Rule: "addressDangling", Type: detect.TypeAnomalousActivity, Principal: event.Principal{ObjectID: "sp1"},
		Level: score.LevelLow, Subject: "gone.azurewebsites.net", What: "gone.azurewebsites.net does not exist", KeyIDs: []string{"k1"},
	}
	first := detect.Standing(c, time.Date(2026, 11, 3, 4, 0, 0, 0, time.UTC))
	again := detect.Standing(c, time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC))
	next := detect.Standing(c, time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC))
	if first.ID != again.ID || first.ID == next.ID || first.Day != "2026-11-01" {
		t.Errorf("ids %s %s %s, day %s", first.ID, again.ID, next.ID, first.Day)
	}
	raised, changed := detect.Raise(first, again)
	if !changed || !raised.First.Equal(first.First) || !raised.Last.Equal(again.Last) || !raised.Posture || raised.Level != score.LevelLow {
		t.Errorf("changed %v: %+v", changed, raised)
	}
	if len(first.KeyIDs) != 0 || first.Tenant != "" || len(first.Records) != 0 {
		t.Errorf("it speaks for an intruder: %+v", first)
	}
	if got := detect.Happened([]detect.Detection{first, {ID: "d1"}}); len(got) != 1 || got[0].ID != "d1" {
		t.Errorf("%+v", got)
	}
}
