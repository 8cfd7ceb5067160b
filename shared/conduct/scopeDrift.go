package conduct

import (
	"fmt"
	"math/bits"
	"strings"

	"rekey/shared/baseline"
)

const (
	week        = 7
	driftWeeks  = 7  // weeks before the last one that it is compared with, as far as the principal is that old
	driftAge    = 28 // days since its first sign-in
	driftActive = 14 // active days
	driftLow    = 3  // what has to drift
	driftMedium = 4
	driftVolume = 3 // times the mean day of the weeks before
)

// scopeDrift compares a principal's last week with those before. Each day is judged by the model against what was usual, and
// what comes day by day becomes usual; together it is another workload than two months ago.
var scopeDrift = &Rule{
	ID: "scopeDrift", Title: "A principal's scope drifted within a week",
	RiskType: typeSignins, Covers: []string{"S07"}, Techniques: []string{"T1078.004", "T1098.001", "T1550.001"},
	Event: "ServicePrincipalSignInLogs: resources, networks, countries, clients and number of successful sign-ins on the 7 days up to the last " +
		"active one, against up to 7 weeks before", Shape: recorded,
	Levels: "low when 3 of these drifted, on different days; medium for 4. Told once, on the day after the last of them, and not when the model " +
		"holds a sign-in of that day for medium or more",
	FalsePositives: []string{"A workload that is moved or extended step by step."},
	Ask:            []string{"Which change of the workload explains all of it?", "Which of the new networks is whose?"},
	Find: func(f Facts) (Finding, bool) {
		v := f.view()
		drifted := drift(v)
		if len(drifted) < driftLow || f.Loud || len(drift(f.Profile.Before(v.End()-1))) >= len(drifted) {
			return Finding{}, false
		}
		x := Finding{Subject: "scope", Level: low, What: "within a week, and on different days, it showed new: " + strings.Join(drifted, ", ")}
		if len(drifted) >= driftMedium {
			x.Level = medium
		}
		return x, true
	},
}

// drift names what drifted in the week up to a view's last active day. Nothing did when the half of it came on one day: that day
// was the model's to judge.
func drift(v baseline.View) []string {
	if v.Age() < driftAge || v.ActiveDays() < driftActive {
		return nil
	}
	network := baseline.ASN
	if v.Seen(network) == 0 {
		network = baseline.Prefix
	}
	var out []string
	var days [week]int
	all := uint64(0)
	for _, p := range []baseline.Property{baseline.Resource, network, baseline.Country, baseline.AgentFamily} {
		n, on := arrived(v, p)
		if n == 0 {
			continue
		}
		out = append(out, fmt.Sprintf("%s (%d)", p, n))
		all |= on
		for rest := on; rest != 0; rest &= rest - 1 {
			days[bits.TrailingZeros64(rest)]++
		}
	}
	for _, n := range days {
		if n > len(out)/2 {
			return nil
		}
	}
	if len(out) > 0 && busier(v) {
		out = append(out, "number of sign-ins")
	}
	return out
}

// arrived counts the new values of a property in the last week, and says on which days they came; none when there were as many
// in one of the weeks before, or when it is not known how many there are.
func arrived(v baseline.View, p baseline.Property) (n int, days uint64) {
	if v.Overflows(p) || v.End() < (driftWeeks+1)*week {
		return 0, 0
	}
	from := v.End() - week
	n, days = v.Arrived(p, from, v.End())
	for i := range baseline.Day(driftWeeks) {
		began := v.Day() - baseline.Day(v.Age()) + baseline.LearningDays // what is new on the first days is not new
		if before, _ := v.Arrived(p, max(began, from-(i+1)*week), from-i*week); before >= n {
			return 0, 0
		}
	}
	return n, days
}

// busier reports whether the week's mean day had far more sign-ins than that of the weeks before.
func busier(v baseline.View) bool {
	mean := func(from, to baseline.Day) float64 {
		sum, active := 0.0, 0.0
		for d := from; d < to; d++ {
			if n := v.Volume().On(d); n > 0 {
				sum, active = sum+n, active+1
			}
		}
		return sum / max(1, active)
	}
	before := mean(v.End()-(driftWeeks+1)*week, v.End()-week)
	return before > 0 && mean(v.End()-week, v.End()) >= driftVolume*before
}
