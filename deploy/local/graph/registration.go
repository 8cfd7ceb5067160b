package graph

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"rekey/deploy/local/directory"
)

// registration is what is checked of an application that offers permissions.
type registration struct {
	tenant string
	taken  map[string]bool // identifier URIs of other applications
}

// registrationOf reads what stands around an application, before it is changed.
func (s *Server) registrationOf(id string) registration {
	out := registration{tenant: s.directory.TenantID, taken: map[string]bool{}}
	for _, collection := range []string{directory.Applications, directory.Deleted} {
		for _, o := range s.directory.View(time.Time{}).List(collection) {
			for _, uri := range o.IdentifierURIs {
				out.taken[strings.ToLower(uri)] = out.taken[strings.ToLower(uri)] || o.ID != id
			}
		}
	}
	return out
}

// set writes one property of an application that offers permissions.
func (r registration) set(o *directory.Object, name string, raw json.RawMessage) error {
	switch name {
	case "identifierUris":
		return r.setURIs(o, raw)
	case "appRoles":
		return setRoles(o, raw)
	case "api":
		return setAPI(o, raw)
	}
	var claims *string
	if json.Unmarshal(raw, &claims) != nil || claims != nil && !slices.Contains([]string{"None", "SecurityGroup", "DirectoryRole", "ApplicationGroup", "All"}, *claims) {
		return invalid(name)
	}
	o.GroupMembershipClaims = ""
	if claims != nil {
		o.GroupMembershipClaims = *claims
	}
	return nil
}

// setURIs refuses what another application has, and what the default policy for URIs does not let in: without tokens of
// version 2, a URI contains the application's id or the tenant's. Verified domains are not known here.
func (r registration) setURIs(o *directory.Object, raw json.RawMessage) error {
	var uris []string
	if json.Unmarshal(raw, &uris) != nil {
		return invalid("identifierUris")
	}
	second := o.API.RequestedAccessTokenVersion != nil && *o.API.RequestedAccessTokenVersion == 2
	for _, uri := range uris {
		switch low := strings.ToLower(uri); {
		case !strings.Contains(uri, "://"):
			return invalid("identifierUris")
		case r.taken[low]:
			return bad("Another object with the same value for property identifierUris already exists.")
		case slices.Contains(o.IdentifierURIs, uri), second, strings.HasPrefix(low, "api://"+strings.ToLower(o.AppID)), strings.HasPrefix(low, "api://"+strings.ToLower(r.tenant)+"/"):
		default:
			return bad("Failed to add identifier URI " + uri + ". All newly added URIs must contain a tenant verified domain, tenant ID, or app ID, as per the default tenant policy of your organization. See https://aka.ms/identifier-uri-addition-error for more information on this error.")
		}
	}
	o.IdentifierURIs = uris
	return nil
}

var guidLike = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// permission is an app role or a scope, as they are compared with each other.
type permission struct {
	id, value, name, text string
	enabled               bool
}

var (
	errEnabled   = problem{http.StatusBadRequest, "CannotDeleteOrUpdateEnabledEntitlement", "Property appRoles or oauth2PermissionScopes: Permission (scope or role) cannot be deleted or updated unless disabled first.", nil}
	errDuplicate = problem{http.StatusBadRequest, "DuplicateValue", "Request contains a property with duplicate values.", nil} // the code is a guess
)

func permissionsOf(o *directory.Object) (out []permission) {
	for _, r := range o.DefinedAppRoles {
		out = append(out, permission{r.ID, r.Value, r.DisplayName, r.Description, r.Enabled()})
	}
	return out
}

func scopesOf(o *directory.Object) (out []permission) {
	for _, s := range o.API.Scopes {
		out = append(out, permission{s.ID, s.Value, s.AdminConsentDisplayName, s.AdminConsentDescription, s.IsEnabled})
	}
	return out
}

// unique refuses two permissions of one id or value. A role and a scope may be the same permission, and then are alike in
// everything: that is how Terraform's provider has it.
func unique(o *directory.Object) error {
	roles, scopes := permissionsOf(o), scopesOf(o)
	for _, list := range [][]permission{roles, scopes} {
		for i, p := range list {
			if !guidLike.MatchString(p.id) || p.value == "" || strings.ContainsAny(p.value, " \t") {
				return invalid("id or value")
			}
			if slices.ContainsFunc(list[:i], func(q permission) bool { return q.id == p.id || strings.EqualFold(q.value, p.value) }) {
				return errDuplicate
			}
		}
	}
	for _, r := range roles {
		if slices.ContainsFunc(scopes, func(s permission) bool { return (s.id == r.id || strings.EqualFold(s.value, r.value)) && s != r }) {
			return errDuplicate
		}
	}
	return nil
}

