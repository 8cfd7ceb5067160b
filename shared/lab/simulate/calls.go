package simulate

// vaultCalls are what is asked of a vault: honest principals read one of the first three, intruders look around.
var vaultCalls = []struct{ operation, object string }{
	{"SecretGet", "secrets/database-password"}, {"SecretGet", "secrets/storage-key"}, {"SecretGet", "secrets/partner-api-token"},
	{"SecretList", "secrets"}, {"SecretGet", "secrets/sap-service-account"}, {"SecretGet", "secrets/payroll-export-key"},
	{"SecretGet", "secrets/backup-storage-key"}, {"KeyList", "keys"}, {"CertificateList", "certificates"}, {"SecretGet", "secrets/ldap-bind"},
}

// firstStrangeVaultCall is the first that no honest principal makes.
const firstStrangeVaultCall = 3

// graphCalls are paths of Microsoft Graph and the permission each needs. The first four are everyday calls.
var graphCalls = []struct{ path, role string }{
	{"groups?$top=100\\u0026$select=id,displayName", "Group.Read.All"}, {"organization", "Organization.Read.All"},
	{"users?$select=id,userPrincipalName\\u0026$top=999", "User.Read.All"}, {"sites/root/lists", "Sites.Read.All"},
	{"users", "Directory.Read.All"}, {"servicePrincipals?$top=999", "Directory.Read.All"}, {"applications?$top=999", "Directory.Read.All"},
	{"directoryRoles", "Directory.Read.All"}, {"users/3f2b9c11-7e0d-4a55-9a34-5d1f6f0e7a42/messages?$top=50", "Mail.Read"},
	{"roleManagement/directory/roleAssignments", "Directory.Read.All"},
}

const firstStrangeGraphCall = 4

// armCalls are operations on Azure: the type of the resource and what is done to it. The first three are everyday.
var armCalls = []struct{ kind, action string }{
	{"Microsoft.Resources/deployments", "write"}, {"Microsoft.Storage/storageAccounts", "write"}, {"Microsoft.Compute/virtualMachines", "start/action"},
	{"Microsoft.Storage/storageAccounts", "listKeys/action"}, {"Microsoft.Web/sites", "config/list/action"},
	{"Microsoft.KeyVault/vaults", "accessPolicies/write"}, {"Microsoft.Authorization/roleAssignments", "write"},
}

const firstStrangeOperation = 3

// proof is how the caller proved itself, as token claims say it: 1 by a secret, 2 by a certificate or an assertion.
func (p *pen) proof(a *act) string {
	if p.run.keys[a.key].kind == ofSecret {
		return "1"
	}
	return "2"
}

// vaultCall writes a record of a key vault's AuditEvent log, which has no tenant and spells everything its way.
func (p *pen) vaultCall(a *act) {
	who, call := &p.run.Principals[a.who], vaultCalls[int(a.what)%len(vaultCalls)]
	p.s(`{"time":"`)
	p.exported(a.when)
	p.s(`","category":"AuditEvent","operationName":"`, call.operation, `","resultType":"Success","correlationId":"`)
	p.guid(a.serial, forCorrelation)
	p.s(`","callerIpAddress":"`)
	p.address(a.from)
	p.s(`","identity":{"claim":{"oid":"`, who.ObjectID, `","appid":"`, who.AppID, `","appidacr":"`, p.proof(a), `","idtyp":"app"}},"properties":{`)
	if call.operation == "SecretGet" {
		p.s(`"id":"https://contoso-vault-`)
		p.n(int64(who.vault))
		p.s(`.vault.azure.net/`, call.object, `/`)
		for _, c := range appendGUID(nil, mix(name(call.object), uint64(who.vault))) {
			if c != '-' {
				p.b = append(p.b, c)
			}
		}
		p.s(`",`)
	}
	p.s(`"clientInfo":"`, p.run.catalogue.list[a.client].agent, `","httpStatusCode":`)
	p.n(int64(a.code))
	p.s(`,"requestUri":"https://contoso-vault-`)
	p.n(int64(who.vault))
	p.s(`.vault.azure.net/`, call.object, `/?api-version=7.4","isRbacAuthorized":`, boolean(a.code == 200), `,"tlsVersion":"TLS1_3"},"resourceId":"/SUBSCRIPTIONS/`)
	p.s(p.run.subscription, `/RESOURCEGROUPS/CONTOSO-RG/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/CONTOSO-VAULT-`)
	p.n(int64(who.vault))
	p.s(`","operationVersion":"7.4","resultSignature":"`)
	if a.code == 200 {
		p.s(`OK","durationMs":"`)
	} else {
		p.s(`Forbidden","resultDescription":"Caller is not authorized to perform action on resource.\r\nCaller: appid=`, who.AppID, `;oid=`, who.ObjectID,
			`;iss=https://sts.windows.net/`, p.run.TenantID, `/","durationMs":"`)
	}
	p.n(int64(9 + a.serial%50))
	p.s(`"}`)
}

