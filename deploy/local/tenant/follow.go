package tenant

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// follow is what a principal does with a token: what it does every day, in the log of the resource.
func (t *Tenant) follow(v visit, r *rand.Rand) []Record {
	if len(v.who.Sources) == 0 {
		return nil
	}
	if v.from == nil { // a managed identity: here its address shows
		v.come(v.who.Sources[0], r)
	}
	later := v.at.Add(time.Second)
	switch v.resource {
	case resourceVault:
		return []Record{t.vaultRead(v, later, t.Vaults[1].Name, t.Vaults[1].Secrets[len(v.who.Name)%3])}
	case resourceGraph:
		return []Record{t.graphCall(v, later, "GET", "https://graph.microsoft.com/v1.0/groups?$top=100\u0026$select=id", 200)}
	case resourceARM:
		return t.deployment(v, later, r)
	}
	return nil
}

// vaultRead is the record of a vault for one SecretGet. The vault's log has no tenant and spells everything its way.
func (t *Tenant) vaultRead(v visit, at time.Time, vault, secret string) Record {
	where := "https://" + vault + ".vault.azure.net/secrets/" + secret
	proof := "1"
	if v.used.Thumbprint != "" || v.used.FederatedID != "" {
		proof = "2"
	}
	return record(HubVault, at, entry{
		Time: exported(at), ResourceID: strings.ToUpper(t.vault(vault).ResourceID), OperationName: "SecretGet", OperationVersion: "7.4",
		Category: "AuditEvent", ResultType: "Success", ResultSignature: "OK", DurationMs: "23", CallerIPAddress: v.addr.String(),
		CorrelationID: v.correlation,
		Identity: map[string]any{"claim": map[string]string{
			"oid": v.who.ObjectID, "appid": v.who.AppID, "appidacr": proof, "idtyp": "app",
		}},
		Properties: map[string]any{
			"id": where + "/" + strings.ReplaceAll(t.guid("version", vault, secret), "-", ""), "requestUri": where + "/?api-version=7.4",
			"clientInfo": v.agent, "httpStatusCode": 200, "isRbacAuthorized": true, "tlsVersion": "TLS1_3",
		},
	})
}

func (t *Tenant) vault(name string) Vault {
	if name == t.Vaults[0].Name {
		return t.Vaults[0]
	}
	return t.Vaults[1]
}

// graphCall is one call to Microsoft Graph. Its signInActivityId is the token's.
func (t *Tenant) graphCall(v visit, at time.Time, method, uri string, code int) Record {
	request := t.guid("graph", v.id, uri)
	return record(HubGraph, at, entry{
		Time: exported(at.Add(v.delay)), ResourceID: strings.ToUpper(t.entra()), OperationName: "Microsoft Graph Activity",
		OperationVersion: "v1.0", Category: "MicrosoftGraphActivityLogs", TenantID: t.ID, ResultSignature: strconv.Itoa(code),
		DurationMs: "412345", CallerIPAddress: v.addr.String(), CorrelationID: request, Level: "4", Location: "West Europe",
		Properties: map[string]any{
			"__UDI_RequiredFields_RegionScope": "EU", "__UDI_RequiredFields_TenantId": t.ID, "apiVersion": "v1.0",
			"appId": v.who.AppID, "atContentH": "", "atContentP": "", "clientAuthMethod": "1", "C_Idtyp": "app",
			"clientRequestId": request, "durationMs": 412345, "identityProvider": nil, "ipAddress": v.addr.String(), "location": "West Europe",
			"operationId": request, "requestId": request, "requestMethod": method, "requestUri": uri, "responseSizeBytes": 1834,
			"responseStatusCode": code, "roles": "Group.Read.All", "scopes": nil, "servicePrincipalId": v.who.ObjectID,
			"signInActivityId": v.token, "tenantId": t.ID, "timeGenerated": exported(at), "tokenIssuedAt": exported(v.at),
			"userAgent": v.agent, "userId": nil, "wids": "",
		},
	})
}

// deployment is one write of a resource: a start and an end record that share their correlation id.
func (t *Tenant) deployment(v visit, at time.Time, r *rand.Rand) []Record {
	const action = "MICROSOFT.RESOURCES/DEPLOYMENTS/WRITE"
	scope := "/subscriptions/" + t.SubscriptionID + "/resourceGroups/contoso-rg/providers/Microsoft.Resources/deployments/" + v.who.Name
	identity := map[string]any{
		"authorization": map[string]any{"scope": scope, "action": "Microsoft.Resources/deployments/write", "evidence": map[string]string{
			"role": "Contributor", "roleAssignmentScope": "/subscriptions/" + t.SubscriptionID,
			"principalId": strings.ReplaceAll(v.who.ObjectID, "-", ""), "principalType": "ServicePrincipal",
		}},
		"claims": map[string]string{
			"appid": v.who.AppID, "appidacr": "1", "uti": v.token, "iss": "https://sts.windows.net/" + t.ID + "/",
			"http://schemas.microsoft.com/identity/claims/objectidentifier": v.who.ObjectID,
			"http://schemas.microsoft.com/identity/claims/tenantid":         t.ID,
		},
	}
	correlation := guid(r)
	write := func(at time.Time, result, signature string) Record {
		return record(HubActivity, at, entry{
			Time: exported(at), ResourceID: strings.ToUpper(scope), OperationName: action, Category: "Administrative",
			ResultType: result, ResultSignature: signature, DurationMs: "0", CallerIPAddress: v.addr.String(),
			CorrelationID: correlation, Identity: identity, Level: "Information",
			Properties: map[string]any{"eventCategory": "Administrative", "entity": scope, "message": "Microsoft.Resources/deployments/write", "hierarchy": t.ID},
		})
	}
	return []Record{write(at, "Start", "Started."), write(at.Add(2*time.Second), "Success", "Succeeded.OK")}
}
