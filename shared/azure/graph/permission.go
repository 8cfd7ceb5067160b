package graph

// Permissions names, for each method of Client, the application permissions that it needs on objects of whatever owner:
// the least privileged that Microsoft documents, all of them together where there are several. For AddKey and
// RemoveKey proof of possession comes on top; it takes the place of the permission only for the application itself.
//
// AppRoleAssignment.ReadWrite.All, DelegatedPermissionGrant.ReadWrite.All and RoleManagement.ReadWrite.Directory let
// their holder give itself anything: an identity without them leaves those steps to people.
var Permissions = map[string][]string{
	"Application":          {"Application.Read.All"},
	"ApplicationPage":      {"Application.Read.All"},
	"ServicePrincipal":     {"Application.Read.All"},
	"ServicePrincipals":    {"Application.Read.All"},
	"ServicePrincipalPage": {"Application.Read.All"},
	"Agents":               {"AgentIdentity.Read.All"},
	"AppRoles":             {"Application.Read.All"},
	"Certificates":         {"Application.Read.All"},
	"Credentials":          {"Application.Read.All"},
	"FederatedCredentials": {"Application.Read.All"},
	"Owners":               {"Application.Read.All"},
	"AppRoleAssignments":   {"Application.Read.All"},
	"AppRoleAssignedTo":    {"Application.Read.All"},
	"MemberOf":             {"Application.Read.All"}, // with Directory.Read.All names and role templates, too
	"Deleted":              {"Application.Read.All"},
	"Grants":               {"Directory.Read.All"},
	"Roles":                {"RoleManagement.Read.Directory"},
	"DefaultAppPolicy":     {"Policy.Read.All"},
	"AppPolicies":          {"Application.Read.All", "Policy.Read.All"},
	"KeyLifetime":          {"Application.Read.All", "Policy.Read.All"},

	"Registration":        {"Application.Read.All"},
	"PutRegistration":     {"Application.ReadWrite.All"},
	"AddServicePrincipal": {"Application.ReadWrite.All"},
	"Skus":                {"LicenseAssignment.Read.All"},

	"ReplaceKeys":     {"Application.ReadWrite.All"},
	"AddPassword":     {"Application.ReadWrite.All"},
	"RemovePassword":  {"Application.ReadWrite.All"},
	"AddKey":          {"Application.ReadWrite.All"},
	"RemoveKey":       {"Application.ReadWrite.All"},
	"AddFederated":    {"Application.ReadWrite.All"},
	"RemoveFederated": {"Application.ReadWrite.All"},
	"AddOwner":        {"Application.ReadWrite.All", "Directory.Read.All"},
	"RemoveOwner":     {"Application.ReadWrite.All"},
	"SetEnabled":      {"Application.ReadWrite.All"},
	"SetRedirectURIs": {"Application.ReadWrite.All"},
	"SetLock":         {"Application.ReadWrite.All"},
	"Delete":          {"Application.ReadWrite.All"},
	"Restore":         {"Application.ReadWrite.All"}, // and a directory role

	"AddAppRole":    {"AppRoleAssignment.ReadWrite.All", "Application.Read.All"},
	"RemoveAppRole": {"AppRoleAssignment.ReadWrite.All"},
	"AddGrant":      {"DelegatedPermissionGrant.ReadWrite.All"},
	"SetGrantScope": {"DelegatedPermissionGrant.ReadWrite.All"},
	"RemoveGrant":   {"DelegatedPermissionGrant.ReadWrite.All"},
	"AddRole":       {"RoleManagement.ReadWrite.Directory"},
	"RemoveRole":    {"RoleManagement.ReadWrite.Directory"},
	"AddMember":     {"GroupMember.ReadWrite.All"},
	"RemoveMember":  {"GroupMember.ReadWrite.All"},

	"RiskyPrincipals":    {"IdentityRiskyServicePrincipal.Read.All"},
	"RiskyPrincipal":     {"IdentityRiskyServicePrincipal.Read.All"},
	"RiskHistory":        {"IdentityRiskyServicePrincipal.Read.All"},
	"RiskDetections":     {"IdentityRiskEvent.Read.All"},
	"ConfirmCompromised": {"IdentityRiskyServicePrincipal.ReadWrite.All"},
	"Dismiss":            {"IdentityRiskyServicePrincipal.ReadWrite.All"},

	"SignIn": {"AuditLog.Read.All", "Directory.Read.All"},

	"AccessPolicies":     {"Policy.Read.All"},
	"AccessPolicy":       {"Policy.Read.All"},
	"AddAccessPolicy":    {"Policy.Read.All", "Policy.ReadWrite.ConditionalAccess", "Application.Read.All"},
	"UpdateAccessPolicy": {"Policy.Read.All", "Policy.ReadWrite.ConditionalAccess", "Application.Read.All"},
	"RemoveAccessPolicy": {"Policy.Read.All", "Policy.ReadWrite.ConditionalAccess"},
}
