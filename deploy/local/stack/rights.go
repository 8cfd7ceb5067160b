package stack

import (
	"rekey/deploy/local/graph"
	"rekey/deploy/local/keyvault"
)

// Rights are what the respond app's identity holds, by audience: what the steps of a plan declare, and what looking takes. A
// test of package evict compares them with the steps.
func Rights() map[string][]string {
	return map[string][]string{
		graph.Audience: {
			graph.PermissionWrite, graph.PermissionRead, "Directory.Read.All", "AuditLog.Read.All", "IdentityRiskyServicePrincipal.ReadWrite.All",
			"DelegatedPermissionGrant.ReadWrite.All", "AppRoleAssignment.ReadWrite.All", "RoleManagement.ReadWrite.Directory", "GroupMember.ReadWrite.All",
			"AgentIdentity.Read.All", "AgentIdentity.EnableDisable.All", "AgentIdentityBlueprintPrincipal.EnableDisable.All", "AgentIdentityBlueprint.AddRemoveCreds.All",
			"Policy.Read.All", "Policy.ReadWrite.ConditionalAccess",
		},
		keyvault.Audience: {keyvault.RoleCertificates, keyvault.RoleCrypto},
	}
}
