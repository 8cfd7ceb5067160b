package entralog

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"

	"rekey/shared/event"
	"rekey/shared/fault"
)

// fromTree fills the event from a record of any shape: members are looked for in the properties first and then at the
// top, where Log Analytics and Graph have them.
func fromTree(e *event.Event, t tree, raw []byte) error {
	r := record{top: t, props: t.at("properties")}
	if err := times(e, r.get(happened[e.Kind]...).text(), r.top.at("time", "TimeGenerated", "eventTimestamp").text()); err != nil {
		return err
	}
	e.Tenant = r.top.at("AADTenantId", "tenantId").id()
	if e.Tenant == "" {
		e.Tenant = tenantOf(r.top.at("resourceId").text())
	}
	e.CorrelationID = r.get("correlationId").text()
	for _, a := range []tree{r.props.at("callerIpAddress", "ipAddress"), r.top.at("callerIpAddress", "ipAddress")} {
		if text := a.text(); text != "" { // an empty address in the properties does not hide the record's own
			e.Caller = address(text)
			break
		}
	}
	switch e.Kind {
	case event.KindSignIn, event.KindManagedIdentitySignIn, event.KindUserSignIn:
		return r.signIn(e)
	case event.KindAudit:
		r.audit(e)
	case event.KindVaultAccess:
		r.vault(e)
	case event.KindGraphActivity, event.KindDirectoryGraphActivity:
		r.graph(e)
	case event.KindAzureActivity:
		r.azure(e)
	case event.KindRisk:
		return r.risk(e, raw)
	}
	if e.ID == "" {
		e.ID = hashID(raw)
	}
	return nil
}

// happened names the member that says when a record's event happened; without it the record's own time counts.
var happened = map[event.Kind][]string{
	event.KindSignIn: {"createdDateTime"}, event.KindManagedIdentitySignIn: {"createdDateTime"}, event.KindUserSignIn: {"createdDateTime"},
	event.KindAudit: {"activityDateTime"}, event.KindGraphActivity: {"timeGenerated"}, event.KindDirectoryGraphActivity: {"timeGenerated"},
	event.KindRisk: {"activityDateTime", "detectedDateTime", "riskLastUpdatedDateTime"},
}

// hashID is the id of a record whose log gives none: the same bytes have the same id.
func hashID(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16])
}

// record is a record of any shape.
type record struct{ top, props tree }

func (r record) get(names ...string) tree {
	if len(names) == 0 {
		return tree{}
	}
	if v := r.props.at(names...); !v.missing() {
		return v
	}
	return r.top.at(names...)
}

// signIn reads a sign-in that the fast path did not: Log Analytics, Graph, or properties before the category.
func (r record) signIn(e *event.Event) error {
	e.ID = r.get("id").text()
	e.Principal = event.Principal{
		ObjectID: r.get("servicePrincipalId").id(), AppID: r.get("appId").id(), Name: r.get("servicePrincipalName", "appDisplayName").text(),
	}
	if a := address(r.get("ipAddress").text()); a.IsValid() {
		e.Caller = a
	}
	place := r.get("locationDetails", "location")
	e.Network.Country = countryCode(place.at("countryOrRegion").text())
	if e.Network.Country == "" {
		e.Network.Country = countryCode(r.top.at("location").text())
	}
	e.Network.ASN = uint32(max(0, r.get("autonomousSystemNumber").number()))
	e.SignIn = event.SignIn{
		ResourceID: r.get("resourceIdentity").id(), ResourceName: r.get("resourceDisplayName").text(),
		ResourceObjectID: r.get("resourceServicePrincipalId").id(), UserAgent: r.get("userAgent").text(),
		CredentialType: r.get("clientCredentialType").text(), Thumbprint: r.get("servicePrincipalCredentialThumbprint").text(),
		FederatedID: r.get("federatedCredentialId").id(), AppOwnerTenant: r.get("appOwnerTenantId").id(),
		UserID: r.get("userId").id(), ConditionalAccess: r.get("conditionalAccessStatus").text(),
	}
	if e.SignIn.ResourceID == "" {
		if id := r.get("resourceId").id(); !strings.HasPrefix(id, "/") {
			e.SignIn.ResourceID = id
		}
	}
	code := r.get("status").at("errorCode")
	if code.missing() {
		code = r.top.at("resultType")
	}
	e.SignIn.ErrorCode = code.number()
	for _, d := range r.get("authenticationProcessingDetails").list() {
		if v := d.at("value").text(); v != "" && d.at("key").text() == "Azure AD App Authentication Library" {
			e.SignIn.ClientLibrary = v
		}
	}
	for _, l := range r.get("networkLocationDetails").list() {
		e.Network.Trusted = e.Network.Trusted || l.at("networkType").text() == trustedLocation
	}
	return complete(e, r.get("servicePrincipalCredentialKeyId").id(), r.get("uniqueTokenIdentifier").text())
}

