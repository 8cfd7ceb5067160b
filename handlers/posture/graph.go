package posture

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"

	"rekey/shared/azure/graph"
	"rekey/shared/fault"
	"rekey/shared/posture"
)

// Graph is the Directory of production: Microsoft Graph.
type Graph struct {
	Client *graph.Client

	mu        sync.Mutex
	resources map[string]resource // by the object id of the service principal that offers roles
}

// resource is an API: its application id, and the names of its roles by their ids.
type resource struct {
	appID string
	roles map[string]string
}

// Applications implements Directory.
func (g *Graph) Applications(ctx context.Context, token string) ([]posture.Application, string, error) {
	page, next, err := g.Client.ApplicationPage(ctx, token)
	out := make([]posture.Application, len(page))
	for i, o := range page {
		out[i] = posture.Application{
			ID: strings.ToLower(o.ID), AppID: strings.ToLower(o.AppID), DisplayName: o.DisplayName, CreatedDateTime: o.CreatedDateTime, SignInAudience: o.SignInAudience,
			IdentifierURIs: o.IdentifierURIs, Web: platform(o.Web), SPA: platform(o.SPA), PublicClient: platform(o.PublicClient),
			PasswordCredentials: passwords(o), KeyCredentials: keys(o),
		}
	}
	return out, next, err
}

// Principals implements Directory.
func (g *Graph) Principals(ctx context.Context, token string) ([]posture.Principal, string, error) {
	page, next, err := g.Client.ServicePrincipalPage(ctx, token)
	out := make([]posture.Principal, len(page))
	for i, o := range page {
		out[i] = principal(o)
	}
	return out, next, err
}

func principal(o graph.Object) posture.Principal {
	p := posture.Principal{
		ID: strings.ToLower(o.ID), AppID: strings.ToLower(o.AppID), DisplayName: o.DisplayName, ServicePrincipalType: o.ServicePrincipalType,
		AppOwnerOrganizationID: o.AppOwnerOrganizationID, ApplicationTemplateID: o.ApplicationTemplateID, CreatedDateTime: o.CreatedDateTime,
		ReplyURLs: o.ReplyURLs, LogoutURL: o.LogoutURL, PasswordCredentials: passwords(o), KeyCredentials: keys(o),
	}
	if v := o.VerifiedPublisher; v != nil {
		p.VerifiedPublisher = posture.Publisher{ID: v.VerifiedPublisherID, Name: v.DisplayName}
	}
	return p
}

func platform(p graph.Platform) posture.Platform {
	return posture.Platform{RedirectURIs: p.RedirectURIs, LogoutURL: p.LogoutURL}
}

func passwords(o graph.Object) []posture.Credential {
	out := make([]posture.Credential, len(o.PasswordCredentials))
	for i, c := range o.PasswordCredentials {
		out[i] = posture.Credential{KeyID: c.KeyID, DisplayName: c.DisplayName, StartDateTime: c.StartDateTime, EndDateTime: c.EndDateTime}
	}
	return out
}

func keys(o graph.Object) []posture.Credential {
	var out []posture.Credential
	for _, raw := range o.KeyCredentials {
		var k graph.KeyCredential
		if json.Unmarshal(raw, &k) == nil && !strings.EqualFold(k.KeyID, o.TokenEncryptionKeyID) { // what encrypts tokens signs nobody in
			out = append(out, posture.Credential{KeyID: k.KeyID, DisplayName: k.DisplayName, Usage: k.Usage, StartDateTime: k.StartDateTime, EndDateTime: k.EndDateTime})
		}
	}
	return out
}

// Complete implements Directory.
func (g *Graph) Complete(ctx context.Context, f posture.Facts) (posture.Facts, error) {
	if a := f.Application; a != nil {
		list, err := g.Client.ServicePrincipals(ctx, a.AppID)
		if err != nil {
			return f, err
		}
		f.Principals = make([]posture.Principal, len(list))
		for i, o := range list {
			f.Principals[i] = principal(o)
		}
		complete := *a
		if complete.Owners, err = g.owners(ctx, graph.Applications, a.ID); err != nil {
			return f, err
		}
		f.Application = &complete
	}
	for i := range f.Principals {
		p := &f.Principals[i]
		var err error
		if p.Owners, err = g.owners(ctx, graph.ServicePrincipals, p.ID); err != nil {
			return f, err
		}
		p.Grants, err = g.grants(ctx, p.ID)
		if err != nil && !errors.Is(err, fault.Denied) { // denied: it stays unknown what it may do
			return f, err
		}
	}
	return f, nil
}

func (g *Graph) owners(ctx context.Context, collection, id string) ([]posture.Owner, error) {
	list, err := g.Client.Owners(ctx, collection, id)
	out := make([]posture.Owner, len(list))
	for i, o := range list {
		out[i] = posture.Owner{ID: o.ID, AppID: o.AppID, UserPrincipalName: o.UserName}
	}
	return out, err
}

// grants reads all of what a principal may do, or nothing: half of it would look like little.
func (g *Graph) grants(ctx context.Context, id string) (*posture.Grants, error) {
	out := &posture.Grants{}
	roles, err := g.Client.AppRoleAssignments(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, a := range roles {
		r, err := g.resource(ctx, a.ResourceID)
		if err != nil {
			return nil, err
		}
		role := posture.AppRole{Value: a.AppRoleID, ResourceAppID: r.appID, CreatedDateTime: a.CreatedDateTime}
		if name := r.roles[a.AppRoleID]; name != "" {
			role.Value = name
		}
		out.AppRoles = append(out.AppRoles, role)
	}
	scopes, err := g.Client.Grants(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, s := range scopes {
		out.Scopes = append(out.Scopes, posture.Scope{Scope: s.Scope, ConsentType: s.ConsentType})
	}
	directory, err := g.Client.Roles(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, r := range directory {
		out.DirectoryRoles = append(out.DirectoryRoles, r.RoleDefinitionID)
	}
	return out, nil
}

// maxResources bounds what is remembered of APIs.
const maxResources = 1000

// resource reads an API once a process: a role that is new since then is known by its id alone.
func (g *Graph) resource(ctx context.Context, id string) (resource, error) {
	g.mu.Lock()
	r, ok := g.resources[id]
	g.mu.Unlock()
	if ok {
		return r, nil
	}
	sp, err := g.Client.ServicePrincipal(ctx, id)
	if errors.Is(err, fault.NotFound) {
		return resource{}, nil // deleted, and its assignments not yet
	}
	if err != nil {
		return resource{}, err
	}
	roles, err := g.Client.AppRoles(ctx, id)
	if err != nil {
		return resource{}, err
	}
	r = resource{appID: strings.ToLower(sp.AppID), roles: make(map[string]string, len(roles))}
	for _, a := range roles {
		r.roles[a.ID] = a.Value
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.resources == nil || len(g.resources) >= maxResources {
		g.resources = map[string]resource{}
	}
	g.resources[id] = r
	return r, nil
}
