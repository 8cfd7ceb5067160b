package entralog

import (
	"encoding/base64"
	"strconv"

	"rekey/shared/event"
	"rekey/shared/fault"
)

// head is what the fast path gathers of a record: the top-level members, and the properties of a sign-in.
type head struct {
	inline     bool // a sign-in whose properties were read
	time       string
	resourceID string
	caller     string
	location   string
	resultType string

	id, created, address, spName, appName string
	keyID, token, errorCode, asn          string
	bad                                   string // name of a needed member of the wrong type
}

// read passes over a record once. Properties are read in place when the category, which comes first in real records,
// says that it is a sign-in; otherwise they are skipped and the record is read as a tree.
func (h *head) read(s *scanner, e *event.Event) {
	for ok := s.enter('{', '}'); ok; ok = s.more('}') {
		switch s.key() {
		case "category":
			if s.space() == '"' {
				e.Kind = signInKind(s.str())
			} else {
				s.skip()
			}
		case "time":
			h.time = h.want(s, "time")
		case "resourceId":
			h.resourceID = s.loose()
		case "tenantId":
			e.Tenant = lower(s.loose())
		case "callerIpAddress":
			h.caller = s.loose()
		case "correlationId":
			e.CorrelationID = s.loose()
		case "location":
			h.location = s.loose()
		case "resultType":
			h.resultType = s.loose()
		case "properties":
			if e.Kind == 0 || s.space() != '{' {
				s.skip()
				continue
			}
			h.properties(s, e)
			h.inline = true
		default:
			s.skip()
		}
	}
}

func signInKind(category string) event.Kind {
	switch category {
	case "ServicePrincipalSignInLogs":
		return event.KindSignIn
	case "ManagedIdentitySignInLogs":
		return event.KindManagedIdentitySignIn
	case "SignInLogs", "NonInteractiveUserSignInLogs":
		return event.KindUserSignIn
	}
	return 0
}

// want reads a string that the record cannot do without; another type is remembered as the record's fault.
func (h *head) want(s *scanner, name string) string {
	t, ok := s.optional()
	if !ok && h.bad == "" {
		h.bad = name
	}
	return t
}

// properties reads the members of a sign-in that are used, in one pass.
func (h *head) properties(s *scanner, e *event.Event) {
	in := &e.SignIn
	for ok := s.enter('{', '}'); ok; ok = s.more('}') {
		switch s.key() {
		case "id":
			h.id = h.want(s, "properties.id")
		case "createdDateTime":
			h.created = h.want(s, "properties.createdDateTime")
		case "appId":
			e.Principal.AppID = lower(h.want(s, "properties.appId"))
		case "servicePrincipalId":
			e.Principal.ObjectID = lower(h.want(s, "properties.servicePrincipalId"))
		case "servicePrincipalName":
			h.spName = s.loose()
		case "appDisplayName":
			h.appName = s.loose()
		case "userId":
			in.UserID = lower(s.loose())
		case "ipAddress":
			h.address = s.loose()
		case "autonomousSystemNumber":
			h.asn = s.loose()
		case "location":
			h.place(s)
		case "resourceId":
			in.ResourceID = lower(s.loose())
		case "resourceDisplayName":
			in.ResourceName = s.loose()
		case "resourceServicePrincipalId":
			in.ResourceObjectID = lower(s.loose())
		case "status":
			h.statusCode(s)
		case "userAgent":
			in.UserAgent = s.loose()
		case "authenticationProcessingDetails":
			in.ClientLibrary = library(s, in.ClientLibrary)
		case "clientCredentialType":
			in.CredentialType = s.loose()
		case "servicePrincipalCredentialKeyId":
			h.keyID = lower(s.loose())
		case "servicePrincipalCredentialThumbprint":
			in.Thumbprint = s.loose()
		case "federatedCredentialId":
			in.FederatedID = lower(s.loose())
		case "uniqueTokenIdentifier":
			h.token = s.loose()
		case "appOwnerTenantId":
			in.AppOwnerTenant = lower(s.loose())
		case "conditionalAccessStatus":
			in.ConditionalAccess = s.loose()
		default:
			s.skip()
		}
	}
}

// place reads the country out of a location object.
func (h *head) place(s *scanner) {
	if s.space() != '{' {
		s.skip()
		return
	}
	for ok := s.enter('{', '}'); ok; ok = s.more('}') {
		if s.key() == "countryOrRegion" {
			if c := s.loose(); c != "" {
				h.location = c
			}
			continue
		}
		s.skip()
	}
}

