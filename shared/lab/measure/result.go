package measure

import (
	"math"
	"slices"
	"time"

	"rekey/shared/lab"
)

// Poisoning is the kind of episode that teaches the detector before it strikes.
const Poisoning = "slowPoisoning"

// Budgets are the false alerts per 1,000 principals a day that figures are given for.
var Budgets = [3]float64{1, 3, 10}

// Window is the part of a run that counts: the days from From, when warm-up is over, to before To.
type Window struct{ From, To time.Time }

func (w Window) days() (from, to int) { return dayOf(w.From), dayOf(w.To) }

func (w Window) holds(t time.Time) bool { return !t.Before(w.From) && t.Before(w.To) }

// Outcome is what became of one episode.
type Outcome struct {
	Kind    string
	Cost    float64 // smallest budget that catches it; infinite when no verdict was given
	Events  float64 // its records arrived by the first alert at budget 1; NaN when not caught or only thought of
	Minutes float64 // from its first record to that alert
}

// Flag is what became of one benign change.
type Flag struct {
	Kind string
	Cost float64 // smallest budget at which it is flagged
}

// Result is what one detector reached in one run or, merged, in several.
type Result struct {
	Detector    string
	Episodes    []Outcome // in the order of the runs: the same for every detector
	Changes     []Flag
	BenignDays  int
	FalseAlerts [len(Budgets)]int // at each budget's threshold
	Levels      []LevelResult
	wins, pairs float64 // of episodes against benign days
}

// Result turns what was collected into figures, in the time it takes to sort the days.
func (t *Tally) Result(detector string, w Window, levels ...Level) Result {
	b := t.benign(w)
	r := Result{Detector: detector, BenignDays: b.total}
	for i, budget := range Budgets {
		r.FalseAlerts[i] = b.exceeding(b.threshold(budget))
	}
	first := b.threshold(Budgets[0])
	for i, e := range t.episodes {
		if w.holds(e.Begin) {
			r.add(outcome(e, &t.courses[i], &b, first), t.courses[i].score(), &b)
		}
	}
	for i, c := range t.changes {
		if w.holds(c.Begin) {
			r.Changes = append(r.Changes, Flag{Kind: c.Kind, Cost: b.cost(t.flags[i])})
		}
	}
	for _, l := range levels {
		r.Levels = append(r.Levels, t.level(l, w, &b))
	}
	return r
}

// Quantiles returns the scores that these parts of the benign days do not exceed, for calibration. A day without a
// verdict is -Inf.
func (t *Tally) Quantiles(w Window, parts ...float64) []float64 {
	b := t.benign(w)
	out := make([]float64, len(parts))
	for i, q := range parts {
		out[i] = b.quantile(q)
	}
	return out
}

func (t *Tally) benign(w Window) benignDays {
	var b benignDays
	from, to := w.days()
	for p := range t.days {
		end := min(to, t.attacked[p])
		if end <= from {
			continue
		}
		b.total += end - from
		b.scores = t.days[p].between(from, end, b.scores)
	}
	slices.Sort(b.scores)
	return b
}

func outcome(e lab.Episode, c *course, b *benignDays, threshold float64) Outcome {
	o := Outcome{Kind: e.Kind, Cost: b.cost(c.score()), Events: math.NaN(), Minutes: math.NaN()}
	if events, at, ok := c.alert(threshold); ok {
		o.Events, o.Minutes = float64(events), at.Sub(e.Begin).Minutes()
	}
	return o
}

func (r *Result) add(o Outcome, score float64, b *benignDays) {
	r.Episodes = append(r.Episodes, o)
	above, same := b.exceeding(score), b.reaching(score)
	if score == silent {
		above, same = len(b.scores), b.total
	}
	r.wins += float64(b.total-same) + float64(same-above)/2
	r.pairs += float64(b.total)
}

// Merge adds another run's result of the same detector.
func (r *Result) Merge(other Result) {
	r.Detector = other.Detector
	r.Episodes = append(r.Episodes, other.Episodes...)
	r.Changes = append(r.Changes, other.Changes...)
	r.BenignDays += other.BenignDays
	for i, n := range other.FalseAlerts {
		r.FalseAlerts[i] += n
	}
	r.wins, r.pairs = r.wins+other.wins, r.pairs+other.pairs
	r.mergeLevels(other.Levels)
}