// setRoles replaces the whole list, as Graph does.
func setRoles(o *directory.Object, raw json.RawMessage) error {
	var after []directory.AppRole
	var origins []struct{ Origin *string }
	if json.Unmarshal(raw, &after) != nil || json.Unmarshal(raw, &origins) != nil {
		return invalid("appRoles")
	}
	for _, o := range origins {
		if o.Origin != nil { // the page of appRole: not in any POST or PATCH
			return invalid("origin")
		}
	}
	for _, r := range after {
		if r.DisplayName == "" || r.IsEnabled == nil || len(r.AllowedMemberTypes) == 0 {
			return invalid("appRoles")
		}
	}
	for _, b := range o.DefinedAppRoles {
		if b.Enabled() && !slices.ContainsFunc(after, func(a directory.AppRole) bool { return a.ID == b.ID && a.Value == b.Value }) {
			return errEnabled
		}
	}
	o.DefinedAppRoles = after
	return unique(o)
}

// setAPI replaces the scopes and the version, each if it was sent.
func setAPI(o *directory.Object, raw json.RawMessage) error {
	var sent struct {
		Scopes  *[]directory.Scope `json:"oauth2PermissionScopes"`
		Version *int               `json:"requestedAccessTokenVersion"`
	}
	if json.Unmarshal(raw, &sent) != nil {
		return invalid("api")
	}
	if v := sent.Version; v != nil {
		if *v != 1 && *v != 2 {
			return invalid("requestedAccessTokenVersion")
		}
		o.API.RequestedAccessTokenVersion = v
	}
	if sent.Scopes == nil {
		return nil
	}
	for _, b := range o.API.Scopes {
		if b.IsEnabled && !slices.ContainsFunc(*sent.Scopes, func(a directory.Scope) bool { return a.ID == b.ID && a.Value == b.Value }) {
			return errEnabled
		}
	}
	for _, a := range *sent.Scopes {
		if a.Type != "Admin" && a.Type != "User" || a.AdminConsentDisplayName == "" || a.AdminConsentDescription == "" {
			return invalid("oauth2PermissionScopes")
		}
	}
	o.API.Scopes = *sent.Scopes
	return unique(o)
}

// byName finds an application by its alternate key.
func byName(v directory.View, name string) (directory.Object, bool) {
	for _, o := range v.List(directory.Applications) {
		if o.UniqueName == name {
			return o, true
		}
	}
	return directory.Object{}, false
}

func (s *Server) getNamed(c call) {
	o, ok := byName(c.view, c.r.PathValue("name"))
	if !ok {
		notFound(c.r.PathValue("name")).write(c.w)
		return
	}
	c.r.SetPathValue("id", o.ID)
	s.get(directory.Applications)(c)
}

// upsert changes the application of a name, or makes it if the caller prefers so (application-upsert).
func (s *Server) upsert(c call) {
	name := c.r.PathValue("name")
	if o, ok := byName(s.directory.View(time.Time{}), name); ok {
		c.r.SetPathValue("id", o.ID)
		s.patch(directory.Applications)(c)
		return
	}
	if c.r.Header.Get("Prefer") != "create-if-missing" {
		notFound(name).write(c.w)
		return
	}
	var in map[string]json.RawMessage
	if err := c.body(&in); err != nil {
		c.refuse(err)
		return
	}
	o := directory.Object{ID: guid(), AppID: guid(), UniqueName: name, CreatedDateTime: now(), SignInAudience: "AzureADMyOrg"}
	names, setters, err := prepared(directory.Applications, in, s.rules(directory.Applications, o.ID))
	for i := 0; err == nil && i < len(names); i++ {
		err = setters[names[i]](&o, in[names[i]])
	}
	if err == nil && o.DisplayName == "" {
		err = invalid("displayName")
	}
	if err == nil {
		err = s.directory.Create(directory.Applications, c.actor.AppID, "add application", o)
	}
	if err != nil {
		c.refuse(err)
		return
	}
	answer(c.w, http.StatusCreated, shown(directory.Applications, o, false))
}

