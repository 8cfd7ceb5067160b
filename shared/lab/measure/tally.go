package measure

import (
	"math"
	"slices"
	"time"

	"rekey/shared/lab"
)

// Tally collects one detector's verdicts over one run. It keeps one number for each principal's day, a few for each
// episode and one for each change.
type Tally struct {
	days     []dayScores
	attacked []int // first day a principal is under attack
	episodes []lab.Episode
	courses  []course
	changes  []lab.Change
	flags    []float64 // highest verdict on a record of each change
}

// course is how an episode went for the detector.
type course struct {
	arrivals []int64 // of its records, in Unix seconds, when Seen was called
	steps    []step  // each verdict that was higher than all before
	last     uint32  // record of the last verdict
	judged   int     // records with a verdict, when Seen was not called
	variants map[int16]float64
}

type step struct {
	score  float64
	at     time.Time
	judged int
}

// NewTally makes a tally of a run with its number of principals, its episodes and its changes.
func NewTally(principals int, episodes []lab.Episode, changes []lab.Change) *Tally {
	t := &Tally{
		days:     make([]dayScores, principals),
		attacked: slices.Repeat([]int{math.MaxInt}, principals),
		episodes: episodes,
		courses:  make([]course, len(episodes)),
		changes:  changes,
		flags:    slices.Repeat([]float64{silent}, len(changes)),
	}
	for _, e := range episodes {
		for _, p := range e.Principals {
			t.attacked[p] = min(t.attacked[p], dayOf(e.Begin))
		}
	}
	return t
}

// Seen takes note that a record was delivered, whether or not a verdict follows. Only records of an episode matter:
// with them the number of events to the first alert is exact. Without any, records with a verdict are counted.
func (t *Tally) Seen(truth lab.Truth, at time.Time) {
	if truth.Episode == lab.None || truth.Variant > 0 {
		return
	}
	c := &t.courses[truth.Episode]
	c.arrivals = append(c.arrivals, at.Unix())
}

// Score takes a verdict on a delivered record. The caller knows the truth of each record number and when it happened.
func (t *Tally) Score(truth lab.Truth, eventTime time.Time, v lab.Verdict) {
	switch {
	case math.IsNaN(v.Score) || v.Score == silent:
	case truth.Variant > 0:
		t.Probe(truth, v.Score)
	case truth.Episode != lab.None:
		t.courses[truth.Episode].verdict(v)
	case truth.Principal != lab.None:
		t.days[truth.Principal].raise(dayOf(eventTime), v.Score)
	}
	if truth.Change != lab.None && truth.Episode == lab.None && v.Score > t.flags[truth.Change] {
		t.flags[truth.Change] = v.Score
	}
}

// Probe takes the score of a record that an adaptive intruder only thought of. He takes the variant whose highest
// score is the lowest.
func (t *Tally) Probe(truth lab.Truth, score float64) {
	if truth.Episode == lab.None || math.IsNaN(score) {
		return
	}
	c := &t.courses[truth.Episode]
	if c.variants == nil {
		c.variants = map[int16]float64{}
	}
	if before, ok := c.variants[truth.Variant]; !ok || score > before {
		c.variants[truth.Variant] = score
	}
}

func (c *course) verdict(v lab.Verdict) {
	if c.judged == 0 || c.last != v.Record {
		c.judged++
	}
	c.last = v.Record
	if len(c.steps) == 0 || v.Score > c.steps[len(c.steps)-1].score {
		c.steps = append(c.steps, step{v.Score, v.At, c.judged})
	}
}

// score returns the highest verdict of the episode's records, or of the variant the intruder took.
func (c *course) score() float64 {
	top := silent
	if len(c.steps) > 0 {
		top = c.steps[len(c.steps)-1].score
	}
	if len(c.variants) == 0 {
		return top
	}
	taken := math.Inf(1)
	for _, s := range c.variants {
		taken = min(taken, s)
	}
	return max(top, taken)
}

// alert returns how many of the episode's records had arrived at the first verdict above a threshold, and when that
// was; false when no verdict on a delivered record is.
func (c *course) alert(threshold float64) (events int, at time.Time, ok bool) {
	for _, s := range c.steps {
		if s.score > threshold {
			return c.arrived(s), s.at, true
		}
	}
	return 0, time.Time{}, false
}

func (c *course) arrived(s step) int {
	if len(c.arrivals) == 0 {
		return s.judged
	}
	n := 0
	for _, a := range c.arrivals {
		if a <= s.at.Unix() {
			n++
		}
	}
	return n
}
