// Package event defines the facts that Rekey works on: one Event for each log record that concerns an identity.
//
// Package entralog makes events out of bytes; every later stage reads them. Nothing in here knows how a record was
// spelled or which hub brought it. Terms are Microsoft's: a principal is a service principal (managed identities are
// service principals too), its ObjectID is the id of the servicePrincipal object, its AppID the client id of the
// application.
//
// Strings of an Event may point into the message it was decoded from. They stay valid as long as they are held
// (they keep the message in memory); whoever keeps one beyond the batch clones it.
package event

import (
	"net/netip"
	"strings"
	"time"
)

// Kind says which log an event comes from.
type Kind uint8

// The kinds of event.
const (
	// KindSignIn is a sign-in of a service principal (ServicePrincipalSignInLogs).
	KindSignIn Kind = iota + 1
	// KindManagedIdentitySignIn is a token issued to a managed identity (ManagedIdentitySignInLogs): no address, no agent.
	KindManagedIdentitySignIn
	// KindUserSignIn is a sign-in of a user to an application; it is counted, never scored.
	KindUserSignIn
	// KindAudit is a change in the directory (AuditLogs).
	KindAudit
	// KindVaultAccess is an operation on a key vault (AuditEvent of Microsoft.KeyVault).
	KindVaultAccess
	// KindGraphActivity is one call to Microsoft Graph (MicrosoftGraphActivityLogs).
	KindGraphActivity
	// KindDirectoryGraphActivity is one call to the old Azure AD Graph (AADGraphActivityLogs).
	KindDirectoryGraphActivity
	// KindAzureActivity is an operation on Azure Resource Manager.
	KindAzureActivity
	// KindRisk is a finding of Microsoft's own (ServicePrincipalRiskEvents, RiskyServicePrincipals).
	KindRisk
)

var kindNames = [...]string{
	"unknown", "signIn", "managedIdentitySignIn", "userSignIn", "audit", "vaultAccess",
	"graphActivity", "directoryGraphActivity", "azureActivity", "risk",
}

// String returns the kind's name in lower camel case.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return kindNames[0]
}

// Event is one record, reduced to what Rekey uses. Fields the record lacks are zero: unknown, not new.
type Event struct {
	Kind          Kind
	ID            string    // the record's own id, or a hash of it where the log has none: the same on redelivery
	Time          time.Time // when it happened, UTC
	Exported      time.Time // when the log wrote it, UTC; the zero time when unknown
	Tenant        string    // tenant id in lower case; empty for most vault records
	CorrelationID string
	Principal     Principal  // who acted or, for Risk, who is at risk; zero for a user's act
	Caller        netip.Addr // the caller's address; the zero Addr when unknown
	Network       Network    // what is known about Caller

	// One of these belongs to the kind; the others are zero.
	SignIn SignIn          // SignIn, ManagedIdentitySignIn, UserSignIn
	Audit  *Change         // Audit
	Vault  *VaultOperation // VaultAccess
	Graph  *GraphCall      // GraphActivity, DirectoryGraphActivity
	Azure  *AzureOperation // AzureActivity
	Risk   *RiskFinding    // Risk
}

// Principal names a workload identity. ObjectID is the servicePrincipal object's id and the key of all state;
// both ids are in lower case. Name is the display name: not unique, chosen by whoever made the app.
type Principal struct {
	ObjectID string `json:"objectId"`
	AppID    string `json:"appId,omitempty"`
	Name     string `json:"displayName,omitempty"`
}

// Key returns the id that state about the principal is kept under: the object id or, where a log has only the
// application, "app:" and the application id. It is empty when neither is known.
func (p Principal) Key() string {
	switch {
	case p.ObjectID != "":
		return p.ObjectID
	case p.AppID != "":
		return "app:" + p.AppID
	}
	return ""
}

// userPrefix stands before the object id in the key of what is kept about a user.
const userPrefix = "user:"

// User returns the stand-in under which findings about a user are kept. He is no workload: nothing of Rekey's acts upon him.
func User(id string) Principal { return Principal{ObjectID: userPrefix + id} }

// IsUser reports whether a principal is a user's stand-in.
func (p Principal) IsUser() bool { return strings.HasPrefix(p.ObjectID, userPrefix) }

