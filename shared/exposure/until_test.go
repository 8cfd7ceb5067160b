package exposure_test

import (
	"testing"
	"time"

	"rekey/shared/exposure"
)

func TestWhatWasReadAfterATimeIsLeftOut(t *testing.T) {
	var x exposure.Index
	at := time.Date(2026, 11, 24, 3, 30, 0, 0, time.UTC)
	for name, when := range map[string]time.Time{
		"before": at.Add(-26 * time.Hour), "same-hour": at.Add(20 * time.Minute), "both": at.Add(-time.Hour), "later": at.Add(2 * time.Hour), "tomorrow": at.Add(24 * time.Hour),
	} {
		x.Observe(hasher, get(when, "v", name))
	}
	x.Observe(hasher, get(at.Add(3*time.Hour), "v", "both"))
	got := map[string]time.Time{}
	for _, r := range x.Until(at).Reads(at.AddDate(0, 0, -30)) {
		got[r.Object] = r.End()
	}
	hour := at.Truncate(time.Hour)
	want := map[string]time.Time{"v/secrets/before": hour.Add(-25 * time.Hour), "v/secrets/same-hour": hour.Add(time.Hour), "v/secrets/both": hour}
	if len(got) != len(want) {
		t.Errorf("%v", got)
	}
	for name, end := range want {
		if !got[name].Equal(end) {
			t.Errorf("%s ends %s, want %s", name, got[name], end)
		}
	}
	if n := len(x.Reads(at.AddDate(0, 0, -30))); n != 5 {
		t.Errorf("the index itself lost something: %d", n)
	}
}
