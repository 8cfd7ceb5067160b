package rule

import (
	"slices"

	"rekey/shared/event"
)

// principalForeign looks at applications of other tenants that are taken in: gallery and multi-tenant applications.
var principalForeign = &Rule{
	ID: "principalForeign", Title: "Application of another tenant taken in",
	Covers: []string{"U01", "U03"}, RiskType: TypeSuspicious, Techniques: []string{"T1136.003", "T1199"},
	Event: "AuditLogs: \"Add service principal\" with additionalDetails AppOwnerOrganizationId of a third tenant", Shape: Documented,
	Levels:         "low; medium when a guest took it in",
	FalsePositives: []string{"Gallery applications belong to their vendors' tenants.", "Microsoft's own applications appear by themselves: not told."},
	Ask:            []string{"Is the publisher verified? The log does not say: Graph's verifiedPublisher does.", "Which permissions did it get?", "Does anybody need it?"},
	Match: func(e *event.Event, w *World) []Finding {
		if !changed(e, "Add service principal") || isPlatform(e.Audit.Actor) {
			return nil
		}
		owner := foreignOwner(e, w)
		if owner == "" || slices.Contains(microsoftTenants, owner) {
			return nil
		}
		level := low
		if isGuest(e.Audit.Actor.UserName) {
			level = medium
		}
		p := subject(e, w, 0)
		return one(p, level, "owner:"+owner, "%s, an application of the tenant %s, was taken in", titled(p), owner)
	},
}
