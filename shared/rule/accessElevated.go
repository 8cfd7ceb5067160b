package rule

import (
	"strings"

	"rekey/shared/event"
)

// accessElevated looks at the step from the directory to Azure: a Global Administrator makes himself User Access
// Administrator of every subscription, and so of every vault.
var accessElevated = &Rule{
	ID: "accessElevated", Title: "Access to all Azure subscriptions taken",
	Covers: []string{"P08"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.003", "T1548"},
	Event: "AuditLogs, category AzureRBACRoleManagementElevateAccess: \"User has elevated their access to User Access Administrator for their Azure Resources\"",
	Shape: Documented, Levels: "high",
	FalsePositives: []string{"A Global Administrator regains a subscription that nobody else can manage, and gives the role back at once."},
	Ask:            []string{"Which role assignments did he make since (Azure activity)?", "Was the role given back (\"The role assignment of User Access Administrator has been removed from the user\")?", "Which vaults were opened since?"},
	Match: func(e *event.Event, _ *World) []Finding {
		if !made(e) || !strings.HasPrefix(strings.ToLower(e.Audit.Activity), "user has elevated their access") {
			return nil
		}
		if byApplication(e) {
			a := e.Audit.Actor.Principal
			return one(a, high, "elevateAccess", "the application %s made itself User Access Administrator of all Azure subscriptions", titled(a))
		}
		return one(tenant(e), high, "elevateAccess", "%s is User Access Administrator of all Azure subscriptions now", actorName(e))
	},
}