// Hosting classes of a network.
const (
	HostingUnknown    Hosting = iota
	HostingDatacenter         // a cloud or a hosting provider
	HostingAnonymizer         // a VPN, proxy or Tor provider
	HostingOrdinary           // an access network or a company
	HostingOwn                // the user's own egress ranges
)

// Hosting is the class of a network.
type Hosting uint8

// String returns the class in words for people.
func (h Hosting) String() string {
	return [...]string{"unknown", "hosting", "anonymizer", "non-hosting", "own"}[min(h, HostingOwn)]
}

// Network is what is known about an address, from the record or from the address table.
type Network struct {
	ASN     uint32  // autonomous system number; 0 when unknown
	ASName  string  // its holder
	Country string  // ISO 3166-1 alpha-2, upper case
	Hosting Hosting // class
	Trusted bool    // the record says that it is a named location which the tenant trusts
}

// Credential types, spelled like Graph's clientCredentialType.
const (
	CredentialUnknown         = ""
	CredentialSecret          = "clientSecret"
	CredentialCertificate     = "certificate"
	CredentialAssertion       = "clientAssertion"
	CredentialFederated       = "federatedIdentityCredential"
	CredentialManagedIdentity = "managedIdentity"
)

// SignIn holds what is particular to sign-ins.
type SignIn struct {
	ErrorCode          int    // 0: success
	ResourceID         string // application id of the resource the token is for, lower case
	ResourceName       string
	ResourceObjectID   string // object id of the resource's service principal
	UserAgent          string
	ClientLibrary      string // authenticationProcessingDetails: "Family: MSAL Library: MSAL.NET 4.54 Platform: .NET"
	CredentialType     string // one of the Credential constants
	CredentialKeyID    string // keyId of the secret or certificate, lower case
	Thumbprint         string // of the certificate
	FederatedID        string // id of the federated identity credential
	TokenID            string // uniqueTokenIdentifier, normalised to the 22 characters that other logs use
	AppOwnerTenant     string
	UserID             string // UserSignIn only
	ConditionalAccess  string // conditionalAccessStatus
	ManagedIdentityRes string // ARM id of the resource behind a managed identity, if the record says
}

// Succeeded reports whether a token was issued. Only successful sign-ins teach a baseline.
func (s *SignIn) Succeeded() bool { return s.ErrorCode == 0 }

// Change is one directory audit record.
type Change struct {
	Activity   string // activityDisplayName with dashes and spaces normalised: see entralog.NormalizeActivity
	Category   string
	Result     string // "success" or "failure"
	Actor      Actor
	Targets    []Target
	Additional map[string]string // additionalDetails
}

// Actor is who made a change: a user or an application.
type Actor struct {
	UserID    string
	UserName  string // userPrincipalName
	UserShown string // displayName, null for people; a service that acts as a user has its own name here
	Principal Principal
}

// Target is one object a change touched.
type Target struct {
	ID         string // lower case; an application's object id is neither its appId nor its principal's id
	Type       string // "Application", "ServicePrincipal", "User", ...
	Name       string
	Properties []Property
}

// Property is one modified property; Old and New are JSON text with one layer of string encoding removed.
type Property struct{ Name, Old, New string }

// VaultOperation is one call to a key vault.
type VaultOperation struct {
	Operation string // SecretGet, SecretList, KeySign, VaultPatch, ...
	Status    int    // HTTP status: resultType says Success even for a 403
	VaultID   string // ARM id in lower case
	Vault     string // host name in lower case, without the domain
	Object    string // "secrets/name" or "" on list operations
	Version   string
	Client    string // user agent
	UserID    string // object id when a user acted
}

// GraphCall is one call to Microsoft Graph or Azure AD Graph.
type GraphCall struct {
	Method    string
	URI       string
	Status    int
	TokenID   string // signInActivityId
	UserID    string
	UserAgent string
	Roles     string // application permissions, space-separated
	Scopes    string // delegated permissions, space-separated
}

// AzureOperation is one record of the Azure activity log.
type AzureOperation struct {
	Operation string // lower case, like microsoft.keyvault/vaults/write
	Status    string // Start, Success, Failure, ...
	Scope     string // resource id in lower case
	TokenID   string // claims.uti
	UserID    string
}

// RiskFinding is one of Microsoft's own risk detections, or a principal's risk state.
type RiskFinding struct {
	Type     string // riskEventType as it came
	Level    string // low, medium, high, hidden, none
	State    string // riskState
	Detail   string
	KeyIDs   []string
	Detected time.Time
}
