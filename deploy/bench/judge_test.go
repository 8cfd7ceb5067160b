package bench

import (
	"strings"
	"testing"
	"time"

	"rekey/shared/baseline"
	"rekey/shared/event"
	"rekey/shared/score"
)

// judge scores events of principals that it knows.
type judge struct {
	hasher baseline.Hasher
	model  score.Model
	known  map[string]*score.Facts
	count  int
	bits   float64
}

// newJudge learns the principals of the corpus from its own sign-ins, as if they had come on each of thirty days before.
func newJudge(tb testing.TB) *judge {
	tb.Helper()
	j := &judge{hasher: baseline.NewHasher([16]byte{1, 2, 3}), model: score.NewModel(baseline.PriorFleet()), known: map[string]*score.Facts{}}
	profiles := map[string]*baseline.Profile{}
	var today baseline.Day
	decode := newRekey()
	for _, m := range made().messages {
		err := decode(m, func(e *event.Event) {
			today = baseline.DayOf(e.Time)
			p := profiles[e.Principal.ObjectID]
			if p == nil {
				p = new(baseline.Profile)
				profiles[strings.Clone(e.Principal.ObjectID)] = p
			}
			j.learn(p, e)
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
	for id, p := range profiles {
		j.known[id] = &score.Facts{View: p.Before(today)}
	}
	return j
}

// learn shows a profile the sign-in at all times of the days before.
func (j *judge) learn(p *baseline.Profile, e *event.Event) {
	const month = 30 * 8
	for back := range month {
		earlier := *e
		earlier.Time = e.Time.AddDate(0, 0, -31).Add(time.Duration(back) * 3 * time.Hour)
		values := j.hasher.Values(&earlier)
		p.Observe(&earlier, &values)
	}
}

// Event judges one event.
func (j *judge) Event(e *event.Event) {
	values := j.hasher.Values(e)
	s := j.model.Event(e, &values, *j.known[e.Principal.ObjectID])
	j.count++
	j.bits += s.Bits
}
