package tenant

import (
	"encoding/base64"
	"math/rand/v2"
	"strconv"
	"time"
)

// people is what users leave behind on a day: sign-ins to the applications made for them. They tell who depends on an
// application; nobody scores them.
func (t *Tenant) people(day time.Time, o Options) []Record {
	var out []Record
	for _, p := range t.Principals {
		if p.Kind != KindSAML && p.Kind != KindMultiTenant && p.Kind != KindForeign {
			continue
		}
		for _, u := range t.Users {
			r := t.source("person", o.Seed, day.Unix(), p.Name, u.ID)
			at := day.Add(7*time.Hour + time.Duration(r.Int64N(int64(10*time.Hour)))).Truncate(100 * time.Nanosecond)
			out = append(out, t.userSignIn(p, u, at, r))
		}
	}
	return out
}

func (t *Tenant) userSignIn(p *Principal, u User, at time.Time, r *rand.Rand) Record {
	office, id := t.network(asOffice), guid(r)
	addr := office.addr(r).String()
	return record(HubSignIns, at, entry{
		Time: exported(at.Add(2 * time.Minute)), ResourceID: t.entra(), OperationName: "Sign-in activity", OperationVersion: "1.0",
		Category: "NonInteractiveUserSignInLogs", TenantID: t.ID, ResultType: "0", ResultSignature: "SUCCESS", DurationMs: 0,
		CallerIPAddress: addr, CorrelationID: guid(r), Identity: u.DisplayName, Level: 4, Location: office.Country,
		Properties: map[string]any{
			"id": id, "createdDateTime": happened(at), "userDisplayName": u.DisplayName, "userPrincipalName": u.UserPrincipalName,
			"userId": u.ID, "userType": "Member", "appId": p.AppID, "appDisplayName": p.Name, "ipAddress": addr, "status": status{0},
			"clientAppUsed": "Browser", "userAgent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
			"deviceDetail": map[string]string{"deviceId": "", "operatingSystem": "Windows10", "browser": "Chrome 131.0.0"},
			"location":     place{City: office.City, Country: office.Country}, "conditionalAccessStatus": "success",
			"appliedConditionalAccessPolicies": []string{}, "isInteractive": false, "tokenIssuerType": "AzureAD",
			"authenticationRequirement": "singleFactorAuthentication", "riskLevelDuringSignIn": "none", "riskLevelAggregated": "none",
			"riskState": "none", "resourceDisplayName": resourceGraph.Name, "resourceId": resourceGraph.AppID,
			"autonomousSystemNumber": office.ASN, "uniqueTokenIdentifier": base64.RawURLEncoding.EncodeToString(random(r, 16)),
			"crossTenantAccessType": "none", "homeTenantId": t.ID, "resourceTenantId": t.ID, "servicePrincipalId": "", "sessionId": guid(r),
		},
	})
}

// riskOf is the day's word from Microsoft: a principal whose risk somebody dismissed.
func (t *Tenant) riskOf(day time.Time, o Options) Record {
	r := t.source("risk", o.Seed, day.Unix())
	p := t.Principals[r.IntN(len(t.Principals)-1)] // all but the victim, who is last
	at := day.Add(11*time.Hour + time.Duration(r.Int64N(int64(time.Hour)))).Truncate(100 * time.Nanosecond)
	return record(HubRisk, at, entry{
		Time: at.Format("1/2/2006 3:04:05 PM"), ResourceID: t.entra(), OperationName: "Risky Service Principal", OperationVersion: "1.0",
		Category: "RiskyServicePrincipals", TenantID: t.ID, ResultSignature: "None", DurationMs: 0, CorrelationID: guid(r),
		Identity: p.Name, Level: strconv.Itoa(4),
		Properties: map[string]any{
			"id": p.ObjectID, "appId": p.AppID, "displayName": p.Name, "servicePrincipalType": "Application", "isEnabled": true,
			"isProcessing": false, "riskLastUpdatedDateTime": happened(at), "riskLevel": "none", "riskState": "dismissed",
			"riskDetail": "adminDismissedAllRiskForServicePrincipal",
		},
	})
}
