package rule

import (
	"cmp"
	"fmt"
	"strings"

	"rekey/shared/audit"
	"rekey/shared/event"
	"rekey/shared/score"
)

// namedLocation looks at the places that Conditional Access policies are about: who adds his own address to a trusted
// one passes them all without touching a policy.
var namedLocation = &Rule{
	ID: "namedLocation", Title: "Named location trusted, widened or deleted",
	RiskType: TypeAnomalous, Techniques: []string{"T1556.009", "T1562"},
	Event: "AuditLogs: \"Add named location\", \"Update named location\", \"Delete named location\"; the value of a property with isTrusted, ipRanges or countriesAndRegions, whatever its name",
	Shape: Guessed, Levels: "medium when it is trusted now, or a trusted one got addresses; low when another one got some, one was deleted, or the record's location cannot be read",
	FalsePositives: []string{"The company has a new line or site."},
	Ask:            []string{"Whose addresses are the new ones?", "Which policies name the location?", "Who signed in from there since?"},
	Match: func(e *event.Event, _ *World) []Finding {
		if !changed(e, "Add named location", "Update named location", "Delete named location") {
			return nil
		}
		name := cmp.Or(audit.Target(e.Audit, 0).Name, "without a name")
		level, what := place(e)
		if level == none {
			return nil
		}
		return one(tenant(e), level, name, "the named location %q %s", name, what)
	},
}

// place says what became of a named location.
func place(e *event.Event) (score.Level, string) {
	before, after, read := places(e)
	added := audit.Missing(after.Ranges, before.Ranges)
	switch {
	case audit.Is(e.Audit, "Delete named location"):
		return low, "was deleted"
	case !read:
		return low, "was changed; the record's location cannot be read"
	case after.Trusted && !before.Trusted:
		return medium, "is trusted now: " + few(after.Ranges)
	case len(added) > 0 && after.Trusted:
		return medium, "is trusted and got addresses: " + few(added)
	case audit.Is(e.Audit, "Add named location"):
		return none, "" // no policy names it yet
	case len(added) > 0:
		return low, "got addresses: " + few(added)
	}
	if more := audit.Missing(after.Countries, before.Countries); len(more) > 0 {
		return low, fmt.Sprintf("got countries: %s", strings.ToUpper(few(more)))
	}
	return none, ""
}

// places finds the location in whichever property has it.
func places(e *event.Event) (before, after audit.Place, read bool) {
	for _, t := range e.Audit.Targets {
		for _, p := range t.Properties {
			b, okBefore := audit.ReadPlace(p.Old)
			a, okAfter := audit.ReadPlace(p.New)
			if okBefore || okAfter {
				return b, a, true
			}
		}
	}
	return before, after, false
}
