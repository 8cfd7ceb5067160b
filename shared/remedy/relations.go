package remedy

import "time"

// Owner may change the object it owns, its credentials included. Graph does not say since when; the audit log may.
type Owner struct {
	ID    string    `json:"id"`
	Type  string    `json:"type"` // user or servicePrincipal
	Name  string    `json:"displayName"`
	Added time.Time `json:"added,omitzero"` // zero: unknown
}

// Platforms of redirect URIs.
const (
	PlatformWeb    = "web"
	PlatformSPA    = "spa"
	PlatformPublic = "publicClient"
)

// RedirectURI is an address to which codes and tokens of people are sent.
type RedirectURI struct {
	Platform string `json:"platform"`
	URI      string `json:"uri"`
}

// Grant is a delegated permission grant (oauth2PermissionGrant). Graph does not say since when.
type Grant struct {
	ID          string `json:"id"`
	ConsentType string `json:"consentType"` // AllPrincipals or Principal
	PrincipalID string `json:"principalId,omitempty"`
	ResourceID  string `json:"resourceId"`
	Resource    string `json:"resourceDisplayName,omitempty"`
	Scope       string `json:"scope"`
}

// AppRole is an application permission that the object has on a resource.
type AppRole struct {
	ID         string    `json:"id"`
	ResourceID string    `json:"resourceId"`
	Resource   string    `json:"resourceDisplayName"`
	AppRoleID  string    `json:"appRoleId"`
	Value      string    `json:"value,omitempty"` // as in Mail.Read; "" when the resource was not read
	Created    time.Time `json:"createdDateTime,omitzero"`
}

// Assignee is somebody who has a role of the object: a client that calls it, a user, or a group.
type Assignee struct {
	ID          string    `json:"id"`
	PrincipalID string    `json:"principalId"`
	Name        string    `json:"principalDisplayName"`
	Type        string    `json:"principalType"` // ServicePrincipal, User, Group
	Created     time.Time `json:"createdDateTime,omitzero"`
}

// DirectoryRole is an active assignment of a directory role.
type DirectoryRole struct {
	ID         string `json:"id"` // of the assignment
	TemplateID string `json:"roleTemplateId"`
	Name       string `json:"displayName"`
	Scope      string `json:"directoryScopeId,omitempty"`
}

// Group is a direct membership.
type Group struct {
	ID             string `json:"id"`
	Name           string `json:"displayName"`
	RoleAssignable bool   `json:"isAssignableToRole"`
}

// AzureRole is an Azure role assignment of the principal itself, not of a group.
type AzureRole struct {
	ID         string    `json:"id"` // of the assignment
	Role       string    `json:"roleName"`
	Definition string    `json:"roleDefinitionId"`
	Scope      string    `json:"scope"`
	Condition  string    `json:"condition,omitempty"`
	Created    time.Time `json:"createdOn,omitzero"`
}

// Ways into a vault.
const (
	AccessRole   = "role"   // a role assignment of the principal
	AccessPolicy = "policy" // an entry of the vault's access policies
	AccessGroup  = "group"  // what a group of the principal has
)

// VaultAccess is one way in which the principal reaches a vault.
type VaultAccess struct {
	Vault string `json:"vault"` // ARM id
	Kind  string `json:"kind"`
	ID    string `json:"id"` // role assignment, "" for a policy entry, or the group
	What  string `json:"what"`
	Scope string `json:"scope,omitempty"` // of the role assignment, when it reaches beyond the vault
}

// Lock is the application's instance property lock: what service principals of it cannot be changed in.
type Lock struct {
	Enabled    bool `json:"isEnabled"`
	All        bool `json:"allProperties"`
	Verify     bool `json:"credentialsWithUsageVerify"`
	Sign       bool `json:"credentialsWithUsageSign"`
	Encryption bool `json:"tokenEncryptionKeyId"`
}

// Locks reports whether credentials with a usage (Verify or Sign) are locked. An unknown lock locks nothing: Graph says so
// when it is tried.
func (l *Lock) Locks(usage string) bool {
	return l != nil && l.Enabled && (l.All || usage == "Sign" && l.Sign || usage != "Sign" && l.Verify)
}

// Managed is what is known of a managed identity in Azure.
type Managed struct {
	ResourceID   string            `json:"resourceId"` // ARM id of the resource, or of the user-assigned identity
	UserAssigned bool              `json:"userAssigned"`
	AttachedTo   List[string]      `json:"attachedTo,omitzero"` // ARM ids of the resources that use a user-assigned identity
	Tags         map[string]string `json:"tags,omitempty"`
}

// AgentRef names an agent identity of a blueprint.
type AgentRef struct {
	ID      string `json:"id"`
	Name    string `json:"displayName"`
	Enabled bool   `json:"accountEnabled"`
}
