package watch

import (
	"cmp"
	"maps"
	"slices"

	"rekey/shared/baseline"
	"rekey/shared/conduct"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/rule"
	"rekey/shared/score"
)

// principalDay is one principal on one day.
type principalDay struct {
	state *State
	day   baseline.Day
}

// Judge judges events against what a Watch knows, and gathers the detections. It is not safe for concurrent use.
type Judge struct {
	watch   *Watch
	model   func(baseline.Day) score.Model
	days    map[principalDay]*Day
	reads   map[principalDay]*Acts
	conduct map[principalDay]*Conduct
	found   map[string]detect.Detection // what rules and others found, and what came of other judges' days
}

// Event judges one event and returns its own score; the level is none for what is no act of a workload.
func (j *Judge) Event(e *event.Event) score.Score {
	values := j.watch.Prepare(e)
	s, _ := j.judge(e, &values)
	return s
}

func (j *Judge) judge(e *event.Event, values *baseline.Values) (score.Score, *detect.Detection) {
	for _, d := range rule.Judge(e, j.watch.config.World) {
		j.add(d)
	}
	if Reads(e) {
		j.acts(e).Event(e)
	}
	if conduct.Looks(e, values) {
		j.conductOf(j.key(e)).Event(e, values)
	}
	if baseline.Teaches(e) {
		return j.day(e).Event(e, values)
	}
	return score.Score{Level: score.LevelNone}, nil
}

// day returns the day an event belongs to.
func (j *Judge) day(e *event.Event) *Day {
	key := j.key(e)
	d := j.days[key]
	if d == nil {
		d = NewDay(key.day, &key.state.State, j.watch.Application(e.Principal), j.model(key.day))
		j.days[key] = d
	}
	return d
}

// key returns the principal and day that an event belongs to.
func (j *Judge) key(e *event.Event) principalDay {
	state := j.watch.states[e.Principal.Key()]
	if state == nil {
		state = new(State)
	}
	return principalDay{state, baseline.DayOf(e.Time)}
}

func (j *Judge) add(d detect.Detection) {
	if old, ok := j.found[d.ID]; ok {
		d, _ = detect.Raise(old, d)
	}
	j.found[d.ID] = d
}

// Merge adds what another judge of the same history found; the order does not matter. The other one must not be used
// any more.
func (j *Judge) Merge(k *Judge) {
	for key, d := range k.days {
		mine, ok := j.days[key]
		if !ok {
			j.days[key] = d
			continue
		}
		mine.merge(d)
	}
	for key, a := range k.reads {
		if mine, ok := j.reads[key]; ok {
			mine.merge(a)
			continue
		}
		j.reads[key] = a
	}
	for key, c := range k.conduct {
		if mine, ok := j.conduct[key]; ok {
			mine.merge(c)
			continue
		}
		j.conduct[key] = c
	}
	for _, d := range k.found {
		j.add(d)
	}
}

// Detections closes all days and returns what is worth telling, strongest first.
func (j *Judge) Detections() []detect.Detection {
	for _, d := range j.days {
		d.Late()
	}
	j.company()
	j.behave()
	j.read()
	out := slices.Collect(maps.Values(j.found))
	for _, d := range j.days {
		out = append(out, d.Found()...)
	}
	slices.SortFunc(out, func(a, b detect.Detection) int {
		return cmp.Or(cmp.Compare(b.Bits, a.Bits), a.First.Compare(b.First), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// company tells the networks who came, and then each detection who else did. All visits are looked at, and not only the
// newest that a state has room for: a log is longer than what a state remembers.
func (j *Judge) company() {
	visits := map[string][]baseline.Visit{}
	for _, d := range j.days {
		for _, x := range d.found {
			network, v, ok := Arrival(&x)
			if !ok {
				continue
			}
			if s, ok := j.watch.states[network]; ok && visits[network] == nil {
				visits[network] = slices.Clone(s.Visits.List())
			}
			visits[network] = append(visits[network], v)
		}
	}
	for _, d := range j.days {
		for id, x := range d.found {
			if network, _, ok := Arrival(&x); ok {
				d.found[id], _ = Company(x, visits[network])
			}
		}
	}
}
