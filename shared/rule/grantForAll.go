package rule

import "rekey/shared/event"

// grantForAll looks at delegated permissions for all users, however they were given.
var grantForAll = &Rule{
	ID: "grantForAll", Title: "Delegated permissions granted for all users",
	Covers: []string{"N01", "N03", "N09"}, RiskType: TypeAnomalous, Techniques: []string{"T1528", "T1098.003"},
	Event: "AuditLogs: \"Add delegated permission grant\", ConsentType AllPrincipals, scopes in the new DelegatedPermissionGrant.Scope that the old one lacks",
	Shape: Recorded, Levels: "high for a scope of the control plane (tier 0), medium for tier 1, else low",
	FalsePositives: []string{"An administrator's consent to a new application, or to a new release that needs more."},
	Ask:            []string{"Is there a consent record with the same correlation id? If not, the grant was made past the consent dialog.", "What did the application do with it since (Graph activity, scopes)?"},
	Match: func(e *event.Event, _ *World) []Finding {
		g, ok := granted(e)
		if !ok || !g.everyone {
			return nil
		}
		return one(g.of, byTier(g.tier(), high, medium, low), g.resource, "%s may act for all users on %q: %s", titled(g.of), g.resource, few(g.scopes))
	},
}
