package measure

import "math"

// Level is a product's operating point: it acts on a score that reaches the threshold.
type Level struct {
	Name      string
	Threshold float64
}

// LevelResult is what a level costs and catches.
type LevelResult struct {
	Level
	FalseAlerts int // benign days that reach it
	Caught      int // episodes that reach it
	Episodes    int
	BenignDays  int // days of principals
	Days        int // days of the runs
}

// Recall returns the part of episodes that reach the level; NaN without episodes.
func (l LevelResult) Recall() float64 { return float64(l.Caught) / float64(l.Episodes) }

// AlertsADay returns the false alerts of a whole run in a day; NaN without days.
func (l LevelResult) AlertsADay() float64 { return float64(l.FalseAlerts) / float64(l.Days) }

// Rate returns the false alerts per 1,000 principals a day; NaN without days.
func (l LevelResult) Rate() float64 { return float64(l.FalseAlerts) * 1000 / float64(l.BenignDays) }

func (t *Tally) level(l Level, w Window, b *benignDays) LevelResult {
	from, to := w.days()
	out := LevelResult{Level: l, FalseAlerts: b.reaching(l.Threshold), BenignDays: b.total, Days: max(to-from, 0)}
	for i, e := range t.episodes {
		if !w.holds(e.Begin) {
			continue
		}
		out.Episodes++
		if score := t.courses[i].score(); score >= l.Threshold && !math.IsInf(score, -1) {
			out.Caught++
		}
	}
	return out
}

// mergeLevels adds levels of the same names in the same order.
func (r *Result) mergeLevels(others []LevelResult) {
	if len(r.Levels) == 0 {
		r.Levels = append(r.Levels, others...)
		return
	}
	for i, o := range others {
		l := &r.Levels[i]
		l.FalseAlerts += o.FalseAlerts
		l.Caught += o.Caught
		l.Episodes += o.Episodes
		l.BenignDays += o.BenignDays
		l.Days += o.Days
	}
}