func boolean(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// graphCall writes one call to Microsoft Graph. Its signInActivityId is the token's.
func (p *pen) graphCall(a *act) {
	who, call := &p.run.Principals[a.who], graphCalls[int(a.what)%len(graphCalls)]
	ticks := int64(200_000 + a.serial%900_000)
	p.s(`{"time":"`)
	p.exported(a.when)
	p.s(`","resourceId":"/TENANTS/`, p.run.upperTenant, `/PROVIDERS/MICROSOFT.AADIAM","operationName":"Microsoft Graph Activity","operationVersion":"v1.0",`+
		`"category":"MicrosoftGraphActivityLogs","tenantId":"`, p.run.TenantID, `","resultSignature":"`)
	p.n(int64(a.code))
	p.s(`","durationMs":"`)
	p.n(ticks)
	p.s(`","callerIpAddress":"`)
	p.address(a.from)
	p.s(`","correlationId":"`)
	p.guid(a.serial, forID)
	p.s(`","level":"Informational","location":"West Europe","properties":{"__UDI_RequiredFields_TenantId":"`, p.run.TenantID, `","apiVersion":"v1.0","appId":"`, who.AppID,
		`","atContent":"","clientAuthMethod":"`, p.proof(a), `","clientRequestId":"`)
	p.guid(a.serial, forCorrelation)
	p.s(`","C_Idtyp":"app","durationMs":`)
	p.n(ticks)
	p.s(`,"identityProvider":"https://sts.windows.net/`, p.run.TenantID, `/","ipAddress":"`)
	p.address(a.from)
	p.s(`","location":"West Europe","operationId":"`)
	p.guid(a.serial, forID)
	p.s(`","requestId":"`)
	p.guid(a.serial, forID)
	p.s(`","requestMethod":"GET","requestUri":"https://graph.microsoft.com/v1.0/`, call.path, `","responseSizeBytes":`)
	p.n(int64(300 + a.serial%9000))
	p.s(`,"responseStatusCode":`)
	p.n(int64(a.code))
	p.s(`,"roles":"`, call.role, `","scopes":null,"servicePrincipalId":"`, who.ObjectID, `","signInActivityId":"`)
	p.token(a.token)
	p.s(`","tenantId":"`, p.run.TenantID, `","timeGenerated":"`)
	p.exported(a.when)
	p.s(`","tokenIssuedAt":"`)
	p.exported(a.issued)
	p.s(`","userAgent":"`, p.run.catalogue.list[a.client].agent, `","userId":null,"wids":"0997a1d0-0d1d-4acb-b408-d5ca73121e90"}}`)
}

// operation writes one of the two records of an operation on Azure.
func (p *pen) operation(a *act) {
	who, call := &p.run.Principals[a.who], armCalls[int(a.what>>1)%len(armCalls)]
	p.s(`{"time":"`)
	p.exported(a.when)
	p.s(`","resourceId":"`)
	p.scope(who, call.kind, true)
	p.s(`","operationName":"`)
	p.upper(call.kind)
	p.s(`/`)
	p.upper(call.action)
	if a.what&1 == 0 {
		p.s(`","category":"Administrative","resultType":"Start","resultSignature":"Started.","durationMs":"0","callerIpAddress":"`)
	} else {
		p.s(`","category":"Administrative","resultType":"Success","resultSignature":"Succeeded.OK","durationMs":"1731","callerIpAddress":"`)
	}
	p.address(a.from)
	p.s(`","correlationId":"`)
	p.guid(a.serial-uint64(a.what&1), forCorrelation) // start and end share it
	p.s(`","identity":{"authorization":{"scope":"`)
	p.scope(who, call.kind, false)
	p.s(`","action":"`, call.kind, `/`, call.action, `","evidence":{"role":"Contributor","roleAssignmentScope":"/subscriptions/`, p.run.subscription, `","principalId":"`)
	for i := range len(who.ObjectID) {
		if c := who.ObjectID[i]; c != '-' {
			p.b = append(p.b, c)
		}
	}
	p.s(`","principalType":"ServicePrincipal"}},"claims":{"aud":"https://management.azure.com/","iss":"https://sts.windows.net/`, p.run.TenantID,
		`/","appid":"`, who.AppID, `","appidacr":"`, p.proof(a), `","http://schemas.microsoft.com/identity/claims/objectidentifier":"`, who.ObjectID,
		`","http://schemas.microsoft.com/identity/claims/tenantid":"`, p.run.TenantID, `","uti":"`)
	p.token(a.token)
	p.s(`"}},"level":"Information","location":"global","properties":{"eventCategory":"Administrative","entity":"`)
	p.scope(who, call.kind, false)
	p.s(`","message":"`, call.kind, `/`, call.action, `","hierarchy":"`, p.run.TenantID, `/`, p.run.subscription, `"}}`)
}

// scope adds the id of a resource on Azure: every principal has one of each kind.
func (p *pen) scope(who *Principal, kind string, capitals bool) {
	from := len(p.b)
	p.s(`/subscriptions/`, p.run.subscription, `/resourceGroups/contoso-rg/providers/`, kind, `/`, who.Name)
	if capitals {
		capitalise(p.b[from:])
	}
}

func (p *pen) upper(s string) {
	from := len(p.b)
	p.s(s)
	capitalise(p.b[from:])
}

func capitalise(b []byte) {
	for i, c := range b {
		if c >= 'a' && c <= 'z' {
			b[i] = c - 32
		}
	}
}
