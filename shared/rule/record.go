package rule

import (
	"fmt"
	"strings"

	"rekey/shared/audit"
	"rekey/shared/event"
	"rekey/shared/privilege"
	"rekey/shared/score"
)

// The levels, shorter.
const (
	none   = score.LevelNone
	low    = score.LevelLow
	medium = score.LevelMedium
	high   = score.LevelHigh
)

// changed reports whether the event is a change of one of the activities that was made. Most records say success; some
// exports leave the result out.
func changed(e *event.Event, activities ...string) bool {
	return made(e) && audit.Is(e.Audit, activities...)
}

func made(e *event.Event) bool { return e.Audit != nil && e.Audit.Result != "failure" }

// updated reports whether the event is an update of an application or a service principal.
func updated(e *event.Event) bool {
	return changed(e, "Update application", "Update service principal", "Add application", "Add service principal")
}

// subject returns the principal behind a target. Where a record names an application only by its object id, the last
// inventory may know the appId; else the object id stands for it.
func subject(e *event.Event, w *World, i int) event.Principal {
	p := audit.Principal(e.Audit, i)
	t := audit.Target(e.Audit, i)
	switch {
	case p.Key() != "":
		return p
	case w.Objects[t.ID] != "":
		return event.Principal{AppID: w.Objects[t.ID], Name: t.Name}
	}
	return event.Principal{ObjectID: t.ID, Name: t.Name}
}

// owned returns the principal that got or lost an owner; where the record has no appId, its object id stands for it.
func owned(e *event.Event, w *World) event.Principal {
	if p := audit.Owned(e.Audit); p.Key() != "" {
		return p
	}
	if t := audit.Target(e.Audit, 1); t.ID != "" {
		return subject(e, w, 1)
	}
	id := audit.ID(e.Audit, "Application.ObjectID")
	if app := w.Objects[id]; app != "" {
		return event.Principal{AppID: app}
	}
	return event.Principal{ObjectID: id}
}

// tenant stands for the tenant as a whole, where a change is about no principal.
func tenant(e *event.Event) event.Principal {
	return event.Principal{ObjectID: e.Tenant, Name: wholeTenant}
}

const wholeTenant = "the tenant"

// property is a modified property of one target.
type property struct {
	of event.Principal
	event.Property
}

// properties returns the modified properties with a name, each with the principal it belongs to.
func properties(e *event.Event, w *World, name string) []property {
	var out []property
	for i, t := range e.Audit.Targets {
		for _, p := range t.Properties {
			if strings.EqualFold(p.Name, name) {
				out = append(out, property{subject(e, w, i), p})
			}
		}
	}
	return out
}

// byTier picks a level by how powerful something is.
func byTier(t privilege.Tier, zero, one, other score.Level) score.Level {
	switch t {
	case privilege.Tier0:
		return zero
	case privilege.Tier1:
		return one
	}
	return other
}

// strongest returns the most powerful of some permissions' tiers.
func strongest(names []string, tier func(string) privilege.Tier) privilege.Tier {
	best := privilege.TierUnknown
	for _, n := range names {
		if t := tier(n); t.Above(best) {
			best = t
		}
	}
	return best
}

// one makes a list of a single finding.
func one(p event.Principal, l score.Level, subject, format string, args ...any) []Finding {
	return []Finding{{Principal: p, Level: l, Subject: subject, What: fmt.Sprintf(format, args...)}}
}

// few words a list for people.
func few(list []string) string {
	const most = 6
	if len(list) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
	}
	return strings.Join(list, ", ")
}

// titled names a principal for people. Names are in quotes: whoever made the application chose them.
func titled(p event.Principal) string {
	switch p.Name {
	case "":
		return p.Key()
	case wholeTenant:
		return p.Name
	}
	return fmt.Sprintf("%q", p.Name)
}
