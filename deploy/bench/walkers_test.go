package bench

import (
	"errors"

	"github.com/valyala/fastjson"

	"rekey/shared/event"
)

// Libraries that give a tree, a tape or callbacks fill the same struct, member by member.

var errShape = errors.New("not the shape that was generated")

// member returns where a text member of a sign-in goes, or nil.
func (s *signIn) member(name []byte) *string {
	switch string(name) {
	case "time":
		return &s.Time
	case "resourceId":
		return &s.ResourceID
	case "category":
		return &s.Category
	case "tenantId":
		return &s.Tenant
	case "resultType":
		return &s.ResultType
	case "callerIpAddress":
		return &s.Caller
	case "correlationId":
		return &s.Correlation
	case "location":
		return &s.Location
	}
	return nil
}

// member returns where a text member of the properties goes, or nil.
func (p *properties) member(name []byte) *string {
	switch string(name) {
	case "id":
		return &p.ID
	case "createdDateTime":
		return &p.Created
	case "appId":
		return &p.AppID
	case "servicePrincipalId":
		return &p.ObjectID
	case "servicePrincipalName":
		return &p.Name
	case "appDisplayName":
		return &p.AppName
	case "userId":
		return &p.UserID
	case "ipAddress":
		return &p.Address
	case "resourceId":
		return &p.ResourceID
	case "resourceDisplayName":
		return &p.ResourceName
	case "resourceServicePrincipalId":
		return &p.ResourceObjectID
	case "userAgent":
		return &p.UserAgent
	case "clientCredentialType":
		return &p.CredentialType
	case "servicePrincipalCredentialKeyId":
		return &p.KeyID
	case "servicePrincipalCredentialThumbprint":
		return &p.Thumbprint
	case "federatedCredentialId":
		return &p.FederatedID
	case "uniqueTokenIdentifier":
		return &p.Token
	case "appOwnerTenantId":
		return &p.AppOwnerTenant
	case "conditionalAccessStatus":
		return &p.ConditionalAccess
	}
	return nil
}

func newFastjson() decoder {
	var parser fastjson.Parser
	var e event.Event
	var s signIn
	inProperties := func(name []byte, v *fastjson.Value) {
		p := &s.Properties
		if to := p.member(name); to != nil {
			*to = text(v.GetStringBytes())
			return
		}
		switch string(name) {
		case "autonomousSystemNumber":
			p.ASN = uint32(v.GetUint())
		case "location":
			p.Location.Country = text(v.GetStringBytes("countryOrRegion"))
		case "status":
			p.Status.Code = v.GetInt("errorCode")
		case "authenticationProcessingDetails":
			for _, d := range v.GetArray() {
				p.Details = append(p.Details, detail{text(d.GetStringBytes("key")), text(d.GetStringBytes("value"))})
			}
		}
	}
	atTop := func(name []byte, v *fastjson.Value) {
		if to := s.member(name); to != nil {
			*to = text(v.GetStringBytes())
		} else if string(name) == "properties" {
			v.GetObject().Visit(inProperties)
		}
	}
	return func(message []byte, each func(*event.Event)) error {
		root, err := parser.ParseBytes(message)
		if err != nil {
			return err
		}
		for _, record := range root.GetArray("records") {
			s = signIn{Properties: properties{Details: s.Properties.Details[:0]}}
			record.GetObject().Visit(atTop)
			if err := s.event(&e); err != nil {
				return err
			}
			each(&e)
		}
		return nil
	}
}
