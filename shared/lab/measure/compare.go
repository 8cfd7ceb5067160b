package measure

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

const (
	resamples = 10_000
	lowTail   = 0.025
	highTail  = 0.975
)

// Interval is a difference of recall and where it would lie, 95 times in 100, had other episodes of the same kinds
// happened.
type Interval struct {
	Difference float64 `json:"difference"`
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
}

// Comparison is a detector's recall minus a rival's at one budget.
type Comparison struct {
	Rival  string
	Budget float64
	Interval
}

// Compare returns the recall of one detector minus another's at a budget, with the paired bootstrap's interval: both
// detectors' outcomes of the same episodes are drawn together, with replacement, 10,000 times from a fixed seed. Both
// must have watched the same runs in the same order.
func Compare(one, other *Result, budget float64) (Comparison, error) {
	if len(one.Episodes) != len(other.Episodes) || len(one.Episodes) == 0 {
		return Comparison{}, fmt.Errorf("comparing %s with %s: they saw %d and %d episodes",
			one.Detector, other.Detector, len(one.Episodes), len(other.Episodes))
	}
	gains := make([]int8, len(one.Episodes))
	for i := range gains {
		gains[i] = caught(one.Episodes[i], budget) - caught(other.Episodes[i], budget)
	}
	return Comparison{Rival: other.Detector, Budget: budget, Interval: bootstrap(gains)}, nil
}

func caught(o Outcome, budget float64) int8 {
	if o.Cost <= budget {
		return 1
	}
	return 0
}

func bootstrap(gains []int8) Interval {
	n := len(gains)
	rng := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a fixed seed is what is wanted
	sums := make([]int, resamples)
	for i := range sums {
		for range n {
			sums[i] += int(gains[rng.Uint32N(uint32(n))])
		}
	}
	slices.Sort(sums)
	total := 0
	for _, g := range gains {
		total += int(g)
	}
	at := func(part float64) float64 { return float64(sums[int(part*(resamples-1)+0.5)]) / float64(n) }
	return Interval{Difference: float64(total) / float64(n), Low: at(lowTail), High: at(highTail)}
}
