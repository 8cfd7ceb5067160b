package rule

import (
	"rekey/shared/event"
	"rekey/shared/privilege"
)

// directoryRoleByApplication looks at an application that makes somebody an administrator: what permissions to give out
// roles are stolen for. The finding is about the application that acts.
var directoryRoleByApplication = &Rule{
	ID: "directoryRoleByApplication", Title: "An application gave somebody a powerful directory role",
	Covers: []string{"P02", "P05"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.003"},
	Event: "AuditLogs: \"Add member to role\", eligible, scoped and PIM forms, \"Add role assignment to role definition\" (only documented), initiatedBy.app, whoever the member is",
	Shape: Recorded, Levels: "high for a role of the control plane (tier 0), medium for tier 1, nothing below",
	FalsePositives: []string{"Identity governance products give out roles. PIM itself (MS-PIM) is left out."},
	Ask:            []string{"Who asked the application for it?", "Is the member known, and what did he do since?"},
	Match: func(e *event.Event, w *World) []Finding {
		a := e.Audit
		if !isRoleGrant(e) || !byApplication(e) {
			return nil
		}
		name, tier := role(e)
		if !tier.Above(privilege.Tier2) {
			return nil
		}
		who := receiver(e)
		return one(a.Actor.Principal, byTier(tier, high, medium, none), name+"/"+who.ID, "the application %s gave the directory role %q to %q", titled(a.Actor.Principal), name, ownerName(who))
	},
}
