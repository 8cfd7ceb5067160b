package watch

import (
	"iter"
	"maps"
	"slices"
	"strings"

	"rekey/shared/audit"
	"rekey/shared/event"
)

// identities remembers which ids belong together: a service principal's object id, its application's id, and the object
// id of the application, which some audit records have alone. It merges in any order. An id has one application; should
// records disagree, the last in the order of the alphabet counts, so that their order does not matter. The same is true
// of names.
type identities struct {
	apps    map[string]string // service principal's object id to appId
	objects map[string]string // application's object id to appId
	names   map[string]string // by key of state
}

func newIdentities() identities {
	return identities{apps: map[string]string{}, objects: map[string]string{}, names: map[string]string{}}
}

// event learns from everything that names a workload identity.
func (x *identities) event(e *event.Event) {
	x.principal(e.Principal)
	if e.Audit == nil {
		return
	}
	x.principal(e.Audit.Actor.Principal)
	x.principal(audit.Client(e.Audit))
	x.principal(audit.Owned(e.Audit))
	for i, t := range e.Audit.Targets {
		p := audit.Principal(e.Audit, i)
		x.principal(p)
		if strings.EqualFold(t.Type, "Application") && t.ID != "" && p.AppID != "" {
			keep(x.objects, t.ID, p.AppID)
		}
	}
}

func (x *identities) principal(p event.Principal) {
	if p.ObjectID != "" && p.AppID != "" {
		keep(x.apps, p.ObjectID, p.AppID)
	}
	if p.Name != "" && p.Key() != "" {
		keep(x.names, p.Key(), p.Name)
	}
}

// keep keeps the greater of two values. What is kept is cloned: events point into buffers that are used again.
func keep(m map[string]string, key, value string) {
	switch old, ok := m[key]; {
	case !ok:
		m[strings.Clone(key)] = strings.Clone(value)
	case old < value:
		m[key] = strings.Clone(value)
	}
}

func (x *identities) merge(y *identities) {
	for _, m := range []struct{ to, from map[string]string }{{x.apps, y.apps}, {x.objects, y.objects}, {x.names, y.names}} {
		for k, v := range m.from {
			keep(m.to, k, v)
		}
	}
}

// known adds the applications' object ids that the log tells to those that are known from elsewhere, as rule.World has them.
func (x *identities) known(objects map[string]string) map[string]string {
	out := maps.Clone(x.objects)
	maps.Copy(out, objects)
	return out
}

// Subject is a workload identity by all its ids: a service principal and the application that it stands for. What is held
// against either is held against both.
type Subject struct {
	event.Principal
	Keys []string // under which something may be known; the principal's own first
}

// Subjects unites what the log knows under several ids. It is made when the learning has ended.
type Subjects struct {
	watch *Watch
	main  map[string]string   // appId to the object id of the principal that stands for the application
	of    map[string][]string // appId to the application's object ids
}

// Subjects returns who is who. Of two principals of one application, the one that signed in last stands for it, or the
// first in the order of the alphabet: after a deletion and a new beginning that is the one that is alive.
func (w *Watch) Subjects() *Subjects {
	s := &Subjects{watch: w, main: map[string]string{}, of: map[string][]string{}}
	for _, id := range slices.Sorted(maps.Keys(w.ids.apps)) {
		app := w.ids.apps[id]
		if best, ok := s.main[app]; !ok || w.lastSeen(id) > w.lastSeen(best) {
			s.main[app] = id
		}
	}
	for _, id := range slices.Sorted(maps.Keys(w.ids.objects)) {
		s.of[w.ids.objects[id]] = append(s.of[w.ids.objects[id]], id)
	}
	return s
}

// lastSeen is the hour of a principal's last successful sign-in; -1 when there was none.
func (w *Watch) lastSeen(id string) int64 {
	s := w.states[id]
	if s == nil {
		return -1
	}
	last, ok := s.Profile.LastSeen()
	if !ok {
		return -1
	}
	return last.Time().Unix()
}

// Of returns who is behind a key of state: a service principal's object id, "app:" and an appId, or an application's
// object id. A key that is not known stands for itself.
func (s *Subjects) Of(key string) Subject {
	ids := &s.watch.ids
	app, isApp := strings.CutPrefix(key, "app:")
	if !isApp {
		if app = ids.objects[key]; app != "" {
			isApp = true
		} else {
			app = ids.apps[key]
		}
	}
	id := key
	if isApp {
		id = s.main[app]
	}
	out := Subject{Principal: event.Principal{ObjectID: id, AppID: app}}
	if id != "" {
		out.Keys = append(out.Keys, id)
	}
	if app != "" && (id == "" || s.main[app] == id) { // of several, one stands for the application
		out.Keys = append(append(out.Keys, "app:"+app), s.of[app]...)
	}
	for _, k := range out.Keys {
		if out.Name == "" {
			out.Name = ids.names[k]
		}
	}
	return out
}

// State returns what is known of a subject: of the principal, and of the application that it stands for. Both must only be
// read.
func (s *Subjects) State(x Subject) (own, application *State) {
	own, application = new(State), new(State)
	for i, key := range x.Keys {
		state := s.watch.states[key]
		switch {
		case state == nil:
		case i == 0:
			own = state
		default:
			application.Merge(state)
		}
	}
	return own, application
}

// Changed returns the subjects that were changed, or that changed something, in the order of their keys, each once.
func (s *Subjects) Changed() iter.Seq[Subject] {
	return func(yield func(Subject) bool) {
		done := map[string]bool{}
		for key, state := range s.watch.States() {
			if state.Trail.Empty() || strings.HasPrefix(key, "user:") {
				continue
			}
			x := s.Of(key)
			if done[x.Keys[0]] {
				continue
			}
			done[x.Keys[0]] = true
			if !yield(x) {
				return
			}
		}
	}
}
