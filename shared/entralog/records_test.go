package entralog_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// maker makes sign-ins. A tidy one makes what an exporter writes: records differ in values and in optional members. One
// that is not leaves members out, doubles and shuffles them, gives them values of any type, and spaces them.
type maker struct {
	*rand.Rand
	tidy bool
}

func newMaker(seed uint64, tidy bool) maker { return maker{rand.New(rand.NewPCG(seed, 7)), tidy} }

var odd = []string{
	`null`, `true`, `0`, `-1.5e3`, `""`, `"x"`, `"A\u00e9\"\\B"`, `"\ud83d\ude00"`, `{}`, `[]`, `{"a":[1,{"b":"}"}],"a":"\\"}`, `[[],"]",{"key":"value"}]`,
	`"ServicePrincipalSignInLogs"`, `{"countryOrRegion":"fr","errorCode":7}`, `[{"key":"Azure AD App Authentication Library","value":"L"},7,{"value":null}]`,
	`"2025-10-14T07:34:57Z"`, `"ab` + "\x01" + `"`, `"\q"`, `nul`, `{"a":nul}`, `{]`, `"`,
}

func (m maker) guid() string {
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", m.Uint32(), m.Int64N(1<<48))
}

func (m maker) pick(values ...string) string { return values[m.IntN(len(values))] }

// value is a value of a member, or an odd one.
func (m maker) value(v string) string {
	if !m.tidy && m.IntN(24) == 0 {
		return odd[m.IntN(len(odd))]
	}
	return v
}

func (m maker) text(values ...string) string { return m.value(`"` + m.pick(values...) + `"`) }

func (m maker) space() string {
	if m.tidy {
		return ""
	}
	return m.pick("", "", "", " ", "\n\t", "  ")
}

// object writes members, which are names and values in turn. An empty value leaves the member out.
func (m maker) object(members ...string) string {
	var all []string
	for i := 0; i < len(members); i += 2 {
		if members[i+1] == "" || !m.tidy && m.IntN(20) == 0 {
			continue
		}
		all = append(all, `"`+members[i]+`"`+m.space()+`:`+m.space()+members[i+1])
		if !m.tidy && m.IntN(40) == 0 {
			all = append(all, all[m.IntN(len(all))])
		}
	}
	if !m.tidy && m.IntN(4) == 0 {
		m.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	}
	return m.space() + `{` + m.space() + strings.Join(all, m.space()+","+m.space()) + m.space() + `}`
}

func (m maker) record() string {
	address, place := fmt.Sprintf("192.0.2.%d", m.IntN(256)), m.pick("DE", "NL", "")
	return m.object(
		"time", m.text(fmt.Sprintf("2025-10-14T07:%02d:57.9144897Z", m.IntN(60))), "resourceId", m.text("/tenants/T/providers/Microsoft.aadiam"),
		"category", m.text("ServicePrincipalSignInLogs", "ServicePrincipalSignInLogs", "ServicePrincipalSignInLogs", "ManagedIdentitySignInLogs"),
		"tenantId", m.text("77777777-aaaa-0000-0000-000000000000"), "resultType", m.text("0", "7000222"), "callerIpAddress", m.text(address),
		"correlationId", m.text(m.guid()), "Level", m.value("4"), "location", m.pick(m.text(place), ""), "properties", m.value(m.properties(address, place)))
}

func (m maker) properties(address, place string) string {
	return m.object(
		"id", m.text(m.guid()), "createdDateTime", m.text(fmt.Sprintf("2025-10-14T07:33:%02d.1498978+00:00", m.IntN(60))), "userId", m.value("null"),
		"agent", m.value(m.object("agentType", m.text("notAgentic"), "parentAppId", m.text("", m.guid()))),
		"appId", m.text(m.guid()), "ipAddress", m.text(address), "status", m.value(m.object("errorCode", m.value("0"), "failureReason", m.pick("", m.text("why")))),
		"userAgent", m.text("okhttp\\/4.8.1", "curl/8", m.guid()), "location", m.value(m.object("city", m.text("A", "B", "C"), "countryOrRegion", m.text(place, "us"),
			"geoCoordinates", m.value(fmt.Sprintf(`{"latitude":%d.5,"longitude":-0.0}`, m.IntN(90))))),
		"appliedConditionalAccessPolicies", m.value(m.pick(`[]`, `[{"id":"`+m.guid()+`","result":"no"}]`, `[{"id":"x"},{"id":"`+m.guid()+`"}]`)),
		"networkLocationDetails", m.value(m.pick(`[]`, `[{"networkType":"namedNetwork","networkNames":["Office"]}]`, `[{"networkType":"namedNetwork","networkNames":[]},{"networkType":"trustedNamedLocation","networkNames":["HQ"]}]`)),
		"authenticationProcessingDetails", m.value(`[`+m.pick(m.detail(), m.detail(), m.detail()+`,`+m.detail(), ``)+`]`),
		"clientCredentialType", m.text("clientSecret", "certificate", "none", ""), "resourceDisplayName", m.text("Azure Storage", "Microsoft Graph"),
		"resourceId", m.text("E406A681-f3d4-42a8-90b6-c2b029497af1", "00000003-0000-0000-c000-000000000000"),
		"servicePrincipalName", m.text("billing", `bil\u006cing`, "billing "+m.guid()), "servicePrincipalId", m.text(m.guid(), strings.ToUpper(m.guid())),
		"servicePrincipalCredentialKeyId", m.pick("", m.text("00000000-0000-0000-0000-000000000000", m.guid())), "autonomousSystemNumber", m.pick("", m.value("64500")),
		"uniqueTokenIdentifier", m.text("URB3vEvKUUuClWlFhN4gAA"), "conditionalAccessAudiences", m.value(m.pick(`[]`, `["`+m.guid()+`"]`, `["a","b"]`)),
		"appOwnerTenantId", m.text("77777777-0000-0000-0000-000000000000"))
}

func (m maker) detail() string {
	return m.object("key", m.text("Azure AD App Authentication Library", "Is CAE Token"), "value", m.text("Family: MSAL Library: MSAL.Java 1.10.0 Platform: Java", "False", ""))
}
