package measure

import (
	"math"
	"slices"
	"time"
)

// dayOf returns the number of a time's UTC day.
func dayOf(t time.Time) int {
	sec := t.Unix()
	if sec < 0 {
		sec -= 24*60*60 - 1
	}
	return int(sec / (24 * 60 * 60))
}

// silent is the score of a day without a verdict, below every verdict.
var silent = math.Inf(-1)

// dayScores holds the highest verdict of each of one principal's days.
type dayScores struct {
	first  int
	scores []float64
}

func (d *dayScores) raise(day int, score float64) {
	if len(d.scores) == 0 {
		d.first = day
	}
	if day < d.first {
		d.scores = slices.Insert(d.scores, 0, slices.Repeat([]float64{silent}, d.first-day)...)
		d.first = day
	}
	for day-d.first >= len(d.scores) {
		d.scores = append(d.scores, silent)
	}
	i := day - d.first
	d.scores[i] = max(d.scores[i], score)
}

// between appends the scores of the days from one to before another that have one.
func (d *dayScores) between(from, to int, out []float64) []float64 {
	low := min(max(from-d.first, 0), len(d.scores))
	high := min(max(to-d.first, low), len(d.scores))
	for _, s := range d.scores[low:high] {
		if s != silent {
			out = append(out, s)
		}
	}
	return out
}

// benignDays are the counted days of a run, ranked.
type benignDays struct {
	scores []float64 // ascending, of the days that have one
	total  int       // with the silent ones
}

// reaching returns how many days score as high or higher.
func (b *benignDays) reaching(score float64) int {
	i, _ := slices.BinarySearch(b.scores, score)
	return len(b.scores) - i
}

// exceeding returns how many days score higher.
func (b *benignDays) exceeding(score float64) int {
	if score == silent {
		return len(b.scores)
	}
	return b.reaching(math.Nextafter(score, math.Inf(1)))
}

// threshold returns the lowest benign score that no more than the budget's days exceed; when the budget is larger
// than all days with a verdict, every verdict is an alert.
func (b *benignDays) threshold(budget float64) float64 {
	allowed := int(budget * float64(b.total) / 1000)
	if allowed >= len(b.scores) {
		return silent
	}
	return b.scores[len(b.scores)-1-allowed]
}

// cost returns the smallest budget at which a score is an alert: infinite for no verdict and without benign days.
func (b *benignDays) cost(score float64) float64 {
	if score == silent || b.total == 0 {
		return math.Inf(1)
	}
	return float64(b.reaching(score)) * 1000 / float64(b.total)
}

// quantile returns the score that a part q of all days does not exceed; -Inf where that is a silent day.
func (b *benignDays) quantile(q float64) float64 {
	i := int(math.Ceil(q*float64(b.total))) - 1 - (b.total - len(b.scores))
	if i < 0 || len(b.scores) == 0 {
		return silent
	}
	return b.scores[min(i, len(b.scores)-1)]
}
