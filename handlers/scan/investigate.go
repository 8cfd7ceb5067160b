package scan

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"rekey/shared/baseline"
	"rekey/shared/casefile"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/pattern"
	"rekey/shared/rule"
	"rekey/shared/score"
	"rekey/shared/streams"
	"rekey/shared/trail"
	"rekey/shared/watch"
)

// investigation is what a scan does when both passes are over: it unites what was found about an application and its
// principal, looks for what several records show together, and builds cases. It does what triage does for the service,
// but for everybody at once, and without Graph.
type investigation struct {
	subjects *watch.Subjects
	hasher   baseline.Hasher
	world    *rule.World // what is declared
	health   streams.Health
	now      time.Time // of the scan
	end      time.Time // of the logs

	parties map[string]*party
}

// party is one subject and what is known of it.
type party struct {
	watch.Subject
	facts       pattern.Facts
	own         *watch.State
	application *watch.State
	found       []detect.Detection // without patterns
	patterns    []detect.Detection
}

const (
	// around is how long before and after the strongest detection others belong to the same case, as in triage.
	around = 14 * 24 * time.Hour
	// suspicion is for how long after it somebody vouches for nobody, as in package suspects.
	suspicion = 30 * 24 * time.Hour
	lead      = 24 * time.Hour
	// rounds bounds how often patterns are looked for anew because they made others suspect.
	rounds = 4
)

// run returns everything that was found, and a case for each subject of medium or more, the riskiest first.
func (in *investigation) run(found []detect.Detection) ([]detect.Detection, []casefile.Case) {
	in.gather(found)
	keys := slices.Sorted(maps.Keys(in.parties))
	for _, key := range keys {
		in.facts(in.parties[key])
	}
	var suspects map[string]term
	for i := range rounds {
		next := in.suspects()
		if i > 0 && maps.Equal(suspects, next) {
			break
		}
		suspects = next
		for _, key := range keys {
			in.patterns(in.parties[key], suspects)
		}
	}
	var out []detect.Detection
	for _, key := range keys {
		out = append(append(out, in.parties[key].found...), in.parties[key].patterns...)
	}
	slices.SortFunc(out, func(a, b detect.Detection) int {
		return cmp.Or(cmp.Compare(b.Bits, a.Bits), a.First.Compare(b.First), cmp.Compare(a.ID, b.ID))
	})
	return out, in.cases(keys, suspects)
}

// gather makes a party of everybody who was found, was changed or changed something.
func (in *investigation) gather(found []detect.Detection) {
	in.parties = map[string]*party{}
	for _, d := range found {
		p := in.party(in.subjects.Of(d.Principal.Key()))
		name := d.Principal.Name
		d.Principal = p.Principal
		d.Principal.Name = cmp.Or(name, p.Name)
		p.found = append(p.found, d)
	}
	for s := range in.subjects.Changed() {
		in.party(s)
	}
}

func (in *investigation) party(s watch.Subject) *party {
	p := in.parties[s.Key()]
	if p == nil {
		p = &party{Subject: s}
		in.parties[s.Key()] = p
	}
	return p
}

// facts gathers what is known of a subject. Who acted is named by one key, whichever the record has.
func (in *investigation) facts(p *party) {
	p.own, p.application = in.subjects.State(p.Subject)
	if p.Name == "" && len(p.found) > 0 {
		p.Name = p.found[0].Principal.Name
	}
	f := watch.Facts(p.Principal, p.own, p.application)
	f.Hasher, f.Since, f.Actors, f.Detections = in.hasher, in.health.Begun(streams.Audit), map[string]*trail.Trail{}, p.found
	for i := range f.Changes {
		f.Changes[i].Actor, f.Changes[i].ActorName = in.canonical(f.Changes[i].Actor, f.Changes[i].ActorName)
	}
	for i := range f.Acts {
		f.Acts[i].Target, f.Acts[i].TargetName = in.canonical(f.Acts[i].Target, f.Acts[i].TargetName)
	}
	for _, key := range watch.Actors(f.Changes) {
		own, application := in.subjects.State(in.subjects.Of(key))
		t := new(trail.Trail)
		t.Merge(&own.Trail)
		t.Merge(&application.Trail)
		f.Actors[key] = t
	}
	for _, d := range p.found {
		f.Tenant = max(f.Tenant, d.Tenant)
	}
	p.facts = f
}

// canonical is the key that an identity's subject has, and its name.
func (in *investigation) canonical(key, name string) (string, string) {
	if key == "" || kindOf(key) != "" {
		return key, name
	}
	s := in.subjects.Of(key)
	return s.Key(), cmp.Or(name, s.Name)
}

// term is from when to when somebody is suspect.
type term struct{ from, to time.Time }

// suspects are the parties that are used by somebody else, and when.
func (in *investigation) suspects() map[string]term {
	out := map[string]term{}
	for _, p := range in.parties {
		t := term{}
		for _, d := range append(slices.Clone(p.found), p.patterns...) {
			if !pattern.Incriminates(d, score.LevelHigh) { // a scan sees months of everybody, and nobody has dismissed anything
				continue
			}
			if t.from.IsZero() || d.First.Add(-lead).Before(t.from) {
				t.from = d.First.Add(-lead)
			}
			if to := d.Last.Add(suspicion); to.After(t.to) {
				t.to = to
			}
		}
		if !t.from.IsZero() {
			out[p.Key()] = t
		}
	}
	return out
}

// patterns looks for what several records show together. An actor counts as suspect if one of his changes falls into
// the time in which he was.
func (in *investigation) patterns(p *party, suspects map[string]term) {
	p.facts.World = in.worldOf(p, suspects)
	p.patterns = slices.DeleteFunc(pattern.Judge(&p.facts), func(d detect.Detection) bool {
		return d.Rule == "changedBySuspect" && !in.duringSuspicion(d, p.facts.Changes, suspects)
	})
	for i := range p.patterns {
		p.patterns[i].Detected = in.now.UTC().Truncate(time.Second)
	}
}

// worldOf is what is declared, with those who are suspect for this party.
func (in *investigation) worldOf(p *party, suspects map[string]term) *rule.World {
	w := new(rule.World)
	if in.world != nil {
		*w = *in.world
	}
	w.Suspects = slices.Clone(w.Suspects)
	for _, e := range p.facts.Changes {
		if t, ok := suspects[e.Actor]; ok && t.holds(e.Time) {
			w.Suspects = append(w.Suspects, idsOf(in.parties[e.Actor].Principal)...)
		}
	}
	if t, ok := suspects[p.Key()]; ok && slices.ContainsFunc(p.facts.Acts, func(e trail.Entry) bool { return t.holds(e.Time) }) {
		w.Suspects = append(w.Suspects, idsOf(p.Principal)...)
	}
	return w
}

func (t term) holds(at time.Time) bool { return !at.Before(t.from) && !at.After(t.to) }

func idsOf(p event.Principal) []string {
	return slices.DeleteFunc([]string{p.ObjectID, p.AppID}, func(s string) bool { return s == "" })
}

// duringSuspicion reports whether a change that a detection is made of was made while its actor was suspect.
func (in *investigation) duringSuspicion(d detect.Detection, changes []trail.Entry, suspects map[string]term) bool {
	return slices.ContainsFunc(changes, func(e trail.Entry) bool {
		t, ok := suspects[e.Actor]
		return ok && t.holds(e.Time) && slices.ContainsFunc(d.Records, func(r detect.Record) bool { return r.ID == e.Record })
	})
}
