package rule

import (
	"slices"
	"strings"

	"rekey/shared/audit"
	"rekey/shared/event"
)

// conditionalAccessLoosened looks at policies that stay in force and still let more pass.
var conditionalAccessLoosened = &Rule{
	ID: "conditionalAccessLoosened", Title: "Conditional Access policy about workload identities loosened",
	RiskType: TypeAnomalous, Techniques: []string{"T1556.009"},
	Event: "AuditLogs: \"Update conditional access policy\", a ConditionalAccessPolicy with clientApplications: block is gone from grantControls, or servicePrincipalRiskLevels, locations or applications cover less",
	Shape: Documented, Levels: "medium; high when an application did it",
	FalsePositives: []string{"A new site is excepted from a policy about locations.", "A policy blocks too much and is corrected."},
	Ask:            []string{"What passes now that was blocked before, and did somebody use it?", "Who changed it, and is there a change request?"},
	Match: func(e *event.Event, w *World) []Finding {
		c, ok := policyChanged(e, accessUpdated)
		if !ok || c.unread || !c.inForce() || !c.old.Workload() {
			return nil
		}
		what := c.looser()
		if len(what) == 0 {
			return nil
		}
		return one(tenant(e), byActor(e, w, medium, high), c.name, "the Conditional Access policy %q about workload identities lets more pass: %s", c.name, strings.Join(what, ", "))
	},
}

// looser lists what the policy does not cover any more. A list of risks that is empty means any risk, so leaving it
// empty is stricter; so is a list of places.
func (c policyChange) looser() []string {
	var out []string
	note := func(list []string, what string) {
		if len(list) > 0 {
			out = append(out, what+" ("+few(list)+")")
		}
	}
	note(audit.Missing(c.old.Controls, c.new.Controls), "it does not ask for as much")
	note(narrower(c.old.Risks, c.new.Risks), "it does not look at these risks")
	note(narrower(c.old.Places, c.new.Places), "it is not about these places")
	note(audit.Missing(c.new.NotPlaces, c.old.NotPlaces), "it leaves out more places")
	if !slices.Contains(c.new.Apps, "all") {
		note(audit.Missing(c.old.Apps, c.new.Apps), "it is not about these resources")
	}
	note(audit.Missing(c.new.NotApps, c.old.NotApps), "it leaves out more resources")
	return out
}

// narrower returns what a condition lost. One without a list, or with all, covers everything: it lost the rest, whatever
// that is.
func narrower(before, after []string) []string {
	switch {
	case len(after) == 0, len(after) == 1 && after[0] == "all":
		return nil
	case len(before) == 0:
		return []string{"all others"}
	}
	return audit.Missing(before, after)
}
