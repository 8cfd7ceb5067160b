package watch

import (
	"slices"
	"time"

	"rekey/shared/event"
	"rekey/shared/pattern"
	"rekey/shared/trail"
)

// Facts gathers for package pattern what the states of a principal and of its application object say; the application's
// may be nil. The caller adds what he knows beside: detections, the trails of Actors, what Graph says.
func Facts(p event.Principal, own, application *State) pattern.Facts {
	return pattern.Facts{
		Principal: p, Changes: Changes(p, own, application), Acts: acts(p, own, application), Trail: &own.Trail, Profile: &own.Profile,
	}
}

// Changes returns what was changed on a principal and on its application object, newest first.
func Changes(p event.Principal, own, application *State) []trail.Entry {
	out := own.Trail.Entries(trail.On, time.Time{})
	if application != nil {
		out = append(out, application.Trail.Entries(trail.On, time.Time{})...)
	}
	for i := range out {
		out[i].Target, out[i].TargetName = p.Key(), p.Name
	}
	slices.SortStableFunc(out, func(a, b trail.Entry) int { return b.Time.Compare(a.Time) })
	return out
}

// acts returns what a principal changed, newest first. Some records name its application alone as who did it.
func acts(p event.Principal, own, application *State) []trail.Entry {
	out := own.Trail.Entries(trail.By, time.Time{})
	if application != nil {
		out = append(out, application.Trail.Entries(trail.By, time.Time{})...)
	}
	for i := range out {
		out[i].Actor, out[i].ActorName = p.Key(), p.Name
	}
	slices.SortStableFunc(out, func(a, b trail.Entry) int { return b.Time.Compare(a.Time) })
	return out
}

// maxActors bounds how many actors of one principal's changes are looked at: those of the newest changes.
const maxActors = 16

// Actors returns the keys of those who made changes, each once, those of the newest changes first.
func Actors(changes []trail.Entry) []string {
	var out []string
	for _, e := range changes {
		if e.Actor != "" && !slices.Contains(out, e.Actor) && len(out) < maxActors {
			out = append(out, e.Actor)
		}
	}
	return out
}
