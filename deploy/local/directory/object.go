package directory

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"
)

// Kinds of object, named like Graph's collections.
const (
	Applications      = "applications"
	ServicePrincipals = "servicePrincipals"
	Users             = "users"
	Groups            = "groups"
	AccessPolicies    = "conditionalAccess/policies"
	AppPolicies       = "appManagementPolicies"
	Deleted           = "deletedItems"
)

var collections = []string{Applications, ServicePrincipals, Users, Groups, AccessPolicies, AppPolicies, Deleted}

// DefaultAppPolicy is the id of the tenant's default app management policy, which always exists in Graph.
const DefaultAppPolicy = "00000000-0000-0000-0000-000000000000"

// Object is a directory object, with Graph's names. Which fields mean something depends on its collection.
type Object struct {
	ID                       string               `json:"id"`
	AppID                    string               `json:"appId"`
	DisplayName              string               `json:"displayName"`
	CreatedDateTime          time.Time            `json:"createdDateTime,omitzero"`
	SignInAudience           string               `json:"signInAudience,omitempty"`
	ServicePrincipalType     string               `json:"servicePrincipalType,omitempty"`
	AppOwnerOrganizationID   string               `json:"appOwnerOrganizationId,omitempty"`
	AccountEnabled           bool                 `json:"accountEnabled"`
	TokenEncryptionKeyID     string               `json:"tokenEncryptionKeyId,omitempty"`
	PreferredSSOMode         string               `json:"preferredSingleSignOnMode,omitempty"`
	PreferredTokenSigningKey string               `json:"preferredTokenSigningKeyThumbprint,omitempty"`
	Locked                   bool                 `json:"locked,omitempty"` // app instance property lock of a foreign application
	KeyCredentials           []KeyCredential      `json:"keyCredentials"`
	PasswordCredentials      []PasswordCredential `json:"passwordCredentials"`
	Federated                []Federated          `json:"federatedIdentityCredentials"`

	// What an application says of itself.
	PublisherDomain       string             `json:"publisherDomain,omitempty"`
	VerifiedPublisher     *VerifiedPublisher `json:"verifiedPublisher,omitempty"`
	ApplicationTemplateID string             `json:"applicationTemplateId,omitempty"`
	DisabledByMicrosoft   string             `json:"disabledByMicrosoftStatus,omitempty"`
	IdentifierURIs        []string           `json:"identifierUris,omitempty"`
	Web                   Redirects          `json:"web,omitzero"`
	SPA                   Redirects          `json:"spa,omitzero"`
	PublicClient          Redirects          `json:"publicClient,omitzero"`
	UniqueName            string             `json:"uniqueName,omitempty"`
	GroupMembershipClaims string             `json:"groupMembershipClaims,omitempty"`
	API                   API                `json:"api,omitzero"`
	Lock                  *Lock              `json:"servicePrincipalLockConfiguration,omitempty"`

	// What a service principal is known by.
	ReplyURLs             []string  `json:"replyUrls,omitempty"`
	ServicePrincipalNames []string  `json:"servicePrincipalNames,omitempty"`
	AlternativeNames      []string  `json:"alternativeNames,omitempty"` // of a managed identity: the ARM id
	Tags                  []string  `json:"tags,omitempty"`
	AgentBlueprintID      string    `json:"agentIdentityBlueprintId,omitempty"` // makes it an agent identity
	DefinedAppRoles       []AppRole `json:"appRoles,omitempty"`                 // that it, as a resource, or its application offers
	Risk                  *Risk     `json:"risk,omitempty"`

	// Relations. An assignment or grant is kept with whom it was given to.
	Owners   []string            `json:"owners,omitempty"`
	Roles    []RoleAssignment    `json:"roleAssignments,omitempty"` // directory roles
	AppRoles []AppRoleAssignment `json:"appRoleAssignments,omitempty"`
	Grants   []Grant             `json:"oauth2PermissionGrants,omitempty"`
	Members  []string            `json:"members,omitempty"` // of a group

	RoleAssignable bool            `json:"isAssignableToRole,omitempty"` // a group
	MembershipRule string          `json:"membershipRule,omitempty"`     // a group whose members a rule chooses
	AppPolicyID    string          `json:"appManagementPolicy,omitempty"`
	Document       json.RawMessage `json:"document,omitempty"`    // a policy, as it was sent
	DeletedFrom    string          `json:"deletedFrom,omitempty"` // the collection it was deleted from
}

// KeyCredential is a certificate. Key is its DER.
type KeyCredential struct {
	KeyID               string    `json:"keyId"`
	Type                string    `json:"type"`
	Usage               string    `json:"usage"`
	DisplayName         string    `json:"displayName"`
	CustomKeyIdentifier []byte    `json:"customKeyIdentifier"`
	Key                 []byte    `json:"key"`
	StartDateTime       time.Time `json:"startDateTime"`
	EndDateTime         time.Time `json:"endDateTime"`
}

