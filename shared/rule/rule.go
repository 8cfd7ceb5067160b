package rule

import (
	"slices"

	"rekey/shared/event"
	"rekey/shared/score"
)

// Shape says how well the fields are known that a rule reads.
type Shape string

// The shapes.
const (
	Recorded   Shape = "recorded"   // seen in a public record
	Documented Shape = "documented" // described by Microsoft, not seen
	Guessed    Shape = "guessed"    // only read by public rules; such a rule never says high
)

// Risk event types, spelled like Microsoft's.
const (
	TypeAnomalous  = "anomalousServicePrincipalActivity"
	TypeSuspicious = "suspiciousApplication"
	TypeConfirmed  = "adminConfirmedServicePrincipalCompromised"
)

// Rule is one detection.
type Rule struct {
	ID, Title      string
	Covers         []string // merged ids of the public rules; empty for what no public rule looks at
	RiskType       string   // empty when the record brings its own
	Techniques     []string // MITRE ATT&CK
	Event          string   // the log event it looks at
	Shape          Shape
	Levels         string
	FalsePositives []string
	Ask            []string   // what an investigator should ask next
	Kind           event.Kind // KindAzureActivity for a rule about that log; zero: directory changes and risk findings
	Match          func(e *event.Event, w *World) []Finding
}

// Finding is what one event shows.
type Finding struct {
	Principal event.Principal // whom it is about: the one that was changed
	Level     score.Level
	Subject   string // what tells two findings of one day apart
	What      string // a sentence without its full stop
	KeyIDs    []string
}

// Catalogue is every rule, by what it looks at.
var Catalogue = []*Rule{
	// Credentials.
	credentialAtCreation,
	credentialFirst,
	credentialAdditional,
	credentialTypeNew,
	credentialOnPrincipal,
	credentialByApplication,
	credentialOnFirstParty,
	credentialOnRekey,
	rekeyChanged,
	rekeyDisabled,
	rekeyBlocked,
	credentialOnSyncApplication,
	changeByGuest,
	// Configuration.
	redirectAdded,
	redirectUnsafe,
	redirectLocalhost,
	redirectLookAlike,
	redirectForeign,
	redirectClaimable,
	identifierURI,
	logoutURL,
	multiTenant,
	permissionsRequested,
	permissionsJump,
	managementPolicy,
	propertyLock,
	accountEnabled,
	disabledByGovernance,
	// What guards the tenant.
	conditionalAccessOff,
	conditionalAccessExcepted,
	conditionalAccessLoosened,
	namedLocation,
	domainFederated,
	domainAdded,
	certificateAuthority,
	trustedAuthority,
	accessElevated,
	// Consent.
	consentByUser,
	consentByAdmin,
	consentRiskyScopes,
	consentAttackTool,
	consentBlocked,
	consentUnapproved,
	consentPolicyWeakened,
	grantForAll,
	grantForOne,
	// App roles and directory roles.
	roleManagementGranted,
	appRoleControlPlane,
	mailRoleGranted,
	appRoleGranted,
	appRoleBySelf,
	appRoleByApplication,
	directoryRole,
	directoryRoleByApplication,
	groupMember,
	groupByApplication,
	// People whom an application changed.
	userByApplication,
	passwordByApplication,
	methodByApplication,
	// New, foreign and gallery applications.
	applicationCreated,
	principalCreated,
	principalForeign,
	managedIdentityCreated,
	nameLikeMicrosoft,
	publisherUnset,
	// Owners.
	ownerAdded,
	ownerRemoved,
	// Federated credentials.
	federatedAdded,
	federatedWildcard,
	federatedIssuerChanged,
	federatedRepository,
	// Others.
	principalDeleted,
	principalRestored,
	syncAccount,
	actorToken,
	confirmedCompromised,
	riskDismissed,
	microsoftRisk,
	// Watching the watcher.
	diagnosticsChanged,
	watcherTampered,
	elevateAccessAzure,
}

// ByID returns the rule with an id; nil when there is none.
func ByID(id string) *Rule {
	if i := slices.IndexFunc(Catalogue, func(r *Rule) bool { return r.ID == id }); i >= 0 {
		return Catalogue[i]
	}
	return nil
}
