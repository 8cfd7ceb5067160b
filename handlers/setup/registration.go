package setup

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"

	"rekey/handlers/access"
	"rekey/shared/azure/graph"
	"rekey/shared/fault"
)

// tokens are of version 2: REKEY_API_TOKEN_VERSIONS takes these by default.
const tokenVersion = "2"

// directoryRoles is what makes Entra put a user's directory roles into tokens, which handlers/access asks for.
const directoryRoles = "DirectoryRole"

// permission is an app role or a scope as it is compared; which names are used depends on which of the two it is.
type permission struct {
	ID      string `json:"id"`
	Value   string `json:"value"`
	Enabled bool   `json:"isEnabled"`

	DisplayName             string `json:"displayName"`
	Description             string `json:"description"`
	AdminConsentDisplayName string `json:"adminConsentDisplayName"`
	AdminConsentDescription string `json:"adminConsentDescription"`
}

// PermissionID is the id of an app role and of the scope of the same name: the same in every tenant and at every run. They
// share it, their texts and whether they are enabled, because Entra wants permissions of one id to be one.
func PermissionID(name string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://rekey/permissions/"+name)).String()
}

// registration plans the API's registration and its service principal.
func (s *Setup) registration(ctx context.Context, p *Plan) error {
	api, err := s.Graph.Registration(ctx, s.Name)
	missing := errors.Is(err, fault.NotFound)
	if err != nil && !missing {
		return err
	}
	s.api = api
	if !missing {
		if err := s.holders(ctx, p, graph.Applications, api.ID); err != nil {
			return err
		}
	}
	change, err := s.completed(p, api, missing)
	if err != nil {
		return err
	}
	path := "/applications(uniqueName='" + s.Name + "')"
	if len(change) > 0 {
		what, why := "complete the registration of the API: "+strings.Join(sorted(change), ", "), "what is there is kept; this is missing"
		if missing {
			what, why = "register the API with its app roles and scopes", "the HTTP functions take tokens for it alone"
		}
		p.call(Call{
			Part: API, Method: "PATCH", Path: path, What: what, Why: why, do: func(ctx context.Context) error { return s.Graph.PutRegistration(ctx, s.Name, change) },
			advice: "if the name " + s.Name + " is held by a deleted application, restore it or choose another with --name; if it is a permission, compare the registration in the portal",
		})
	}
	if uri := s.uri(api.AppID); missing || !slices.Contains(api.IdentifierURIs, uri) {
		p.call(Call{
			Part: API, Method: "PATCH", Path: path, What: "set the identifier URI " + shown(uri), Why: "scopes are asked for by it", do: s.setURI,
			advice: "another application has the URI, or the tenant's policy refuses it; choose another with --uri, like api://<tenant id>/rekey",
		})
	}
	return s.principal(ctx, p, missing)
}

// uri is the identifier URI. The default policy of tenants lets in what names the application.
func (s *Setup) uri(appID string) string {
	if s.URI != "" {
		return s.URI
	}
	return "api://" + appID
}

func shown(uri string) string {
	if uri == "api://" {
		return "api://<client id>"
	}
	return uri
}

// reread reads the registration again: it may just have been made, and then its ids are new.
func (s *Setup) reread(ctx context.Context) error {
	api, err := s.Graph.Registration(ctx, s.Name)
	if errors.Is(err, fault.NotFound) {
		return fault.Errorf(fault.Transient, "reading application %s: it was made and does not show yet; run this again in a minute", s.Name)
	}
	if err == nil {
		s.api = api
	}
	return err
}

func (s *Setup) setURI(ctx context.Context) error {
	if err := s.reread(ctx); err != nil {
		return err
	}
	uris := append(slices.Clone(s.api.IdentifierURIs), s.uri(s.api.AppID))
	return s.Graph.PutRegistration(ctx, s.Name, map[string]any{"displayName": s.api.DisplayName, "identifierUris": slices.Compact(uris)})
}

// principal plans the service principal, which people and applications are assigned to, and says what follows.
func (s *Setup) principal(ctx context.Context, p *Plan, missing bool) error {
	appID := s.api.AppID
	var list []graph.Object
	if !missing {
		var err error
		if list, err = s.Graph.ServicePrincipals(ctx, appID); err != nil {
			return err
		}
		p.Values = append(p.Values, Value{"api_audience", []string{appID, s.uri(appID)}})
	}
	if len(list) == 0 {
		p.call(Call{
			Part: API, Method: "POST", Path: "/servicePrincipals", What: "make the API's service principal", Why: "people and applications are assigned to it", do: func(ctx context.Context) error {
				if err := s.reread(ctx); err != nil {
					return err
				}
				return s.Graph.AddServicePrincipal(ctx, s.api.AppID)
			},
			advice: "a new application takes a while to show everywhere; run this again in a minute",
		})
	}
	for _, sp := range list {
		if err := s.holders(ctx, p, graph.ServicePrincipals, sp.ID); err != nil {
			return err
		}
		if !sp.AccountEnabled {
			p.warn(API, "the service principal %s of the API is disabled: nobody gets a token for it. Whoever disabled it enables it", sp.ID)
		}
	}
	return nil
}

