package entralog

import (
	"encoding/base64"
	"strconv"

	"rekey/shared/event"
	"rekey/shared/fault"
)

// signIn makes the event of what was gathered.
func (h *head) signIn(s *scanner, e *event.Event) error {
	if h.bad != "" {
		return fault.Errorf(fault.Poison, "reading sign-in: %s must be a string", h.bad)
	}
	if err := times(e, h.text[created], h.text[exported]); err != nil {
		return err
	}
	t, in := &h.text, &e.SignIn
	e.Kind, e.ID, e.CorrelationID = h.kind(), t[recordID], t[correlation]
	e.Principal.ObjectID, e.Principal.AppID, e.Principal.Name = s.lower(t[principalID]), s.lower(t[appID]), either(t[principalName], t[appName])
	e.Caller = address(either(t[ipAddress], t[caller]))
	e.Network.ASN, e.Network.Country, e.Network.Trusted = system(t[asNumber]), countryCode(t[region]), t[trusted] != ""
	if e.Tenant = s.lower(t[tenant]); e.Tenant == "" {
		e.Tenant = tenantOf(t[tenantResource])
	}
	in.ResourceID, in.ResourceName, in.ResourceObjectID = s.lower(t[resourceID]), t[resourceName], s.lower(t[resourceObject])
	in.UserAgent, in.ClientLibrary, in.UserID, in.ConditionalAccess = t[userAgent], t[library], s.lower(t[userID]), t[conditionalAccess]
	in.CredentialType, in.Thumbprint, in.FederatedID, in.AppOwnerTenant = t[credential], t[thumbprint], s.lower(t[federatedID]), s.lower(t[ownerTenant])
	if code := either(t[errorCode], t[resultType]); code != "" {
		n, err := strconv.Atoi(code)
		if err != nil {
			return fault.Errorf(fault.Poison, "reading sign-in: properties.status.errorCode is %.20q, expected a number", code)
		}
		in.ErrorCode = n
	}
	return complete(e, s.lower(t[keyID]), t[token])
}

// either returns the first of two texts that is not empty.
func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// system reads the number of an autonomous system; 0 when it is none.
func system(s string) uint32 {
	if s == "" {
		return 0
	}
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
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
