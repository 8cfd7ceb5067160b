package rule

import "rekey/shared/event"

// directoryRole looks at directory roles of service principals. Roles of people are another team's work.
var directoryRole = &Rule{
	ID: "directoryRole", Title: "Directory role given to a service principal",
	Covers: []string{"P04"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.003", "T1078.004"},
	Event: "AuditLogs: \"Add member to role\", eligible, scoped and PIM forms, and (only documented) \"Add role assignment to role definition\" and \"Add EligibleRoleAssignment to RoleDefinition\"; a target of type ServicePrincipal, Role.TemplateId or Role.DisplayName",
	Shape: Recorded, Levels: "high for a role of the control plane (tier 0), medium for tier 1, else low",
	FalsePositives: []string{"Automation gets the role that it works with."},
	Ask:            []string{"Why a role and not a permission of Graph?", "Who gave it, and what did the principal do since?"},
	Match: func(e *event.Event, w *World) []Finding {
		if !isRoleGrant(e) {
			return nil
		}
		p := member(e, w)
		name, tier := role(e)
		return one(p, byTier(tier, high, medium, low), name, "%s was given the directory role %q (%s)", titled(p), name, tier)
	},
}
