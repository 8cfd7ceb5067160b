package rule

import "rekey/shared/event"

// appRoleBySelf looks at an application that grants itself a permission: it needs nobody's consent for it.
var appRoleBySelf = &Rule{
	ID: "appRoleBySelf", Title: "An application granted itself a permission",
	Covers: []string{"P05"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.003"},
	Event: "AuditLogs: \"Add app role assignment to service principal\", initiatedBy.app.servicePrincipalId is ServicePrincipal.ObjectID; the same for delegated grants",
	Shape: Recorded, Levels: "high",
	FalsePositives: []string{"A deployment pipeline that sets up its own permissions: declare it as a deployer."},
	Ask:            []string{"What did the application do with it?", "Since when may it grant permissions, and who gave it that?"},
	Match: func(e *event.Event, _ *World) []Finding {
		of, what, ok := anyGrant(e)
		if !ok || !same(of, e.Audit.Actor.Principal) {
			return nil
		}
		return one(of, high, what, "%s granted itself %s", titled(of), what)
	},
}
