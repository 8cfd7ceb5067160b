package measure_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rekey/shared/lab"
	"rekey/shared/lab/measure"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// day returns a time on the n-th day of the run.
func day(n int) time.Time { return start.AddDate(0, 0, n) }

func window(days int) measure.Window { return measure.Window{From: start, To: day(days)} }

func benign(principal int32) lab.Truth {
	return lab.Truth{Principal: principal, Episode: lab.None, Change: lab.None}
}

func attack(principal, episode int32) lab.Truth {
	return lab.Truth{Principal: principal, Episode: episode, Change: lab.None}
}

func verdict(score float64) lab.Verdict { return lab.Verdict{Score: score} }

// thousand is a run of 1,000 principals and one day: a budget is a number of days. Principal 0 has an episode, each
// other principal n scores n on its day.
func thousand(episodeScore float64) *measure.Tally {
	t := measure.NewTally(1001, []lab.Episode{{Kind: "vpn", Principals: []int32{0}, Begin: day(0)}}, nil)
	for p := int32(1); p <= 1000; p++ {
		t.Score(benign(p), day(0), verdict(float64(p)))
	}
	t.Score(attack(0, 0), day(0), lab.Verdict{Score: episodeScore, At: day(0)})
	return t
}

func TestCost(t *testing.T) {
	for name, c := range map[string]struct{ score, want float64 }{
		"an episode above every benign day costs nothing":            {1000.5, 0},
		"an episode that ties with the highest day needs that alert": {1000, 1},
		"an episode below three days needs three alerts":             {997.5, 3},
		"an episode that ties with the third highest needs three":    {998, 3},
		"an episode below all days needs them all":                   {0.5, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			r := thousand(c.score).Result("x", window(1))
			if got := r.Episodes[0].Cost; got != c.want {
				t.Errorf("cost %v, want %v", got, c.want)
			}
			if r.BenignDays != 1000 {
				t.Errorf("%d benign days, want 1000", r.BenignDays)
			}
			for i, b := range measure.Budgets {
				if want := c.want <= b; (r.Recall(b) == 1) != want {
					t.Errorf("caught at budget %v: %v, want %v", b, r.Recall(b), want)
				}
				if r.FalseAlerts[i] != int(b) {
					t.Errorf("%d false alerts at budget %v", r.FalseAlerts[i], b)
				}
			}
		})
	}
}

func TestTiesAreNotSplit(t *testing.T) {
	tally := measure.NewTally(1001, []lab.Episode{{Kind: "vpn", Principals: []int32{0}, Begin: day(0)}}, nil)
	tally.Score(benign(1), day(0), verdict(9))
	for p := int32(2); p <= 6; p++ {
		tally.Score(benign(p), day(0), verdict(5))
	}
	tally.Score(attack(0, 0), day(0), verdict(5))
	r := tally.Result("x", window(1))
	want := [3]int{1, 1, 6} // at 3 the five days of score 5 would all alert; at 10 every verdict does
	if r.FalseAlerts != want {
		t.Errorf("false alerts %v, want %v", r.FalseAlerts, want)
	}
	if r.Recall(3) != 0 || r.Recall(5) != 0 || r.Recall(6) != 1 {
		t.Errorf("a tied episode is caught at %v, want at 6 alerts", r.Episodes[0].Cost)
	}
}

func TestExcludedDays(t *testing.T) {
	for name, c := range map[string]struct {
		principal int32
		day       int
		want      int // false alerts at budget 10, where every verdict alerts
	}{
		"a day in the window counts":        {1, 2, 1},
		"a day before the window does not":  {1, 0, 0},
		"a day after the window does not":   {1, 4, 0},
		"the day before an attack counts":   {0, 1, 1},
		"the day an attack begins does not": {0, 2, 0},
		"a day after the attack does not":   {0, 3, 0},
	} {
		t.Run(name, func(t *testing.T) {
			tally := measure.NewTally(200, []lab.Episode{{Principals: []int32{0}, Begin: day(2).Add(20 * time.Hour)}}, nil)
			tally.Score(benign(c.principal), day(c.day), verdict(3))
			r := tally.Result("x", measure.Window{From: day(1), To: day(4)})
			if r.FalseAlerts[2] != c.want {
				t.Errorf("%d false alerts, want %d", r.FalseAlerts[2], c.want)
			}
			if want := 199*3 + 1; r.BenignDays != want {
				t.Errorf("%d benign days, want %d", r.BenignDays, want)
			}
		})
	}
}

func TestADayIsOneAlertOfItsHighestVerdict(t *testing.T) {
	tally := measure.NewTally(1000, nil, nil)
	for _, s := range []float64{1, 7, 3} {
		tally.Score(benign(4), day(0).Add(5*time.Hour), verdict(s))
	}
	tally.Score(benign(4), day(1), verdict(2))
	r := tally.Result("x", window(2))
	if r.FalseAlerts[2] != 2 {
		t.Errorf("%d false alerts, want one a day", r.FalseAlerts[2])
	}
	if got := tally.Quantiles(window(2), 1, 0.9995, 0.5); got[0] != 7 || got[1] != 2 || !math.IsInf(got[2], -1) {
		t.Errorf("quantiles %v, want 7, 2 and -Inf for a silent day", got)
	}
}