// addPrincipal makes the service principal of an application of the tenant.
func (s *Server) addPrincipal(c call) {
	var in struct {
		AppID string
		Tags  []string
	}
	if err := c.body(&in); err != nil {
		c.refuse(err)
		return
	}
	apps := s.directory.ByAppID(directory.Applications, in.AppID)
	switch {
	case in.AppID == "" || len(apps) == 0:
		c.refuse(bad("The appId '" + in.AppID + "' of the service principal does not reference a valid application object."))
		return
	case len(s.directory.ByAppID(directory.ServicePrincipals, in.AppID)) > 0:
		c.refuse(problem{http.StatusConflict, "Request_MultipleObjectsWithSameKeyValue", "The service principal cannot be created, updated, or restored because the service principal name " + in.AppID + " is already in use.", nil})
		return
	}
	o := directory.Object{
		ID: guid(), AppID: in.AppID, DisplayName: apps[0].DisplayName, ServicePrincipalType: "Application", AppOwnerOrganizationID: s.directory.TenantID, AccountEnabled: true,
		ServicePrincipalNames: append([]string{in.AppID}, apps[0].IdentifierURIs...), DefinedAppRoles: apps[0].DefinedAppRoles, SignInAudience: apps[0].SignInAudience, Tags: in.Tags,
	}
	if err := s.directory.Create(directory.ServicePrincipals, c.actor.AppID, "add service principal", o); err != nil {
		c.refuse(err)
		return
	}
	answer(c.w, http.StatusCreated, shown(directory.ServicePrincipals, o, false))
}

// publish makes the service principals of an application offer what it offers now.
func (s *Server) publish(c call, id string) error {
	app, _ := s.directory.Get(directory.Applications, id)
	for _, sp := range s.directory.ByAppID(directory.ServicePrincipals, app.AppID) {
		if err := s.directory.Update(directory.ServicePrincipals, sp.ID, c.actor.AppID, "publish app roles", func(o *directory.Object) error {
			o.DefinedAppRoles = app.DefinedAppRoles
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

func roles(list []directory.AppRole) []item {
	out := []item{}
	for _, r := range list {
		types := r.AllowedMemberTypes
		if types == nil {
			types = []string{"Application"}
		}
		out = append(out, item{
			"id": r.ID, "value": text(r.Value), "displayName": r.DisplayName, "description": text(r.Description), "allowedMemberTypes": types,
			"isEnabled": r.Enabled(), "origin": "Application",
		})
	}
	return out
}

func scopes(list []directory.Scope) []item {
	out := []item{}
	for _, s := range list {
		out = append(out, item{
			"id": s.ID, "value": s.Value, "type": s.Type, "isEnabled": s.IsEnabled, "adminConsentDisplayName": s.AdminConsentDisplayName,
			"adminConsentDescription": s.AdminConsentDescription, "userConsentDisplayName": nil, "userConsentDescription": nil,
		})
	}
	return out
}

// Service plans by which licences are told apart, with their true ids.
const (
	PlanP1       = "AAD_PREMIUM"
	PlanP2       = "AAD_PREMIUM_P2"
	PlanWorkload = "AAD_WRKLDID_P2"
)

var planIDs = map[string]string{
	PlanP1: "41781fb2-bc02-4b7c-bd55-b576c07bb09d", PlanP2: "eec0eb4f-6444-4f95-aba0-50c24d67f998", PlanWorkload: "7dc0e92d-bf15-401d-907e-0884efe7c760",
}

func (s *Server) skus(c call) {
	plans := s.options.Plans
	if plans == nil {
		plans = []string{PlanP2}
		if !s.options.Unlicensed {
			plans = append(plans, PlanWorkload)
		}
	}
	var items []item
	for _, p := range plans {
		items = append(items, item{
			"id": s.directory.TenantID + "_" + planIDs[p], "skuPartNumber": p, "capabilityStatus": "Enabled", "consumedUnits": 0,
			"servicePlans": []item{{"servicePlanId": planIDs[p], "servicePlanName": p, "provisioningStatus": "Success", "appliesTo": "User"}},
		})
	}
	s.page(c, "subscribedSkus", items)
}
