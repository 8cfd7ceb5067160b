package rule

import "rekey/shared/event"

// roleManagementGranted looks at permissions to give out roles: a way to Global Administrator with one more call.
var roleManagementGranted = &Rule{
	ID: "roleManagementGranted", Title: "Permission to give out roles granted to an application",
	Covers: []string{"P01", "P02"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.003", "T1078.004"},
	Event: "AuditLogs: \"Add app role assignment to service principal\", AppRole.Value RoleManagement.ReadWrite.Directory, AppRoleAssignment.ReadWrite.All or one of their kind",
	Shape: Recorded, Levels: "high",
	FalsePositives: []string{"An identity governance product is introduced."},
	Ask:            []string{"Did the application use it (\"Add member to role\", \"Add app role assignment\" by it)?", "Who granted it, and could he have made himself an administrator anyway?"},
	Match: func(e *event.Event, _ *World) []Finding {
		a, ok := assigned(e)
		if !ok || !a.managesRoles() {
			return nil
		}
		return one(a.of, high, a.subject(), "%s may give out roles: %s on %q was granted", titled(a.of), a.role, a.resource)
	},
}
