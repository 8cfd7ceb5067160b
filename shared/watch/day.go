package watch

import (
	"maps"
	"slices"
	"time"

	"rekey/shared/baseline"
	"rekey/shared/conduct"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/score"
)

// Day judges what one principal does on one day. What is found is joined by where it came from: an intruder's second
// sign-in adds to what the first one showed.
type Day struct {
	facts score.Facts
	model score.Model
	found map[string]detect.Detection // by id, worth telling or not
	count int
	first detect.Detection // the beginnings of one, of the day's earliest sign-in: what is true of the whole day is told of it
	most  *score.Busiest   // read when it is first needed
}

// NewDay begins to judge a principal's day. The application's evidence may be nil.
func NewDay(day baseline.Day, principal *baseline.State, application *baseline.Evidence, m score.Model) *Day {
	return &Day{
		model: m,
		facts: score.Facts{View: principal.Profile.Before(day), Evidence: &principal.Evidence, Application: application},
	}
}

// Own tells the day what a person said is the principal's own, before its first event.
func (d *Day) Own(own score.Own) { d.facts.Own = own }

// every is after how many events the volume is looked at again.
const every = 8

// Event judges one event and returns its own score, and the detection that it became part of, if any. Strings of the
// event are cloned where they are kept.
func (d *Day) Event(e *event.Event, values *baseline.Values) (score.Score, *detect.Detection) {
	s := d.model.Event(e, values, d.facts)
	var joined *detect.Detection
	if x, ok := detect.Unfamiliar(e, s, d.facts.View.ActiveDays(), d.model.Fleet.ID); ok {
		joined = d.join(x)
	}
	if !baseline.IsSignIn(e) {
		return s, joined
	}
	if d.first.ID == "" || earlier(e.Time, e.ID, &d.first) {
		d.first = detect.Begin(e, d.facts.View.ActiveDays(), d.model.Fleet.ID)
	}
	if d.count++; d.count%every == 0 {
		if x, ok := d.volume(); ok {
			joined = &x // as it would be now; it is joined when the day is over and its first sign-in known
		}
	}
	return s, joined
}

// earlier reports whether a sign-in came before the one that a detection began with.
func earlier(at time.Time, id string, x *detect.Detection) bool {
	return at.Before(x.First) || at.Equal(x.First) && id < x.Records[0].ID
}

// merge adds what another judge saw of the same day.
func (d *Day) merge(other *Day) {
	for _, x := range other.found {
		d.join(x)
	}
	if o := &other.first; o.ID != "" && (d.first.ID == "" || earlier(o.First, o.Records[0].ID, &d.first)) {
		d.first = *o
	}
}

func (d *Day) join(x detect.Detection) *detect.Detection {
	if old, ok := d.found[x.ID]; ok {
		x, _ = detect.Raise(old, x)
	}
	d.Raise(x)
	return &x
}

// volume looks at how busy the day and its hours are, and adds that to the detection of where the day's earliest sign-in
// came from.
func (d *Day) volume() (detect.Detection, bool) {
	if d.first.ID == "" {
		return detect.Detection{}, false
	}
	if d.most == nil {
		most := score.BusiestOf(d.facts)
		d.most = &most
	}
	cs := d.model.Volume(d.facts, *d.most)
	if len(cs) == 0 {
		return detect.Detection{}, false
	}
	x, _ := Add(d.first, cs)
	if old, ok := d.found[x.ID]; ok {
		x, _ = detect.Raise(old, x)
	}
	return x, true
}

// Late adds what can only be told after the day: how busy it was, and for new networks whether the known one goes on
// working. It returns the detections that were raised.
func (d *Day) Late() []detect.Detection {
	var raised []detect.Detection
	if x, ok := d.volume(); ok {
		d.Raise(x)
		raised = append(raised, x)
	}
	for id, x := range d.found {
		if y, ok := Late(x, d.model, d.facts.View); ok {
			d.found[id] = y
			raised = append(raised, y)
		}
	}
	return raised
}

