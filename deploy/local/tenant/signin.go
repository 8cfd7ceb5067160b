package tenant

import (
	"encoding/base64"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"time"

	"rekey/shared/event"
)

// visit is one sign-in before it is written down.
type visit struct {
	at       time.Time
	delay    time.Duration // until the log wrote it
	who      *Principal
	resource Resource
	from     *Network   // nil for managed identities
	addr     netip.Addr //
	agent    string
	library  string
	used     Credential
	code     int  // error code; 0 is success
	old      bool // in the shape of 2022
	id       string
	token    string // 22 characters, as other logs have it

	correlation, session string
}

// visit fills in what belongs to the principal and draws the ids.
func (p *Principal) visit(at time.Time, r *rand.Rand) visit {
	return visit{
		at: at, delay: time.Minute + time.Duration(r.Int64N(int64(2*time.Minute))), who: p, agent: p.Agent, library: p.Library,
		used: p.Credential, old: p.Old, id: guid(r), correlation: guid(r), session: guid(r),
		token: base64.RawURLEncoding.EncodeToString(random(r, 16)),
	}
}

// come sets the place that a sign-in comes from.
func (v *visit) come(s Source, r *rand.Rand) {
	v.from = s.Network
	if len(s.Addresses) == 0 {
		v.addr = s.Network.addr(r)
		return
	}
	v.addr = s.Addresses[r.IntN(len(s.Addresses))]
}

// signIn writes a sign-in of a service principal or of a managed identity.
func (t *Tenant) signIn(v visit) Record {
	e := entry{
		Time: exported(v.at.Add(v.delay)), ResourceID: t.entra(), OperationName: "Sign-in activity", OperationVersion: "1.0",
		Category: "ServicePrincipalSignInLogs", TenantID: t.ID, ResultType: strconv.Itoa(v.code), ResultSignature: "SUCCESS",
		DurationMs: 0, CorrelationID: v.correlation, Level: 4,
	}
	switch {
	case v.who.Kind == KindManagedIdentity:
		e.Category, e.ResultSignature = "ManagedIdentitySignInLogs", "None"
	case v.old:
		e.ResultSignature = "None"
	case v.code != 0:
		e.ResultSignature = "FAILURE"
	}
	if v.from != nil {
		e.CallerIPAddress, e.Location = v.addr.String(), v.from.Country
	}
	e.Properties = t.signInProperties(v)
	return record(HubSignIns, v.at, e)
}

func (t *Tenant) signInProperties(v visit) signInProperties {
	p := signInProperties{
		ID: v.id, Created: happened(v.at), AppID: v.who.AppID, Status: status{v.code},
		ConditionalAccess: "notApplied", Policies: []string{}, IssuerType: "AzureAD", RiskDetail: "none",
		RiskAggregated: "low", RiskDuring: "low", RiskState: "none", ResourceName: v.resource.Name, ResourceID: v.resource.AppID,
		Name: v.who.Name, PrincipalID: v.who.ObjectID, CrossTenant: "none", IncomingToken: "none", Protocol: "none",
		Token: base64.StdEncoding.EncodeToString([]byte(v.id)), Details: []pair{{"Azure AD App Authentication Library", v.library}},
	}
	if v.from != nil {
		p.Address = v.addr.String()
		p.Place = place{City: v.from.City, Country: v.from.Country}
	}
	if v.code == 0 && v.used.Type != event.CredentialManagedIdentity {
		p.KeyID, p.Thumbprint = v.used.KeyID, v.used.Thumbprint
	}
	if v.old || v.who.Kind == KindManagedIdentity {
		return p
	}
	p.Token = v.token
	p.newer = &newer{
		Agent: agent{"notAgentic", ""}, UserAgent: v.agent, CredentialType: v.used.Type, FederatedID: v.used.FederatedID,
		NetworkDetails: []string{}, ResourcePrincipal: t.resourceObjectID(v.resource), Protection: "none", Transfer: "none",
		Audiences: []string{v.resource.AppID}, Session: v.session, AppOwner: v.who.Owner, ResourceOwner: microsoft,
	}
	return p
}

// signInProperties are the members that records of every age have.
type signInProperties struct {
	ID                string   `json:"id"`
	Created           string   `json:"createdDateTime"`
	UserID            *string  `json:"userId"`
	AppID             string   `json:"appId"`
	Address           string   `json:"ipAddress"`
	Status            status   `json:"status"`
	Place             place    `json:"location"`
	ConditionalAccess string   `json:"conditionalAccessStatus"`
	Policies          []string `json:"appliedConditionalAccessPolicies"`
	Interactive       bool     `json:"isInteractive"`
	IssuerType        string   `json:"tokenIssuerType"`
	Details           []pair   `json:"authenticationProcessingDetails"`
	Processing        int      `json:"processingTimeInMilliseconds"`
	RiskDetail        string   `json:"riskDetail"`
	RiskAggregated    string   `json:"riskLevelAggregated"`
	RiskDuring        string   `json:"riskLevelDuringSignIn"`
	RiskState         string   `json:"riskState"`
	ResourceName      string   `json:"resourceDisplayName"`
	ResourceID        string   `json:"resourceId"`
	Name              string   `json:"servicePrincipalName"`
	PrincipalID       string   `json:"servicePrincipalId"`
	KeyID             string   `json:"servicePrincipalCredentialKeyId,omitempty"`
	Thumbprint        string   `json:"servicePrincipalCredentialThumbprint,omitempty"`
	Flagged           bool     `json:"flaggedForReview"`
	Restricted        bool     `json:"isTenantRestricted"`
	CrossTenant       string   `json:"crossTenantAccessType"`
	Token             string   `json:"uniqueTokenIdentifier"`
	IncomingToken     string   `json:"incomingTokenType"`
	Protocol          string   `json:"authenticationProtocol"`
	*newer
}

// newer are the members that records have since 2025.
type newer struct {
	Agent             agent    `json:"agent"`
	UserAgent         string   `json:"userAgent"`
	CredentialType    string   `json:"clientCredentialType"`
	FederatedID       string   `json:"federatedCredentialId,omitempty"`
	NetworkDetails    []string `json:"networkLocationDetails"`
	AppPrincipal      *string  `json:"appServicePrincipalId"`
	ResourcePrincipal string   `json:"resourceServicePrincipalId"`
	Protection        string   `json:"signInTokenProtectionStatus"`
	Transfer          string   `json:"originalTransferMethod"`
	GlobalAccess      bool     `json:"isThroughGlobalSecureAccess"`
	Audiences         []string `json:"conditionalAccessAudiences"`
	Session           string   `json:"sessionId"`
	AppOwner          string   `json:"appOwnerTenantId"`
	ResourceOwner     string   `json:"resourceOwnerTenantId"`
}

type status struct {
	Code int `json:"errorCode"`
}

type place struct {
	City    string `json:"city"`
	State   string `json:"state"`
	Country string `json:"countryOrRegion"`
	Geo     struct {
		Latitude  float64 `json:"latitude"`
		Longitude float64 `json:"longitude"`
	} `json:"geoCoordinates"`
}

type pair struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

type agent struct {
	Type   string `json:"agentType"`
	Parent string `json:"parentAppId"`
}