func (r record) audit(e *event.Event) {
	e.ID = r.get("id").text()
	c := &event.Change{
		Activity: NormalizeActivity(r.get("activityDisplayName", "operationName").text()),
		Category: r.get("category").text(), Result: strings.ToLower(r.get("result").text()), Additional: map[string]string{},
	}
	for _, d := range r.get("additionalDetails").list() {
		c.Additional[d.at("key").text()] = d.at("value").text()
	}
	by := r.get("initiatedBy")
	user, app := by.at("user"), by.at("app")
	c.Actor = event.Actor{
		UserID: user.at("id").id(), UserName: user.at("userPrincipalName").text(), UserShown: user.at("displayName").text(),
		Principal: event.Principal{ObjectID: app.at("servicePrincipalId").id(), AppID: app.at("appId").id(), Name: app.at("displayName").text()},
	}
	e.Principal = c.Actor.Principal
	if a := address(user.at("ipAddress").text()); a.IsValid() {
		e.Caller = a
	}
	for _, t := range r.get("targetResources").list() {
		c.Targets = append(c.Targets, target(t))
	}
	e.Audit = c
}

func target(t tree) event.Target {
	out := event.Target{ID: t.at("id").id(), Type: t.at("type").text(), Name: t.at("displayName", "userPrincipalName").text()}
	for _, p := range t.at("modifiedProperties").list() {
		out.Properties = append(out.Properties, event.Property{
			Name: p.at("displayName").text(), Old: plainJSON(p.at("oldValue").text()), New: plainJSON(p.at("newValue").text()),
		})
	}
	return out
}

// plainJSON removes a layer of string encoding around a value, if there is one: "\"x\"" becomes x.
func plainJSON(s string) string {
	if len(s) < 2 || s[0] != '"' {
		return s
	}
	sc := scanner{b: []byte(s)}
	if inner := sc.str(); sc.err == nil && sc.space() == 0 {
		return inner
	}
	return s
}

const longClaim = "http://schemas.microsoft.com/identity/claims/objectidentifier"