// statusCode reads status.errorCode, a number or a string.
func (h *head) statusCode(s *scanner) {
	if s.space() != '{' {
		s.skip()
		return
	}
	for ok := s.enter('{', '}'); ok; ok = s.more('}') {
		if s.key() == "errorCode" {
			h.errorCode = s.loose()
			continue
		}
		s.skip()
	}
}

// library finds the authentication library among [{"key":...,"value":...}].
func library(s *scanner, found string) string {
	if s.space() != '[' {
		s.skip()
		return found
	}
	for ok := s.enter('[', ']'); ok; ok = s.more(']') {
		if s.space() != '{' {
			s.skip()
			continue
		}
		name, value := "", ""
		for ok := s.enter('{', '}'); ok; ok = s.more('}') {
			switch s.key() {
			case "key":
				name = s.loose()
			case "value":
				value = s.loose()
			default:
				s.skip()
			}
		}
		if name == "Azure AD App Authentication Library" && value != "" {
			found = value
		}
	}
	return found
}

// signIn completes the event from what was gathered.
func (h *head) signIn(e *event.Event) error {
	if h.bad != "" {
		return fault.Errorf(fault.Poison, "reading sign-in: %s must be a string", h.bad)
	}
	if err := times(e, h.created, h.time); err != nil {
		return err
	}
	e.ID = h.id
	e.Principal.Name = h.spName
	if h.spName == "" {
		e.Principal.Name = h.appName
	}
	if h.address == "" {
		h.address = h.caller
	}
	e.Caller = address(h.address)
	if n, err := strconv.ParseUint(h.asn, 10, 32); err == nil {
		e.Network.ASN = uint32(n)
	}
	e.Network.Country = country(h.location)
	if e.Tenant == "" {
		e.Tenant = tenantOf(h.resourceID)
	}
	if h.errorCode == "" {
		h.errorCode = h.resultType
	}
	if h.errorCode != "" {
		code, err := strconv.Atoi(h.errorCode)
		if err != nil {
			return fault.Errorf(fault.Poison, "reading sign-in: properties.status.errorCode is %.20q, expected a number", h.errorCode)
		}
		e.SignIn.ErrorCode = code
	}
	return complete(e, h.keyID, h.token)
}

// complete applies the rules that all sign-ins share and checks what state is keyed by.
func complete(e *event.Event, keyID, token string) error {
	const zero = "00000000-0000-0000-0000-000000000000"
	in := &e.SignIn
	if keyID != zero {
		in.CredentialKeyID = keyID
	}
	if in.CredentialType == "" || in.CredentialType == "none" {
		in.CredentialType = credentialType(in, keyID == zero)
	}
	in.TokenID = tokenID(token, e.ID)
	if e.Kind == event.KindUserSignIn {
		return nil // counted only; a record without a user or an application counts for nothing
	}
	if !identifiable(e.ID) {
		return fault.Errorf(fault.Poison, "reading sign-in: properties.id is missing or no text")
	}
	if !identifiable(e.Principal.ObjectID) && !(e.Principal.ObjectID == "" && identifiable(e.Principal.AppID)) {
		return fault.Errorf(fault.Poison, "reading sign-in: properties.servicePrincipalId and appId are missing or no text")
	}
	return nil
}

// credentialType is the fallback where a record does not say the type: a zero key id means federated, a thumbprint a
// certificate; a key id alone may be either.
func credentialType(in *event.SignIn, zeroKey bool) string {
	switch {
	case zeroKey, in.FederatedID != "":
		return event.CredentialFederated
	case in.Thumbprint != "":
		return event.CredentialCertificate
	}
	return event.CredentialUnknown
}

// tokenID returns the identifier other logs use for the token. Old records have the base64 of the sign-in's own id,
// which no other log has; it is kept as it is when it is not that.
func tokenID(token, id string) string {
	if len(token) < 40 || len(id) < 16 {
		return token
	}
	var buf [64]byte
	if n, err := base64.StdEncoding.Decode(buf[:], []byte(token)[:min(len(token), 64)]); err == nil && string(buf[:n]) == id {
		return ""
	}
	return token
}

// times sets the event's times: when it happened and when it was exported.
func times(e *event.Event, happened, exported string) error {
	var err error
	if exported != "" {
		if e.Exported, err = ParseTime(exported); err != nil && happened == "" {
			return err
		}
	}
	e.Time = e.Exported
	if happened != "" {
		if e.Time, err = ParseTime(happened); err != nil {
			return err
		}
	}
	if e.Time.IsZero() {
		return fault.Errorf(fault.Poison, "reading record: it says no time")
	}
	return nil
}
