package verdict_test

import (
	"strings"
	"testing"
	"time"

	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/score"
	"rekey/shared/verdict"
)

func TestARequestIsADetectionThatShowsNoSignIn(t *testing.T) {
	at := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	p := event.Principal{ObjectID: "sp1", AppID: "app1"}
	r := verdict.Request{Order: "order-1", By: "user ann through c1", Reason: "a leak", At: at}
	d := r.Detection(p)
	if d.Level != score.LevelHigh || d.Type != detect.TypeGeneric || len(d.Records)+len(d.KeyIDs)+len(d.Contributions) != 0 || d.Bits != 0 || d.Judged != nil {
		t.Errorf("%+v", d)
	}
	if !strings.Contains(d.Statement, "user ann through c1: a leak") {
		t.Errorf("%q", d.Statement)
	}
	if again := r.Detection(p); again.ID != d.ID {
		t.Error("the same order is two requests")
	}
	r.Plan = true
	if low := r.Detection(p); low.Level != score.LevelLow {
		t.Errorf("a plan is %s", low.Level)
	}
	r.Order = "order-2"
	if other := r.Detection(p); other.ID == d.ID {
		t.Error("two orders are one request")
	}
}

func TestWhoAskedLastIsKnown(t *testing.T) {
	at := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	asked := func(by string, after time.Duration) detect.Detection {
		return verdict.Request{Order: by, By: by, At: at.Add(after)}.Detection(event.Principal{ObjectID: "sp1"})
	}
	found := detect.Detection{ID: "d", Subject: "AS64511", First: at.Add(time.Hour)}
	for want, ds := range map[string][]detect.Detection{"": {found}, "ann": {found, asked("ann", 0)}, "ben": {asked("ben", time.Minute), asked("ann", 0), found}} {
		if got := verdict.RequestedBy(ds); got != want {
			t.Errorf("%q asked, want %q", got, want)
		}
	}
}
