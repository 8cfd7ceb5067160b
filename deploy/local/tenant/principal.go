package tenant

import (
	"net/netip"

	"rekey/shared/event"
)

// Kind says what sort of workload a principal is.
type Kind string

// The kinds.
const (
	KindJob             Kind = "scheduled job"    // at fixed hours, from fixed machines
	KindDaemon          Kind = "daemon"           // every few minutes, around the clock, from fixed machines
	KindPool            Kind = "CI pool"          // a new address nearly every run, out of a few networks
	KindManagedIdentity Kind = "managed identity" // its sign-ins show no address
	KindMultiTenant     Kind = "multi-tenant app" // of this tenant, used by others, too
	KindSAML            Kind = "SAML app"         // people sign in to it; it holds a token-signing certificate
	KindForeign         Kind = "foreign app"      // of another tenant: no application object here
	KindLegacy          Kind = "legacy principal" // without an application object, of before 2015
)

// Principal is one workload identity and its habits.
type Principal struct {
	Kind                Kind
	Name                string
	AppID               string
	ObjectID            string // of the service principal
	ApplicationObjectID string // empty without an application object in this tenant
	Owner               string // tenant that owns the application
	Sources             []Source
	Resources           []Resource // none: it never signs in by itself
	Agent               string     // user agent
	Library             string     // as in authenticationProcessingDetails; may be empty
	Credential          Credential // the one it signs in with
	Hours               []int      // of the day in UTC at which it runs; none: around the clock
	Rate                int        // sign-ins a day at scale 1
	Old                 bool       // its records come in the shape of 2022
}

// Source is a place that a principal signs in from. Without addresses, each run gets a new one of the network.
type Source struct {
	Network   *Network
	Addresses []netip.Addr
}

// Credential is what a sign-in record says about a credential.
type Credential struct {
	Type        string // one of event's Credential constants
	KeyID       string
	Thumbprint  string
	FederatedID string
}

func ofPassword(p PasswordCredential) Credential {
	return Credential{Type: event.CredentialSecret, KeyID: p.KeyID}
}

func ofCertificate(k KeyCredential) Credential {
	return Credential{Type: event.CredentialCertificate, KeyID: k.KeyID, Thumbprint: thumbprint(k)}
}

func ofFederated(f FederatedIdentityCredential) Credential {
	return Credential{Type: event.CredentialFederated, KeyID: "00000000-0000-0000-0000-000000000000", FederatedID: f.ID}
}