func (r record) vault(e *event.Event) {
	claim := r.top.at("identity").at("claim")
	if claim.missing() {
		claim = r.top.at("identity_claim_g", "identity").at("claims")
	}
	scope := claim.at("scp", "http://schemas.microsoft.com/identity/claims/scope", "upn", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn").text()
	object := claim.at("oid", longClaim).id()
	e.Principal.AppID = claim.at("appid").id()
	v := &event.VaultOperation{
		Operation: r.top.at("operationName").text(), Status: r.props.at("httpStatusCode").number(),
		VaultID: r.top.at("resourceId").id(), Client: r.props.at("clientInfo").text(),
	}
	if scope == "" {
		e.Principal.ObjectID = object
	} else {
		v.UserID = object
	}
	v.Vault = v.VaultID[strings.LastIndexByte(v.VaultID, '/')+1:]
	where := r.props.at("id").text()
	if where == "" {
		where = r.props.at("requestUri").text()
	}
	v.Object, v.Version = vaultObject(where)
	e.Vault = v
}

// vaultObject reads "secrets/name" and the version from a data plane URL.
func vaultObject(where string) (object, version string) {
	u, err := url.Parse(where)
	if err != nil || strings.HasPrefix(u.Path, "/subscriptions/") {
		return "", ""
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if len(parts) < 2 || parts[0] == "" {
		return "", ""
	}
	if len(parts) > 2 {
		version = parts[2]
	}
	return strings.ToLower(parts[0] + "/" + parts[1]), version
}

func (r record) graph(e *event.Event) {
	e.ID = r.get("requestId", "operationId").text()
	e.Principal = event.Principal{ObjectID: r.get("servicePrincipalId").id(), AppID: r.get("appId").id()}
	status := r.get("responseStatusCode")
	if status.missing() {
		status = r.top.at("resultSignature")
	}
	e.Graph = &event.GraphCall{
		Method: r.get("requestMethod").text(), URI: r.get("requestUri").text(), Status: status.number(),
		TokenID: r.get("signInActivityId").text(), UserID: r.get("userId", "UserPrincipalObjectID").id(),
		UserAgent: r.get("userAgent").text(), Roles: r.get("roles").text(), Scopes: r.get("scopes").text(),
	}
}

func (r record) azure(e *event.Event) {
	identity := r.top.at("identity")
	claims := identity.at("claims")
	if claims.missing() {
		claims = r.top.at("claims", "Claims_d", "claims_d")
	}
	object := claims.at(longClaim).id()
	if object == "" {
		object = dashed(identity.at("authorization").at("evidence").at("principalId").id())
	}
	a := &event.AzureOperation{
		Operation: strings.ToLower(r.top.at("operationName", "OperationNameValue").text()),
		Status:    r.top.at("resultType", "status", "ActivityStatusValue").text(), TokenID: claims.at("uti").text(),
		Scope: r.top.at("resourceId").id(),
	}
	if s := identity.at("authorization").at("scope").id(); s != "" {
		a.Scope = s
	}
	e.ID = r.top.at("eventDataId").text()
	e.Principal.AppID = claims.at("appid").id()
	if claims.at("http://schemas.microsoft.com/identity/claims/scope").text() != "" {
		a.UserID = object
	} else {
		e.Principal.ObjectID = object
	}
	if e.Tenant == "" {
		e.Tenant = claims.at("http://schemas.microsoft.com/identity/claims/tenantid").id()
	}
	if ip := address(r.top.at("httpRequest").at("clientIpAddress").text()); ip.IsValid() {
		e.Caller = ip
	}
	e.Azure = a
}

// dashed writes 32 hex digits as a GUID.
func dashed(s string) string {
	if len(s) != 32 || strings.Contains(s, "-") {
		return s
	}
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

func (r record) risk(e *event.Event, raw []byte) error {
	e.ID = r.get("id").text()
	e.Principal = event.Principal{
		ObjectID: r.get("servicePrincipalId").id(), AppID: r.get("appId").id(), Name: r.get("servicePrincipalDisplayName", "displayName").text(),
	}
	if e.Principal.ObjectID == "" {
		e.Principal.ObjectID = lower(e.ID) // RiskyServicePrincipals: the id is the principal's
	}
	e.Network.Country = countryCode(r.get("location").at("countryOrRegion").text())
	f := &event.RiskFinding{
		Type: r.get("riskEventType", "riskType").text(), Level: r.get("riskLevel").text(), State: r.get("riskState").text(),
		Detail: r.get("riskDetail").text(), Detected: e.Time,
	}
	for _, k := range r.get("keyIds").list() {
		f.KeyIDs = append(f.KeyIDs, k.id())
	}
	if t, err := ParseTime(r.get("detectedDateTime").text()); err == nil {
		f.Detected = t
	}
	e.Risk = f
	if e.ID == "" {
		e.ID = hashID(raw)
	}
	if !identifiable(e.Principal.Key()) {
		return fault.Errorf(fault.Poison, "reading risk event: properties.servicePrincipalId is missing or no text")
	}
	return nil
}
