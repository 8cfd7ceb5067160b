package rule

import "rekey/shared/event"

// principalCreated looks at new service principals of the tenant's own applications. Those of others are
// principalForeign, those of managed identities managedIdentityCreated.
var principalCreated = &Rule{
	ID: "principalCreated", Title: "Service principal created",
	Covers: []string{"U01"}, RiskType: TypeAnomalous, Techniques: []string{"T1136.003"},
	Event: "AuditLogs: \"Add service principal\", not by a service of the platform", Shape: Recorded, Levels: "low; medium when an application made it",
	FalsePositives: []string{"The portal makes one with each new application.", "Users who consent to an application make one."},
	Ask:            []string{"Who made it, and does he usually?", "Did it get a credential, a role or a consent within the hour?"},
	Match: func(e *event.Event, w *World) []Finding {
		if !changed(e, "Add service principal") || isPlatform(e.Audit.Actor) || foreignOwner(e, w) != "" {
			return nil
		}
		p := subject(e, w, 0)
		return one(p, madeBy(e), "created", "the service principal %s was created", titled(p))
	},
}
