package rule

import "rekey/shared/event"

// domainAdded looks at new domains: the first step to federate one, and to call oneself like somebody else.
var domainAdded = &Rule{
	ID: "domainAdded", Title: "Domain added to the tenant or verified",
	RiskType: TypeAnomalous, Techniques: []string{"T1484.002"},
	Event: "AuditLogs: \"Add unverified domain\", \"Add verified domain\", \"Verify domain\", \"Verify email verified domain\"",
	Shape: Recorded, Levels: "low; medium when an application did it",
	FalsePositives: []string{"The company has a new name or brand."},
	Ask:            []string{"Does the domain belong to the company?", "Was it federated since (\"Set domain authentication\")?"},
	Match: func(e *event.Event, _ *World) []Finding {
		if !changed(e, "Add unverified domain", "Add verified domain", "Verify domain", "Verify email verified domain") {
			return nil
		}
		return one(tenant(e), madeBy(e), domain(e), "the domain %q was added or verified (%s)", domain(e), e.Audit.Activity)
	},
}