// PasswordCredential is a client secret. Digest is the SHA-256 of the secret, which is not kept.
type PasswordCredential struct {
	KeyID               string    `json:"keyId"`
	DisplayName         string    `json:"displayName"`
	CustomKeyIdentifier []byte    `json:"customKeyIdentifier,omitempty"`
	Hint                string    `json:"hint"`
	Digest              string    `json:"digest"`
	StartDateTime       time.Time `json:"startDateTime"`
	EndDateTime         time.Time `json:"endDateTime"`
}

// Digest is what is kept of a secret.
func Digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Federated is a federated identity credential.
type Federated struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Issuer      string   `json:"issuer"`
	Subject     string   `json:"subject"`
	Description string   `json:"description,omitempty"`
	Audiences   []string `json:"audiences"`
}

// VerifiedPublisher says whom Microsoft verified.
type VerifiedPublisher struct {
	DisplayName         string    `json:"displayName"`
	VerifiedPublisherID string    `json:"verifiedPublisherId"`
	AddedDateTime       time.Time `json:"addedDateTime"`
}

// Redirects are the addresses of a platform of an application.
type Redirects struct {
	RedirectURIs []string `json:"redirectUris"`
	LogoutURL    string   `json:"logoutUrl,omitempty"`
	HomePageURL  string   `json:"homePageUrl,omitempty"`
}

// Lock is servicePrincipalLockConfiguration.
type Lock struct {
	IsEnabled                  bool `json:"isEnabled"`
	AllProperties              bool `json:"allProperties"`
	CredentialsWithUsageVerify bool `json:"credentialsWithUsageVerify"`
	CredentialsWithUsageSign   bool `json:"credentialsWithUsageSign"`
	TokenEncryptionKeyID       bool `json:"tokenEncryptionKeyId"`
}

// AppRole is an application permission that a resource offers.
type AppRole struct {
	ID                 string   `json:"id"`
	Value              string   `json:"value"`
	DisplayName        string   `json:"displayName"`
	Description        string   `json:"description,omitempty"`
	AllowedMemberTypes []string `json:"allowedMemberTypes,omitempty"`
	IsEnabled          *bool    `json:"isEnabled,omitempty"` // nil: it is
}

// Enabled reports whether the role can be given.
func (r AppRole) Enabled() bool { return r.IsEnabled == nil || *r.IsEnabled }

// Scope is a delegated permission that an application offers.
type Scope struct {
	ID                      string `json:"id"`
	Value                   string `json:"value"`
	Type                    string `json:"type"`
	IsEnabled               bool   `json:"isEnabled"`
	AdminConsentDisplayName string `json:"adminConsentDisplayName"`
	AdminConsentDescription string `json:"adminConsentDescription"`
}

// API is what an application says about tokens for it.
type API struct {
	Scopes                      []Scope `json:"oauth2PermissionScopes"`
	RequestedAccessTokenVersion *int    `json:"requestedAccessTokenVersion"`
}

// AppRoleAssignment is an application permission that the object was given.
type AppRoleAssignment struct {
	ID              string    `json:"id"`
	AppRoleID       string    `json:"appRoleId"`
	ResourceID      string    `json:"resourceId"`
	CreatedDateTime time.Time `json:"createdDateTime"`
}

// Grant is a delegated permission grant to the object, which is the client.
type Grant struct {
	ID          string `json:"id"`
	ConsentType string `json:"consentType"`
	PrincipalID string `json:"principalId,omitempty"`
	ResourceID  string `json:"resourceId"`
	Scope       string `json:"scope"`
}

// RoleAssignment is a directory role of the object.
type RoleAssignment struct {
	ID               string `json:"id"`
	RoleDefinitionID string `json:"roleDefinitionId"`
	DirectoryScopeID string `json:"directoryScopeId"`
}

// Risk is what Identity Protection thinks of a service principal.
type Risk struct {
	Level   string       `json:"riskLevel"`
	State   string       `json:"riskState"`
	Detail  string       `json:"riskDetail"`
	Updated time.Time    `json:"riskLastUpdatedDateTime"`
	History []RiskChange `json:"history,omitempty"`
}

// RiskChange is an entry of the history of a risk.
type RiskChange struct {
	Time        time.Time `json:"time"`
	Level       string    `json:"riskLevel"`
	State       string    `json:"riskState"`
	Detail      string    `json:"riskDetail"`
	InitiatedBy string    `json:"initiatedBy"`
}

// clone copies what an edit may change in place. What a pointer leads to is replaced, never edited.
func clone(o Object) Object {
	o.KeyCredentials, o.PasswordCredentials, o.Federated = slices.Clone(o.KeyCredentials), slices.Clone(o.PasswordCredentials), slices.Clone(o.Federated)
	o.Owners, o.Members, o.ReplyURLs = slices.Clone(o.Owners), slices.Clone(o.Members), slices.Clone(o.ReplyURLs)
	o.Roles, o.AppRoles, o.Grants = slices.Clone(o.Roles), slices.Clone(o.AppRoles), slices.Clone(o.Grants)
	return o
}