// Late adds to one detection of a new network what can only be told after its day. Beside a network that a person vouched for
// the known one may go on.
func Late(x detect.Detection, m score.Model, v baseline.View) (detect.Detection, bool) {
	if x.Type != detect.TypeSuspiciousSignins || !score.Moved(x.Contributions) || x.Judged != nil && len(x.Judged.Own) > 0 {
		return x, false
	}
	return Add(x, m.Late(v, x.Contributions))
}

// Add adds contributions to a detection and reports whether they raised it.
func Add(x detect.Detection, cs []score.Contribution) (detect.Detection, bool) {
	if len(cs) == 0 {
		return x, false
	}
	y := x
	y.Contributions, y.Bits = cs, 0
	raised, _ := detect.Raise(x, y)
	return raised, raised.Bits > x.Bits
}

// First returns the id of the detection in which the whole day is told of; empty before the first sign-in.
func (d *Day) First() string { return d.first.ID }

// Raise replaces a detection of the day by a raised one.
func (d *Day) Raise(x detect.Detection) {
	if d.found == nil {
		d.found = map[string]detect.Detection{}
	}
	d.found[x.ID] = x
}

// Detection returns a detection of the day, worth telling or not.
func (d *Day) Detection(id string) (detect.Detection, bool) {
	x, ok := d.found[id]
	return x, ok
}

// All returns the detections, worth telling or not, in order of their ids.
func (d *Day) All() []detect.Detection {
	var out []detect.Detection
	for _, id := range slices.Sorted(maps.Keys(d.found)) {
		out = append(out, d.found[id])
	}
	return out
}

// Found returns the detections that are worth telling, in order of their ids.
func (d *Day) Found() []detect.Detection {
	return slices.DeleteFunc(d.All(), func(x detect.Detection) bool { return !x.Worth() })
}

// Arrival returns the visit that a detection stands for, if the principal is new in the network or was tried from it in vain,
// and the key of the network's state.
func Arrival(x *detect.Detection) (network string, v baseline.Visit, ok bool) {
	if conduct.Tried(x.Rule) && x.Level.AtLeast(score.LevelMedium) && len(x.Records) > 0 && x.Records[0].IPAddress != "" {
		return NetworkKey(x.Records[0].Origin()), baseline.Visit{
			Principal: x.Principal.Key(), From: x.Records[0].IPAddress, Time: x.First, Detection: x.ID, Failed: true,
		}, true
	}
	if x.Type != detect.TypeSuspiciousSignins || !score.Moved(x.Contributions) || len(x.Records) == 0 || x.Records[0].IPAddress == "" {
		return "", v, false
	}
	return NetworkKey(x.Subject), baseline.Visit{
		Principal: x.Principal.Key(), From: x.Records[0].IPAddress, Time: x.First, Detection: x.ID,
	}, true
}

// Failure returns the visit that a failed sign-in stands for, and false when it failed for other reasons than a
// credential or an application that is not there.
func Failure(e *event.Event) (network string, v baseline.Visit, ok bool) {
	if e.Kind != event.KindSignIn || !e.Caller.IsValid() || e.Principal.Key() == "" || e.Network.Hosting == event.HostingOwn {
		return "", v, false
	}
	switch e.SignIn.ErrorCode {
	case 7000215, 7000222, 700016, 700027, 700024, 70021:
	default:
		return "", v, false
	}
	return NetworkKey(detect.Origin(e)), baseline.Visit{Principal: e.Principal.Key(), From: e.Caller.String(), Time: e.Time, Failed: true}, true
}

// NetworkKey is the key of a network's state.
func NetworkKey(origin string) string { return "network:" + origin }

// Company adds to a detection what others did from its network at the time.
func Company(x detect.Detection, visits []baseline.Visit) (detect.Detection, bool) {
	_, v, ok := Arrival(&x)
	if !ok || v.Failed {
		return x, false
	}
	return Add(x, score.Company(visits, v.Principal, v.From, v.Time))
}

// settleDays is for how long a day may still be raised after it ended: the day after tells whether a workload moved.
const settleDays = 2

// Settled reports whether nothing that happens from now on can raise a detection of the day.
func Settled(day baseline.Day, now time.Time) bool {
	return int(baseline.DayOf(now)) > int(day)+settleDays
}
