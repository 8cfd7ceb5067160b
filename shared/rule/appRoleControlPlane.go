package rule

import "rekey/shared/event"

// appRoleControlPlane looks at application permissions that lead to any identity of the tenant.
var appRoleControlPlane = &Rule{
	ID: "appRoleControlPlane", Title: "Control plane permission granted to an application",
	Covers: []string{"P01"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.003"},
	Event: "AuditLogs: \"Add app role assignment to service principal\", AppRole.Id or AppRole.Value of tier 0, other than permissions to give out roles",
	Shape: Recorded, Levels: "high",
	FalsePositives: []string{"An identity product or a deployment tool is introduced."},
	Ask:            []string{"Does the application need it, and not a narrower one?", "Who can use the application's credential?", "What did the application do since (Graph activity)?"},
	Match: func(e *event.Event, _ *World) []Finding {
		a, ok := assigned(e)
		if !ok || a.managesRoles() || !a.tier().High() {
			return nil
		}
		return one(a.of, high, a.subject(), "%s was granted %s on %q, which leads to any identity of the tenant", titled(a.of), a.role, a.resource)
	},
}
