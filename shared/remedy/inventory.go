// Package remedy plans how the locks of a workload identity are changed, and keeps the journal of doing it.
//
// It does neither I/O nor knows how a call is made. Build is a pure function from an inventory, a case and a policy to
// an ordered list of steps; Operation is the journal, a value with transitions. Handlers carry the steps out.
package remedy

import (
	"crypto/sha1" //nolint:gosec // Entra's thumbprints are SHA-1
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
)

// Kinds of object that hold credentials.
const (
	KindApplication      = "application"
	KindServicePrincipal = "servicePrincipal"
)

// Inventory is everything that opens the door: an application and all its service principals in the tenant.
//
// For an agent identity the application is its blueprint, and the principals are the blueprint's and the agent's own.
type Inventory struct {
	Tenant       string         `json:"tenant"`
	Application  *Object        `json:"application,omitempty"` // nil: not registered in this tenant
	Principals   []Object       `json:"servicePrincipals"`
	Agents       List[AgentRef] `json:"agentIdentities,omitzero"` // all agents of the blueprint
	Restrictions *Restrictions  `json:"appManagementPolicy,omitempty"`
	Taken        time.Time      `json:"taken"`
}

// Objects returns the application, if there is one, and the service principals.
func (i Inventory) Objects() []Object {
	if i.Application == nil {
		return i.Principals
	}
	return append([]Object{*i.Application}, i.Principals...)
}

// Object is an application or a service principal. Lists and pointers that are zero were not read.
type Object struct {
	Kind             string      `json:"kind"`
	ID               string      `json:"id"`
	AppID            string      `json:"appId"`
	Name             string      `json:"displayName"`
	Type             string      `json:"servicePrincipalType,omitempty"`
	Owner            string      `json:"appOwnerOrganizationId,omitempty"`
	Enabled          bool        `json:"accountEnabled"`
	Keys             []Key       `json:"keyCredentials"`
	Passwords        []Password  `json:"passwordCredentials"`
	Federated        []Federated `json:"federatedIdentityCredentials"`
	EncryptionKeyID  string      `json:"tokenEncryptionKeyId,omitempty"`
	PreferredSigning string      `json:"preferredTokenSigningKeyThumbprint,omitempty"`
	SingleSignOn     string      `json:"preferredSingleSignOnMode,omitempty"`

	DataType       string              `json:"@odata.type,omitempty"`              // tells blueprints and agents from other objects
	BlueprintID    string              `json:"agentIdentityBlueprintId,omitempty"` // appId of an agent's blueprint
	Publisher      string              `json:"verifiedPublisher,omitempty"`        // "" when nobody was verified
	Template       string              `json:"applicationTemplateId,omitempty"`    // of the gallery
	Audience       string              `json:"signInAudience,omitempty"`           // "" is unknown
	Created        time.Time           `json:"createdDateTime,omitzero"`
	Tags           []string            `json:"tags,omitempty"`
	Owners         List[Owner]         `json:"owners,omitzero"`
	RedirectURIs   List[RedirectURI]   `json:"redirectUris,omitzero"`
	IdentifierURIs List[string]        `json:"identifierUris,omitzero"`
	LogoutURL      *string             `json:"logoutUrl,omitempty"`
	Grants         List[Grant]         `json:"oauth2PermissionGrants,omitzero"`
	AppRoles       List[AppRole]       `json:"appRoleAssignments,omitzero"` // as client
	AssignedTo     List[Assignee]      `json:"appRoleAssignedTo,omitzero"`  // as resource: who calls it
	DirectoryRoles List[DirectoryRole] `json:"directoryRoles,omitzero"`
	Groups         List[Group]         `json:"groups,omitzero"`
	AzureRoles     List[AzureRole]     `json:"azureRoleAssignments,omitzero"`
	VaultAccess    List[VaultAccess]   `json:"vaultAccess,omitzero"`
	Lock           *Lock               `json:"servicePrincipalLockConfiguration,omitempty"`
	Managed        *Managed            `json:"managedIdentity,omitempty"`
}

// Key is a key credential. Raw is the item as Graph sent it: echoing it with a null key keeps it, and any field lost on
// the way makes Graph refuse the whole change.
type Key struct {
	KeyID  string          `json:"keyId"`
	Type   string          `json:"type"`
	Usage  string          `json:"usage"`
	Name   string          `json:"displayName"`
	Group  string          `json:"customKeyIdentifier"`
	Public string          `json:"key"` // base64 DER of the certificate; empty when it was not read
	Start  time.Time       `json:"startDateTime"`
	End    time.Time       `json:"endDateTime"`
	Raw    json.RawMessage `json:"-"`
}

// Thumbprint returns the SHA-1 thumbprint computed from the certificate itself, in upper-case hexadecimal, or "" when
// the certificate was not read. The customKeyIdentifier only looks like one: whoever added the key chose it.
func (k Key) Thumbprint() string {
	der, err := base64.StdEncoding.DecodeString(k.Public)
	if err != nil || len(der) == 0 {
		return ""
	}
	sum := sha1.Sum(der) //nolint:gosec // a name, not a protection
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// Password is a password credential. Its secret is never readable.
type Password struct {
	KeyID string    `json:"keyId"`
	Name  string    `json:"displayName"`
	Group string    `json:"customKeyIdentifier,omitempty"`
	Start time.Time `json:"startDateTime"`
	End   time.Time `json:"endDateTime"`
}

// Federated is a federated identity credential: another issuer's tokens open the door. A flexible one matches claims by
// an expression and has no subject. Of a user-assigned managed identity it is a resource of ARM and ID is its ARM id.
type Federated struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Issuer    string   `json:"issuer"`
	Subject   string   `json:"subject"`
	Claims    string   `json:"claimsMatchingExpression,omitempty"`
	Audiences []string `json:"audiences,omitempty"`

	Description   string `json:"description,omitempty"`
	ClaimsVersion int    `json:"claimsLanguageVersion,omitempty"`
}
