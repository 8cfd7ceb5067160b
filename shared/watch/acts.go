package watch

import (
	"strings"

	"rekey/shared/baseline"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/exposure"
)

// maxShown bounds the records that are remembered of one principal's day until it is judged.
const maxShown = 2048

// Acts judges what one principal read and changed on one day, and cites the records it was given. It merges in any
// order.
type Acts struct {
	view     exposure.View
	activity *exposure.Activity
	shown    map[string]event.Event // the earliest record of each object
}

// NewActs begins with what the state knows of the day already, so that a batch is judged together with those before it.
// A principal that is known, but not for reading anything, is worth a low finding: it is what a stolen credential is tried
// for, but its log may have begun that day, too.
func NewActs(day baseline.Day, s *State, h baseline.Hasher) *Acts {
	v := s.Exposure.Before(h, day)
	if v.Watched == 0 && s.Profile.Before(day).ActiveDays() >= baseline.LearningDays {
		v.Watched = 1
	}
	return &Acts{view: v, activity: s.Exposure.On(day), shown: map[string]event.Event{}}
}

// Event adds an event of the day. What is kept of it is cloned.
func (a *Acts) Event(e *event.Event) {
	f, ok := exposure.FactOf(e)
	if !ok {
		return
	}
	a.activity.Add(e)
	a.show(f.Object, e)
}

func (a *Acts) show(object string, e *event.Event) {
	old, ok := a.shown[object]
	if !ok && len(a.shown) == maxShown {
		return
	}
	if !ok || e.Time.Before(old.Time) || e.Time.Equal(old.Time) && e.ID < old.ID {
		a.shown[object] = cited(e)
	}
}

// cited is what a detection cites of an event.
func cited(e *event.Event) event.Event {
	n, p := e.Network, exposure.Who(e)
	n.ASName, n.Country = strings.Clone(n.ASName), strings.Clone(n.Country)
	return event.Event{
		Kind: e.Kind, ID: strings.Clone(e.ID), Time: e.Time, Tenant: strings.Clone(e.Tenant), Caller: e.Caller, Network: n,
		Principal: event.Principal{
			ObjectID: strings.Clone(p.ObjectID), AppID: strings.Clone(p.AppID), Name: strings.Clone(p.Name),
		},
	}
}

func (a *Acts) merge(b *Acts) {
	a.activity.Merge(b.activity)
	for object, e := range b.shown {
		a.show(object, &e)
	}
}

// Detections returns what the day shows, as far as one of the records is part of it: what only earlier records show was
// told with them.
func (a *Acts) Detections() []detect.Detection {
	var out []detect.Detection
	for _, f := range exposure.Judge(a.view, a.activity) {
		if d, ok := a.detection(&f); ok {
			out = append(out, d)
		}
	}
	return out
}

func (a *Acts) detection(f *exposure.Finding) (detect.Detection, bool) {
	var d detect.Detection
	for _, object := range f.Objects {
		e, ok := a.shown[object]
		if !ok {
			continue
		}
		x := detect.Claimed(&e, detect.Claim{
			Rule: f.Rule, Type: f.RiskType, Principal: e.Principal, Level: f.Level, Subject: f.Subject, What: f.What,
		})
		if d.ID != "" {
			x, _ = detect.Raise(d, x)
		}
		d = x
	}
	return d, d.ID != ""
}

// acts returns the judge of a principal's day of reads.
func (j *Judge) acts(e *event.Event) *Acts {
	state := j.watch.states[exposure.Who(e).Key()]
	if state == nil {
		state = new(State)
	}
	key := principalDay{state, baseline.DayOf(e.Time)}
	if j.reads[key] == nil {
		j.reads[key] = NewActs(key.day, state, j.watch.config.Hasher)
	}
	return j.reads[key]
}

// read adds what the days of reads show to what was found.
func (j *Judge) read() {
	for _, a := range j.reads {
		for _, d := range a.Detections() {
			j.add(d)
		}
	}
}
