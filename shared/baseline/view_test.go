package baseline_test

import (
	"fmt"
	"testing"
	"time"

	"rekey/shared/baseline"
	"rekey/shared/event"
)

// on is a profile with a sign-in on each of the days.
func on(days ...int) *baseline.Profile {
	var p baseline.Profile
	for _, d := range days {
		observe(&p, signIn(start.AddDate(0, 0, d), fmt.Sprint(d)))
	}
	return &p
}

func upTo(n int) (days []int) {
	for d := range n {
		days = append(days, d)
	}
	return days
}

func viewOf(p *baseline.Profile, day int) baseline.View {
	return p.Before(baseline.DayOf(start.AddDate(0, 0, day)))
}

func TestSilenceIsCountedInWholeDays(t *testing.T) {
	tests := map[string]struct {
		days          []int
		judge         int
		silence, more int // and how many silences of at least 5 days were before
	}{
		"active yesterday":       {upTo(10), 10, 0, 0},
		"active two days ago":    {upTo(10), 11, 1, 0},
		"asleep for half a year": {upTo(10), 190, 180, 0},
		"a weekly job":           {[]int{0, 7, 14, 21, 28}, 35, 6, 4},
		"a later day is unseen":  {[]int{0, 7, 40}, 20, 12, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			v := viewOf(on(tt.days...), tt.judge)
			if v.Silence() != tt.silence || v.Silences(5) != tt.more {
				t.Errorf("silent for %d days, want %d; %d silences of 5 days, want %d", v.Silence(), tt.silence, v.Silences(5), tt.more)
			}
		})
	}
}

func TestWeekendsAreComparedWithWeekends(t *testing.T) {
	var weekdays []int
	for d := range 28 { // 2026-09-01 is a Tuesday
		if wd := start.AddDate(0, 0, d).Weekday(); wd != time.Saturday && wd != time.Sunday {
			weekdays = append(weekdays, d)
		}
	}
	if active, all := viewOf(on(weekdays...), 32).SameDays(); active != 0 || all != 8 { // a Saturday
		t.Errorf("active on %d of %d weekend days, want 0 of 8", active, all)
	}
	if active, all := viewOf(on(weekdays...), 28).SameDays(); active != len(weekdays) || all != len(weekdays) {
		t.Errorf("active on %d of %d weekdays, want all %d", active, all, len(weekdays))
	}
}

func TestArrivalsAreValuesThatCameAfterTheFirstDays(t *testing.T) {
	p := on(upTo(20)...)
	newAgent := func(day int, agent string) {
		observe(p, signIn(start.AddDate(0, 0, day), "x"+agent, func(e *event.Event) { e.SignIn.UserAgent = agent }))
	}
	newAgent(1, "of the first days/1")
	if n := viewOf(p, 20).Arrivals(baseline.Agent); n != 0 {
		t.Errorf("%.2f arrivals, want none", n)
	}
	newAgent(19, "of yesterday/1")
	if n := viewOf(p, 20).Arrivals(baseline.Agent); n != 1 {
		t.Errorf("%.2f arrivals, want one that counts in full", n)
	}
	newAgent(5, "older/1")
	if n := viewOf(p, 20).Arrivals(baseline.Agent); n <= 1.5 || n >= 2 {
		t.Errorf("%.2f arrivals, want the older one to count less", n)
	}
	newAgent(20, "of the judged day/1")
	if n := viewOf(p, 20).Arrivals(baseline.Agent); n >= 2 {
		t.Errorf("%.2f arrivals: the judged day counts", n)
	}
}

func TestWhetherAKnownNetworkGoesOnWorking(t *testing.T) {
	p := on(upTo(12)...)
	for day, want := range map[int][2]bool{10: {true, true}, 11: {true, false}, 12: {false, false}} {
		v := viewOf(p, day)
		if got := [2]bool{v.StillActive(baseline.ASN, 0), v.StillActive(baseline.ASN, 1)}; got != want {
			t.Errorf("day %d: active on the day and the day after: %v, want %v", day, got, want)
		}
	}
}

func TestWhatAFleetDoesNotShowIsForeign(t *testing.T) {
	fold := baseline.NewFold(baseline.DayOf(start.AddDate(0, 0, 20)))
	for range 40 {
		fold.Add(on(upTo(20)...))
	}
	f := fold.Fleet()
	home, away := hasher.Values(signIn(start, "a")), hasher.Values(signIn(start, "b", func(e *event.Event) { e.Network.ASN = 64511 }))
	if f.Foreign(baseline.ASN, home.Hash[baseline.ASN]) || !f.Foreign(baseline.ASN, away.Hash[baseline.ASN]) {
		t.Error("the fleet does not tell its own network from another")
	}
	if baseline.PriorFleet().Foreign(baseline.ASN, away.Hash[baseline.ASN]) {
		t.Error("an unmeasured fleet calls a network foreign")
	}
	data, err := f.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	var again baseline.Fleet
	if err := again.UnmarshalBinary(data); err != nil || !again.Foreign(baseline.ASN, away.Hash[baseline.ASN]) || again.Rates != f.Rates {
		t.Errorf("the snapshot does not survive its own encoding (%v)", err)
	}
}

func TestAFleetOfThePredecessorsVersionStillLoads(t *testing.T) {
	var f baseline.Fleet
	if err := f.UnmarshalBinary([]byte(`{"version":1,"id":"2026-11-01","principals":50,"rates":[0.5],"adopters":{"resource":[[7,9,4]]}}`)); err != nil {
		t.Fatal(err)
	}
	for age := range f.Rates {
		if f.Rates[age][baseline.Address] != .5 || f.Rates[age][baseline.ASN] == 0 {
			t.Errorf("rates of age %d: %v", age, f.Rates[age])
		}
	}
	if f.Foreign(baseline.ASN, 1) || f.RecentAdopters(baseline.Resource, 7) != 4.0/50 {
		t.Error("what the old snapshot does not know is taken for foreign, or its adopters are lost")
	}
}
