package measure

import (
	"math"
	"slices"
)

// Recall returns the part of episodes caught at a budget; NaN without episodes.
func (r *Result) Recall(budget float64) float64 {
	return share(r.Episodes, func(o Outcome) (bool, bool) { return true, o.Cost <= budget })
}

// RecallOf returns the part of episodes of one kind caught at a budget; NaN without such episodes.
func (r *Result) RecallOf(kind string, budget float64) float64 {
	return share(r.Episodes, func(o Outcome) (bool, bool) { return o.Kind == kind, o.Cost <= budget })
}

// Flagged returns the part of benign changes of one kind flagged at a budget; NaN without such changes.
func (r *Result) Flagged(kind string, budget float64) float64 {
	return share(r.Changes, func(f Flag) (bool, bool) { return f.Kind == kind, f.Cost <= budget })
}

// AUC returns the probability that an episode's highest verdict is above a benign day's, ties counting half, within
// the same run; NaN without either.
func (r *Result) AUC() float64 { return r.wins / r.pairs }

// Precision returns the part of alerts at the i-th budget that are right. An episode is one right alert, however many
// days it alerts on: long episodes would flatter otherwise. NaN without alerts.
func (r *Result) Precision(i int) float64 {
	caught := r.Recall(Budgets[i]) * float64(len(r.Episodes))
	return caught / (caught + float64(r.FalseAlerts[i]))
}

// EventsToAlert returns the median number of records of a caught episode that had arrived by its first alert at
// budget 1; NaN when none was caught.
func (r *Result) EventsToAlert() float64 {
	return median(r.Episodes, func(o Outcome) float64 { return o.Events })
}

// MinutesToAlert returns the median minutes from a caught episode's first record to its first alert at budget 1; NaN
// when none was caught.
func (r *Result) MinutesToAlert() float64 {
	return median(r.Episodes, func(o Outcome) float64 { return o.Minutes })
}

// Kinds returns the kinds of episode, sorted.
func (r *Result) Kinds() []string {
	return distinct(r.Episodes, func(o Outcome) string { return o.Kind })
}

// ChangeKinds returns the kinds of change, sorted.
func (r *Result) ChangeKinds() []string {
	return distinct(r.Changes, func(f Flag) string { return f.Kind })
}

func share[T any](all []T, of func(T) (counts, yes bool)) float64 {
	n, hits := 0, 0
	for _, one := range all {
		counts, yes := of(one)
		if counts {
			n++
		}
		if counts && yes {
			hits++
		}
	}
	return float64(hits) / float64(n)
}

func median[T any](all []T, of func(T) float64) float64 {
	var known []float64
	for _, one := range all {
		if x := of(one); !math.IsNaN(x) {
			known = append(known, x)
		}
	}
	if len(known) == 0 {
		return math.NaN()
	}
	slices.Sort(known)
	n := len(known)
	return (known[(n-1)/2] + known[n/2]) / 2
}

func distinct[T any](all []T, of func(T) string) []string {
	var names []string
	for _, one := range all {
		names = append(names, of(one))
	}
	slices.Sort(names)
	return slices.Compact(names)
}
