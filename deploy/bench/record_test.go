package bench

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// write appends one sign-in of ServicePrincipalSignInLogs, one in twelve of them failed. Applications of the older kind
// have the members of 2022, the others those of 2025.
func write(b *strings.Builder, r *rand.Rand, a *application) {
	happened, address, correlation := moment(r), a.addresses[r.IntN(8)/7], guid(r)
	code, outcome, description := "0", "SUCCESS", ""
	if r.IntN(12) == 0 {
		code, outcome = "7000222", "FAILURE"
		description = `"resultDescription":"The provided client secret keys for app are expired.",`
	}
	fmt.Fprintf(b, `{"time":"%s","resourceId":"/tenants/%s/providers/Microsoft.aadiam","operationName":"Sign-in activity","operationVersion":"1.0",`+
		`"category":"ServicePrincipalSignInLogs","tenantId":"%s","resultType":"%s","resultSignature":"%s",%s"durationMs":0,`+
		`"callerIpAddress":"%s","correlationId":"%s","Level":4,`,
		happened.Add(time.Duration(60+r.IntN(120))*time.Second).Format("2006-01-02T15:04:05.0000000Z"), tenant, tenant, code, outcome, description, address, correlation)
	if a.place.country != "" {
		fmt.Fprintf(b, `"location":"%s",`, a.place.country)
	}
	fmt.Fprintf(b, `"properties":{"id":"%s","createdDateTime":"%s","userId":null,%s"appId":"%s",`+
		`"ipAddress":"%s",`, guid(r), happened.Format("2006-01-02T15:04:05.9999999+00:00"), a.newer(`"agent":{"agentType":"notAgentic","parentAppId":""},`), a.app, address)
	status(b, code)
	b.WriteString(a.newer(`"userAgent":"` + a.agent + `",`))
	fmt.Fprintf(b, `"location":{"city":"%s","state":"%s","countryOrRegion":"%s","geoCoordinates":{"latitude":%v,"longitude":%v}},`,
		a.place.city, a.place.state, a.place.country, a.place.latitude, a.place.longitude)
	policies(b, a)
	fmt.Fprintf(b, `"isInteractive":false,"tokenIssuerType":"AzureAD","authenticationProcessingDetails":[{"key":"Azure AD App Authentication Library","value":"%s"}],`+
		`"networkLocationDetails":[],%s"processingTimeInMilliseconds":%d,`+
		`"riskDetail":"none","riskLevelAggregated":"low","riskLevelDuringSignIn":"low","riskState":"none",`,
		a.library, a.newer(`"clientCredentialType":"`+a.credential+`",`), r.IntN(300))
	fmt.Fprintf(b, `"resourceDisplayName":"%s","resourceId":"%s","servicePrincipalName":"%s","servicePrincipalId":"%s",`+
		`"flaggedForReview":false,"isTenantRestricted":false,"crossTenantAccessType":"none",`, a.resource[1], a.resource[0], a.name, a.id)
	credential(b, a, code)
	fmt.Fprintf(b, `"uniqueTokenIdentifier":"%s","incomingTokenType":"none"`, token(r))
	if !a.old {
		newest(b, r, a)
	}
	b.WriteString(`}}`)
}

// newer returns a member that only newer records have.
func (a *application) newer(member string) string {
	if a.old {
		return ""
	}
	return member
}

func newest(b *strings.Builder, r *rand.Rand, a *application) {
	fmt.Fprintf(b, `,"authenticationProtocol":"none","appServicePrincipalId":null,`+
		`"resourceServicePrincipalId":"33333333-%s","signInTokenProtectionStatus":"none","originalTransferMethod":"none",`+
		`"isThroughGlobalSecureAccess":false,"globalSecureAccessIpAddress":"","conditionalAccessAudiences":["%s","00000002-0000-0000-c000-000000000000"],`+
		`"sessionId":"%s","appOwnerTenantId":"%s","resourceOwnerTenantId":"f8cdef31-a31e-4b4a-93e4-5f571e91255a"`,
		a.resource[0][9:], a.resource[0], guid(r), a.owner)
}

func status(b *strings.Builder, code string) {
	if code == "0" {
		b.WriteString(`"status":{"errorCode":0},`)
		return
	}
	fmt.Fprintf(b, `"status":{"errorCode":%s,"failureReason":"The provided client secret keys for app are expired."},`, code)
}

// policies writes the conditional access policies that were looked at: what makes some records long.
func policies(b *strings.Builder, a *application) {
	b.WriteString(`"conditionalAccessStatus":"notApplied","appliedConditionalAccessPolicies":[`)
	for i := range a.policies {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(b, `{"id":"%d%s","displayName":"CA%03d: Block workload identities outside of trusted locations","enforcedGrantControls":["Block"],`+
			`"enforcedSessionControls":[],"result":"reportOnlyNotApplied","conditionsSatisfied":"application","conditionsNotSatisfied":"location"}`, i, a.app[1:], i+1)
	}
	b.WriteString(`],`)
}

// credential writes what the sign-in was proved with; the system is missing where there is no place, and failures
// have no key.
func credential(b *strings.Builder, a *application, code string) {
	if a.place.asn != 0 {
		fmt.Fprintf(b, `"autonomousSystemNumber":%d,`, a.place.asn)
	}
	if code == "0" {
		fmt.Fprintf(b, `"servicePrincipalCredentialKeyId":"%s",`, a.key)
	}
	if a.credential == "certificate" {
		fmt.Fprintf(b, `"servicePrincipalCredentialThumbprint":"%X",`, a.key[:20])
	}
}
