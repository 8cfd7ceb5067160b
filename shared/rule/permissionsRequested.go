package rule

import (
	"fmt"

	"rekey/shared/audit"
	"rekey/shared/event"
	"rekey/shared/privilege"
	"rekey/shared/score"
)

// permissionsRequested looks at what an application's manifest asks for. It is only the wish: the grant is another
// record, and many public rules take the one for the other.
var permissionsRequested = &Rule{
	ID: "permissionsRequested", Title: "Application asks for more permissions",
	Covers: []string{"F06", "P01", "P03"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.003"},
	Event: "AuditLogs: \"Update application\", an EntitlementId in the new RequiredResourceAccess that the old one lacks",
	Shape: Recorded, Levels: "medium when it asks for an application permission of the control plane (tier 0), else low",
	FalsePositives: []string{"A new release needs more permissions."},
	Ask:            []string{"Was the permission granted (\"Add app role assignment to service principal\", \"Consent to application\")?", "Does the application need it?"},
	Match: func(e *event.Event, w *World) []Finding {
		if !changed(e, "Update application") {
			return nil
		}
		var out []Finding
		for _, p := range properties(e, w, "RequiredResourceAccess") {
			for _, a := range audit.AddedAccess(p.Old, p.New) {
				level, what := wish(a)
				out = append(out, one(p.of, level, a.Resource+"/"+a.ID, "%s asks for %s of the resource %s", titled(p.of), what, a.Resource)...)
			}
		}
		return out
	},
}

// wish is how much an application asks for. Ids of delegated permissions are in no table of tiers.
func wish(a audit.Permission) (level score.Level, what string) {
	if !a.Application {
		return low, "the delegated permission " + a.ID
	}
	tier := privilege.AppRole(a.ID)
	return byTier(tier, medium, low, low), fmt.Sprintf("the application permission %s (%s)", a.ID, tier)
}
