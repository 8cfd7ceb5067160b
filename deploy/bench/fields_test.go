package bench

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"strings"

	"rekey/shared/entralog"
	"rekey/shared/event"
)

// envelope is a message of a hub, as libraries that fill structs read it.
type envelope struct {
	Records []signIn `json:"records"`
}

// signIn holds what entralog takes from a sign-in.
type signIn struct {
	Time        string     `json:"time"`
	ResourceID  string     `json:"resourceId"`
	Category    string     `json:"category"`
	Tenant      string     `json:"tenantId"`
	ResultType  string     `json:"resultType"`
	Caller      string     `json:"callerIpAddress"`
	Correlation string     `json:"correlationId"`
	Location    string     `json:"location"`
	Properties  properties `json:"properties"`
}

type properties struct {
	ID                string   `json:"id"`
	Created           string   `json:"createdDateTime"`
	AppID             string   `json:"appId"`
	ObjectID          string   `json:"servicePrincipalId"`
	Name              string   `json:"servicePrincipalName"`
	AppName           string   `json:"appDisplayName"`
	UserID            string   `json:"userId"`
	Address           string   `json:"ipAddress"`
	ASN               uint32   `json:"autonomousSystemNumber"`
	Location          location `json:"location"`
	ResourceID        string   `json:"resourceId"`
	ResourceName      string   `json:"resourceDisplayName"`
	ResourceObjectID  string   `json:"resourceServicePrincipalId"`
	Status            outcome  `json:"status"`
	UserAgent         string   `json:"userAgent"`
	Details           []detail `json:"authenticationProcessingDetails"`
	CredentialType    string   `json:"clientCredentialType"`
	KeyID             string   `json:"servicePrincipalCredentialKeyId"`
	Thumbprint        string   `json:"servicePrincipalCredentialThumbprint"`
	FederatedID       string   `json:"federatedCredentialId"`
	Token             string   `json:"uniqueTokenIdentifier"`
	AppOwnerTenant    string   `json:"appOwnerTenantId"`
	ConditionalAccess string   `json:"conditionalAccessStatus"`
}

type location struct {
	Country string `json:"countryOrRegion"`
}

type outcome struct {
	Code int `json:"errorCode"`
}

type detail struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// event makes the event that entralog makes of the same record.
func (s *signIn) event(e *event.Event) error {
	p := &s.Properties
	*e = event.Event{
		Kind: event.KindSignIn, ID: p.ID, Tenant: strings.ToLower(s.Tenant), CorrelationID: s.Correlation,
		Principal: event.Principal{ObjectID: strings.ToLower(p.ObjectID), AppID: strings.ToLower(p.AppID), Name: p.Name},
		Network:   event.Network{ASN: p.ASN, Country: first(p.Location.Country, s.Location)},
	}
	var err error
	if e.Exported, err = entralog.ParseTime(s.Time); err != nil {
		return err
	}
	if e.Time, err = entralog.ParseTime(p.Created); err != nil {
		return err
	}
	if e.Caller, err = netip.ParseAddr(first(p.Address, s.Caller)); err != nil {
		return fmt.Errorf("reading address: %w", err)
	}
	p.signIn(e)
	return nil
}

// signIn fills what is particular to sign-ins.
func (p *properties) signIn(e *event.Event) {
	e.SignIn = event.SignIn{
		ErrorCode: p.Status.Code, ResourceID: strings.ToLower(p.ResourceID), ResourceName: p.ResourceName, ResourceObjectID: strings.ToLower(p.ResourceObjectID),
		UserAgent: p.UserAgent, CredentialType: p.CredentialType, CredentialKeyID: strings.ToLower(p.KeyID), Thumbprint: p.Thumbprint,
		FederatedID: p.FederatedID, TokenID: p.Token, AppOwnerTenant: strings.ToLower(p.AppOwnerTenant), UserID: p.UserID, ConditionalAccess: p.ConditionalAccess,
	}
	e.Principal.Name = first(p.Name, p.AppName)
	for _, d := range p.Details {
		if d.Key == "Azure AD App Authentication Library" && d.Value != "" {
			e.SignIn.ClientLibrary = d.Value
		}
	}
	if p.KeyID == zeroKey {
		e.SignIn.CredentialKeyID = ""
	}
	switch { // old records do not say the type
	case p.CredentialType != "" && p.CredentialType != "none":
	case p.KeyID == zeroKey || p.FederatedID != "":
		e.SignIn.CredentialType = event.CredentialFederated
	case p.Thumbprint != "":
		e.SignIn.CredentialType = event.CredentialCertificate
	}
	if len(p.Token) >= 40 { // the old form: base64 of the record's own id
		if id, err := base64.StdEncoding.DecodeString(p.Token); err == nil && string(id) == p.ID {
			e.SignIn.TokenID = ""
		}
	}
}

const zeroKey = "00000000-0000-0000-0000-000000000000"

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
