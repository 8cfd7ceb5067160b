package rule

import "rekey/shared/event"

// appRoleGranted looks at all other application permissions.
var appRoleGranted = &Rule{
	ID: "appRoleGranted", Title: "Application permission granted",
	Covers: []string{"P01"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.003"},
	Event: "AuditLogs: \"Add app role assignment to service principal\", a role below tier 0 that is not about mail",
	Shape: Recorded, Levels: "medium for a role of tier 1, else low",
	FalsePositives: []string{"An application gets what it needs when it is introduced."},
	Ask:            []string{"Is the permission necessary for what the application does?", "Did the application use it since?"},
	Match: func(e *event.Event, _ *World) []Finding {
		a, ok := assigned(e)
		if !ok || a.readsMail() || a.managesRoles() || a.tier().High() {
			return nil
		}
		return one(a.of, byTier(a.tier(), high, medium, low), a.subject(), "%s was granted %s (%s) on %q", titled(a.of), a.role, a.tier(), a.resource)
	},
}
