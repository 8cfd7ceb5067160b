package rule

import "rekey/shared/event"

// grantForOne looks at delegated permissions for a single user.
var grantForOne = &Rule{
	ID: "grantForOne", Title: "Delegated permissions granted for one user",
	Covers: []string{"N01", "N03"}, RiskType: TypeAnomalous, Techniques: []string{"T1528"},
	Event: "AuditLogs: \"Add delegated permission grant\", ConsentType Principal, scopes that the old grant lacks",
	Shape: Recorded, Levels: "medium for a scope of tier 0 or 1, else low",
	FalsePositives: []string{"A user signs in to an application for the first time."},
	Ask:            []string{"Did the user consent himself, or did somebody write the grant for him?", "What did the application do with it since?"},
	Match: func(e *event.Event, _ *World) []Finding {
		g, ok := granted(e)
		if !ok || g.everyone {
			return nil
		}
		return one(g.of, byTier(g.tier(), medium, medium, low), g.resource, "%s may act for a user on %q: %s", titled(g.of), g.resource, few(g.scopes))
	},
}
