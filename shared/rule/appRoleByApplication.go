package rule

import "rekey/shared/event"

// appRoleByApplication looks at an application that gives another one permissions, past any consent.
var appRoleByApplication = &Rule{
	ID: "appRoleByApplication", Title: "An application granted another one a permission, without consent",
	Covers: []string{"P05"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.003"},
	Event: "AuditLogs: \"Add app role assignment to service principal\", or \"Add delegated permission grant\", initiatedBy.app is another application",
	Shape: Recorded, Levels: "medium; high for a permission of tier 0",
	FalsePositives: []string{"Deployment pipelines do this as their work: declare them as deployers."},
	Ask:            []string{"Is the acting application a deployment, and did a run of it happen then?", "Who can use the acting application's credential?"},
	Match: func(e *event.Event, _ *World) []Finding {
		of, what, ok := anyGrant(e)
		if !ok || !byApplication(e) || same(of, e.Audit.Actor.Principal) {
			return nil
		}
		return one(of, byTier(grantTier(e), high, medium, medium), what, "the application %s granted %s %s", titled(e.Audit.Actor.Principal), titled(of), what)
	},
}