func TestProbes(t *testing.T) {
	for name, c := range map[string]struct {
		probes map[int16][]float64
		want   float64
	}{
		"the intruder takes the variant of the lowest score": {map[int16][]float64{1: {9}, 2: {4}, 3: {6}}, 4},
		"each variant counts by its highest record":          {map[int16][]float64{1: {1, 9}, 2: {5, 2}}, 5},
		"one variant has no choice":                          {map[int16][]float64{1: {8}}, 8},
	} {
		t.Run(name, func(t *testing.T) {
			tally := measure.NewTally(10, []lab.Episode{{Kind: "adaptive", Principals: []int32{0}, Begin: day(0)}}, nil)
			for v, scores := range c.probes {
				for _, s := range scores {
					truth := attack(0, 0)
					truth.Variant = v
					tally.Probe(truth, s)
				}
			}
			r := tally.Result("x", window(1), measure.Level{Threshold: c.want}, measure.Level{Threshold: c.want + 0.1})
			if r.Levels[0].Caught != 1 || r.Levels[1].Caught != 0 {
				t.Errorf("caught %d and %d at and above the score, want 1 and 0", r.Levels[0].Caught, r.Levels[1].Caught)
			}
		})
	}
}

func TestTimeToAlert(t *testing.T) {
	e := lab.Episode{Kind: "vpn", Principals: []int32{0}, Begin: day(0).Add(time.Hour)}
	for name, c := range map[string]struct {
		seen            bool
		events, minutes float64
	}{
		"records that got no verdict count when they were seen": {true, 4, 30},
		"else only records with a verdict count":                {false, 3, 30},
	} {
		t.Run(name, func(t *testing.T) {
			tally := measure.NewTally(1001, []lab.Episode{e}, nil)
			tally.Score(benign(1), day(0), verdict(5))
			tally.Score(benign(2), day(0), verdict(4))
			for i := range uint32(5) {
				at := e.Begin.Add(time.Duration(i) * 10 * time.Minute)
				if c.seen {
					tally.Seen(attack(0, 0), at)
				}
				if i > 0 { // scores 1, 3, 5, 7: the third is the first above 4
					tally.Score(attack(0, 0), e.Begin, lab.Verdict{Record: i, Score: float64(2*i - 1), At: at})
				}
			}
			r := tally.Result("x", window(1))
			got := [2]float64{r.EventsToAlert(), r.MinutesToAlert()}
			if got != [2]float64{c.events, c.minutes} {
				t.Errorf("%v events and minutes, want %v and %v", got, c.events, c.minutes)
			}
		})
	}
}

func TestAUC(t *testing.T) {
	for name, c := range map[string]struct{ score, want float64 }{
		"above every day":                                    {9, 1},
		"a tie counts half":                                  {4, 0.875},
		"silent days are below any verdict":                  {1, 0.5},
		"an episode without a verdict ties with silent days": {math.Inf(-1), 0.25},
	} {
		t.Run(name, func(t *testing.T) {
			tally := measure.NewTally(5, []lab.Episode{{Principals: []int32{4}, Begin: day(0)}}, nil)
			tally.Score(benign(0), day(0), verdict(4))
			tally.Score(benign(1), day(0), verdict(2))
			tally.Score(attack(4, 0), day(0), verdict(c.score))
			r := tally.Result("x", window(1))
			if r.AUC() != c.want {
				t.Errorf("AUC %v, want %v", r.AUC(), c.want)
			}
		})
	}
}

func TestChangesAndPrecision(t *testing.T) {
	tally := thousand(999.5)
	r := tally.Result("x", window(1))
	if r.Precision(0) != 0.5 { // the episode and one false alert
		t.Errorf("precision %v, want 0.5", r.Precision(0))
	}
	changes := []lab.Change{{Kind: "migration", Principal: 0, Begin: day(0)}, {Kind: "migration", Principal: 1, Begin: day(0)}, {Kind: "rotation", Principal: 2, Begin: day(0)}}
	tally = measure.NewTally(1000, nil, changes)
	for i, s := range []float64{9, 7, 8} {
		truth := benign(int32(i))
		truth.Change = int32(i)
		tally.Score(truth, day(0), verdict(s))
	}
	r = tally.Result("x", window(1))
	got := []float64{r.Flagged("migration", 1), r.Flagged("migration", 3), r.Flagged("rotation", 1), r.Flagged("rotation", 3)}
	if diff := cmp.Diff([]float64{0.5, 1, 0, 1}, got); diff != "" {
		t.Errorf("flagged (-want +got):\n%s", diff)
	}
}
