package watch

import (
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"rekey/shared/baseline"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/exposure"
	"rekey/shared/rule"
	"rekey/shared/score"
	"rekey/shared/trail"
)

// Config is what a Watch works with.
type Config struct {
	Hasher baseline.Hasher
	Enrich func(*event.Event) // adds what the record lacks about its address; may be nil
	World  *rule.World        // what the tenant declares; nil declares nothing
}

// Watch holds what was learned of every principal. It is not safe for concurrent use: each worker has one of its own,
// and they are merged.
type Watch struct {
	config Config
	states map[string]*State
	ids    identities
}

// New makes a Watch that knows nothing.
func New(c Config) *Watch {
	return &Watch{config: c, states: map[string]*State{}, ids: newIdentities()}
}

// Learn adds the facts of an event to the states it says something about, and returns its values.
func (w *Watch) Learn(e *event.Event) baseline.Values {
	values := w.Prepare(e)
	w.learn(e, &values)
	return values
}

// Prepare adds to an event what its record lacks and reads its values.
func (w *Watch) Prepare(e *event.Event) baseline.Values {
	if w.config.Enrich != nil {
		w.config.Enrich(e)
	}
	return w.config.Hasher.Values(e)
}

func (w *Watch) learn(e *event.Event, values *baseline.Values) {
	w.ids.event(e)
	switch {
	case baseline.Teaches(e):
		w.state(e.Principal.Key()).Observe(e, values)
	case Fails(e):
		w.state(e.Principal.Key()).Evidence.Fail(e, values)
	case e.Kind == event.KindUserSignIn && e.SignIn.Succeeded() && e.SignIn.UserID != "":
		w.state(event.Principal{AppID: e.Principal.AppID}.Key()).Users.Count(w.config.Hasher, baseline.DayOf(e.Time), e.SignIn.UserID)
	}
	if Reads(e) {
		w.state(exposure.Who(e).Key()).Exposure.Observe(w.config.Hasher, e)
	}
	if network, v, ok := Failure(e); ok {
		w.state(network).Visits.Add(v)
	}
	for _, n := range detect.Notes(e) {
		if n.Key != "" {
			w.state(n.Key).Evidence.Add(n.Note)
		}
	}
	for _, k := range trail.Of(e) {
		w.state(k.Key).Trail.Add(k.Side, k.Entry)
	}
}

// state returns the state of a key, a new one if there is none.
func (w *Watch) state(key string) *State {
	s := w.states[key]
	if s == nil {
		s = new(State)
		w.states[strings.Clone(key)] = s
	}
	return s
}

// State returns what is known under a key; nil if nothing is.
func (w *Watch) State(key string) *State { return w.states[key] }

// Application returns the evidence about a principal's application object; nil if there is none.
func (w *Watch) Application(p event.Principal) *baseline.Evidence {
	if s, ok := w.states["app:"+p.AppID]; ok && p.AppID != "" {
		return &s.Evidence
	}
	return nil
}

// Visit remembers a visit to a network and returns all that are remembered of it.
func (w *Watch) Visit(network string, v baseline.Visit) []baseline.Visit {
	s := w.state(network)
	s.Visits.Add(v)
	return s.Visits.List()
}

// Merge adds what another Watch learned; the order does not matter. The other one must not be used any more.
func (w *Watch) Merge(v *Watch) {
	for key, s := range v.states {
		if mine, ok := w.states[key]; ok {
			mine.Merge(s)
			continue
		}
		w.states[key] = s
	}
	w.ids.merge(&v.ids)
}

// States returns what is known, by key, in the order of the keys.
func (w *Watch) States() iter.Seq2[string, *State] {
	return func(yield func(string, *State) bool) {
		for _, key := range slices.Sorted(maps.Keys(w.states)) {
			if !yield(key, w.states[key]) {
				return
			}
		}
	}
}

// Principals counts the workload identities with a successful sign-in.
func (w *Watch) Principals() int {
	n := 0
	for _, s := range w.states {
		if _, ok := s.Profile.LastSeen(); ok {
			n++
		}
	}
	return n
}

// Fold makes the snapshot of what was usual before a day. It adds in the order of the keys: sums of floating-point
// numbers depend on the order.
func (w *Watch) Fold(day baseline.Day) *baseline.Fleet {
	fold := baseline.NewFold(day)
	for _, s := range w.States() {
		fold.Add(&s.Profile)
	}
	return fold.Fleet()
}

// Close ends the learning. From then on the rules know which application an object id belongs to, as far as the log says.
func (w *Watch) Close() *History {
	world := new(rule.World)
	if w.config.World != nil {
		*world = *w.config.World
	}
	world.Objects = w.ids.known(world.Objects)
	w.config.World = world
	return &History{watch: w, models: map[baseline.Day]func() score.Model{}}
}

// History is a Watch that learns no more. It is safe for concurrent use.
type History struct {
	watch  *Watch
	mu     sync.Mutex
	models map[baseline.Day]func() score.Model
}

// model returns the model that judges a day. Its fleet is folded when it is first asked for.
func (h *History) model(day baseline.Day) score.Model {
	h.mu.Lock()
	m, ok := h.models[day]
	if !ok {
		m = sync.OnceValue(func() score.Model { return score.NewModel(h.watch.Fold(day)) })
		h.models[day] = m
	}
	h.mu.Unlock()
	return m()
}

// Judge returns a judge of the history's events.
func (h *History) Judge() *Judge {
	return &Judge{watch: h.watch, model: h.model, days: map[principalDay]*Day{}, reads: map[principalDay]*Acts{}, conduct: map[principalDay]*Conduct{}, found: map[string]detect.Detection{}}
}