// Values reads what follows for the settings, after the calls were made.
func (s *Setup) Values(ctx context.Context) ([]Value, error) {
	p := &Plan{}
	if slices.Contains(s.Parts, API) {
		if err := s.reread(ctx); err != nil {
			return nil, err
		}
		p.Values = append(p.Values, Value{"api_audience", []string{s.api.AppID, s.uri(s.api.AppID)}})
	}
	p.own(s.Identities)
	return p.Values, nil
}

// completed returns the properties that have to be written: nothing if all is there.
func (s *Setup) completed(p *Plan, api graph.Registration, missing bool) (map[string]any, error) {
	change := map[string]any{}
	if missing {
		change["signInAudience"] = "AzureADMyOrg"
	} else if api.SignInAudience != "AzureADMyOrg" {
		p.warn(API, "the registration's signInAudience is %s: applications of other tenants can ask for tokens, which face refuses. AzureADMyOrg is enough", api.SignInAudience)
	}
	switch api.GroupMembershipClaims {
	case directoryRoles, "All":
	case "", "None":
		change["groupMembershipClaims"] = directoryRoles
	default:
		p.warn(API, "the registration's groupMembershipClaims is %s and stays: with DirectoryRole or All, directory roles open the API, too", api.GroupMembershipClaims)
	}
	roles, scopes, err := decoded(api)
	if err != nil {
		return nil, err
	}
	offer(p, change, api, roles, scopes)
	if len(change) > 0 {
		change["displayName"] = api.DisplayName
		if api.DisplayName == "" {
			change["displayName"] = "Rekey"
		}
	}
	return change, nil
}

// offer adds the app roles and scopes that are missing, behind those that are there.
func offer(p *Plan, change map[string]any, api graph.Registration, roles, scopes map[string]permission) {
	allRoles, allScopes := sendable(api.AppRoles), sendable(apiList(api))
	names, opens := access.Names()
	for _, name := range names {
		role, isRole := roles[strings.ToLower(name)]
		scope, isScope := scopes[strings.ToLower(name)]
		like := permission{ID: PermissionID(name), Enabled: true, DisplayName: name, Description: "In Rekey: " + strings.Join(opens[name], ", ") + "."}
		switch {
		case isRole:
			like = role
		case isScope:
			like = permission{ID: scope.ID, Enabled: scope.Enabled, DisplayName: scope.AdminConsentDisplayName, Description: scope.AdminConsentDescription}
		}
		if isRole && !role.Enabled || isScope && !scope.Enabled {
			p.warn(API, "the permission %s of the registration is disabled and stays so: who has it does not get in", name)
		}
		if !isRole {
			allRoles = append(allRoles, map[string]any{
				"id": like.ID, "value": name, "displayName": like.DisplayName, "description": like.Description, "isEnabled": like.Enabled, "allowedMemberTypes": []string{"User", "Application"},
			})
		}
		if !isScope {
			allScopes = append(allScopes, map[string]any{
				"id": like.ID, "value": name, "adminConsentDisplayName": like.DisplayName, "adminConsentDescription": like.Description, "isEnabled": like.Enabled, "type": "Admin",
			})
		}
	}
	if len(allRoles) > len(api.AppRoles) {
		change["appRoles"] = allRoles
	}
	version := string(api.API["requestedAccessTokenVersion"])
	if len(allScopes) > len(apiList(api)) || version != tokenVersion {
		properties := map[string]any{}
		for name, value := range api.API {
			properties[name] = value
		}
		properties["oauth2PermissionScopes"], properties["requestedAccessTokenVersion"] = allScopes, json.RawMessage(tokenVersion)
		change["api"] = properties
	}
}

func apiList(api graph.Registration) []json.RawMessage {
	var out []json.RawMessage
	_ = json.Unmarshal(api.API["oauth2PermissionScopes"], &out) // decoded said already that it is a list
	return out
}

// sendable returns permissions as they were read, for sending them back. Only origin stays behind: Graph answers with it and
// takes it in no request.
func sendable(list []json.RawMessage) []any {
	out := []any{}
	for _, r := range list {
		var properties map[string]json.RawMessage
		_ = json.Unmarshal(r, &properties) // decoded said already that it is an object
		delete(properties, "origin")
		out = append(out, properties)
	}
	return out
}

// decoded returns what the registration offers, by name in lower case.
func decoded(api graph.Registration) (roles, scopes map[string]permission, err error) {
	var list []json.RawMessage
	if s := api.API["oauth2PermissionScopes"]; s != nil {
		if err := json.Unmarshal(s, &list); err != nil {
			return nil, nil, fault.Errorf(fault.Transient, "reading the scopes of %s: %v", api.AppID, err)
		}
	}
	roles, scopes = map[string]permission{}, map[string]permission{}
	for into, items := range map[*map[string]permission][]json.RawMessage{&roles: api.AppRoles, &scopes: list} {
		for _, item := range items {
			var one permission
			if err := json.Unmarshal(item, &one); err != nil {
				return nil, nil, fault.Errorf(fault.Transient, "reading the permissions of %s: %v", api.AppID, err)
			}
			(*into)[strings.ToLower(one.Value)] = one
		}
	}
	return roles, scopes, nil
}

func sorted(m map[string]any) []string {
	var out []string
	for name := range m {
		if name != "displayName" {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
