package pattern

import (
	"fmt"

	"rekey/shared/privilege"
	"rekey/shared/trail"
)

// powerUsed looks at the classical climb: a principal that may give out roles is made, and gives one out.
var powerUsed = &Rule{
	ID: "powerUsed", Title: "Permission of the control plane granted, and then used to give out more",
	Covers: []string{"P02"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.003"},
	Event:          "AuditLogs: a grant of tier 0 to the principal, and within 7 days a role, permission or credential given by it",
	Levels:         "high",
	FalsePositives: []string{"Governance automation is set up: declare it as a deployer."},
	Ask:            []string{"To whom did it give what?", "Who gave it the power?"},
	Find: func(f *Facts) []Finding {
		var out []Finding
		for _, g := range f.changes(trail.AppRoleGranted, trail.RoleGranted) {
			for _, a := range f.acts(trail.RoleGranted, trail.AppRoleGranted, trail.CredentialAdded, trail.OwnerAdded) {
				if g.Tier == privilege.Tier0 && g.Record != a.Record && within(g.Time, a.Time, 7*day) {
					what := fmt.Sprintf("%s got %s by %s and %s gave %s to %s", f.name(), thing(g), who(g), later(a.Time.Sub(g.Time)), thing(a), target(a))
					out = append(out, one(high, g.What, what, g, a)...)
				}
			}
		}
		return out
	},
}

// target names what was changed, for a sentence.
func target(e trail.Entry) string {
	switch {
	case e.TargetName != "":
		return fmt.Sprintf("%q", e.TargetName)
	case e.Target != "":
		return e.Target
	}
	return "something the record does not name"
}
