// Package subject is Rekey as the laboratory sees it: one more detector, made of the very packages that the stream
// functions are made of, with their state in memory.
package subject

import (
	"strings"
	"time"

	"rekey/shared/baseline"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/exposure"
	"rekey/shared/lab"
	"rekey/shared/score"
	"rekey/shared/watch"
)

var hasher = baseline.NewHasher([16]byte{1})

// Rekey is a lab.Detector.
type Rekey struct {
	name  string
	blind func(*event.Event) // an ablation: takes fields away before anything sees them; may be nil
	watch *watch.Watch
	model score.Model
	days  map[dayOf]*watch.Day
	reads map[dayOf]*watch.Acts
	first map[string]uint32 // the record a detection began with, by detection id

	// OnClose is told of each principal's detections of unfamiliar sign-ins, worth telling or not, and of what it read, when
	// the day after theirs is closed; may be nil.
	OnClose func(found []detect.Detection, state *watch.State)
}

type dayOf struct {
	principal string
	day       baseline.Day
}

// New makes a Rekey that knows nothing.
func New() *Rekey { return Blind("Rekey", nil) }

// Blind makes a Rekey to which some fields are hidden.
func Blind(name string, blind func(*event.Event)) *Rekey {
	return &Rekey{
		name: name, blind: blind, watch: watch.New(watch.Config{Hasher: hasher}),
		model: score.NewModel(baseline.PriorFleet()), days: map[dayOf]*watch.Day{}, reads: map[dayOf]*watch.Acts{}, first: map[string]uint32{},
	}
}

// Name implements lab.Detector.
func (r *Rekey) Name() string { return r.name }

// Record implements lab.Detector.
func (r *Rekey) Record(n uint32, e *event.Event, at time.Time, say func(lab.Verdict)) {
	e = r.seen(e)
	values := r.watch.Learn(e)
	if r.OnClose != nil && watch.Reads(e) {
		r.read(e)
	}
	if !baseline.Teaches(e) {
		return
	}
	d := r.day(e)
	_, x := d.Event(e, &values)
	if id := d.First(); r.first[id] == 0 { // what is told of the whole day is told of its first record
		r.first[id] = n
	}
	if x == nil {
		return
	}
	if _, ok := r.first[x.ID]; !ok {
		r.first[x.ID] = n
	}
	say(lab.Verdict{Record: n, Score: x.Bits, At: at})
	r.arrive(d, *x, at, say)
}

func (r *Rekey) seen(e *event.Event) *event.Event {
	if r.blind == nil {
		return e
	}
	hidden := *e
	r.blind(&hidden)
	return &hidden
}

// read adds to what the principal read that day. It raises no score: the evaluation is about sign-ins.
func (r *Rekey) read(e *event.Event) {
	key := dayOf{exposure.Who(e).Key(), baseline.DayOf(e.Time)}
	a := r.reads[key]
	if a == nil {
		key.principal = strings.Clone(key.principal) // the event's strings do not last
		a = watch.NewActs(key.day, r.watch.State(key.principal), hasher)
		r.reads[key] = a
	}
	a.Event(e)
}

func (r *Rekey) day(e *event.Event) *watch.Day {
	key := dayOf{e.Principal.Key(), baseline.DayOf(e.Time)}
	d := r.days[key]
	if d == nil {
		key.principal = strings.Clone(key.principal)
		d = watch.NewDay(key.day, &r.watch.State(key.principal).State, r.watch.Application(e.Principal), r.model)
		r.days[key] = d
	}
	return d
}

// arrive remembers who is new in a network, and tells everybody who came lately of the others.
func (r *Rekey) arrive(d *watch.Day, x detect.Detection, at time.Time, say func(lab.Verdict)) {
	network, v, ok := watch.Arrival(&x)
	if !ok {
		return
	}
	visits := r.watch.Visit(network, v)
	for _, other := range visits {
		if day := r.days[dayOf{other.Principal, baseline.DayOf(other.Time)}]; day != nil && other.Detection != "" {
			if y, ok := day.Detection(other.Detection); ok {
				if y, raised := watch.Company(y, visits); raised {
					day.Raise(y)
					say(lab.Verdict{Record: r.first[y.ID], Score: y.Bits, At: at})
				}
			}
		}
	}
}

// kept is for how many days a day may still be raised.
const kept = 2

// Close implements lab.Detector.
func (r *Rekey) Close(day time.Time, say func(lab.Verdict)) {
	closed := baseline.DayOf(day)
	at := (closed + 1).Time()
	for key, d := range r.days {
		for _, x := range d.Late() {
			if n, ok := r.first[x.ID]; ok {
				say(lab.Verdict{Record: n, Score: x.Bits, At: at})
			}
		}
		if key.day+1 == closed && r.OnClose != nil {
			found := d.All()
			if a := r.reads[key]; a != nil && len(found) > 0 {
				found = append(found, a.Detections()...)
			}
			if len(found) > 0 {
				r.OnClose(found, r.watch.State(key.principal))
			}
		}
		if key.day+kept <= closed {
			delete(r.days, key)
			delete(r.reads, key)
		}
	}
	r.model = score.NewModel(r.watch.Fold(closed + 1))
}

// Probe implements lab.Detector.
func (r *Rekey) Probe(e *event.Event, _ time.Time) float64 {
	e = r.seen(e)
	values := r.watch.Prepare(e)
	state := r.watch.State(e.Principal.Key())
	if state == nil {
		state = new(watch.State)
	}
	d := watch.NewDay(baseline.DayOf(e.Time), &state.State, r.watch.Application(e.Principal), r.model)
	d.Event(e, &values)
	d.Late()
	most := 0.0
	for _, x := range d.All() {
		most = max(most, x.Bits)
	}
	return most
}
