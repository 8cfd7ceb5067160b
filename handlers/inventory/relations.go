package inventory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"rekey/shared/azure/graph"
	"rekey/shared/fault"
	"rekey/shared/remedy"
)

// Relations is what Graph says beside an object's own properties.
type Relations interface {
	Owners(ctx context.Context, collection, id string) ([]graph.Reference, error)
	Grants(ctx context.Context, id string) ([]graph.Grant, error)
	AppRoleAssignments(ctx context.Context, id string) ([]graph.AppRoleAssignment, error)
	AppRoleAssignedTo(ctx context.Context, id string) ([]graph.AppRoleAssignment, error)
	AppRoles(ctx context.Context, id string) ([]graph.AppRole, error)
	MemberOf(ctx context.Context, id string) ([]graph.Reference, error)
	Roles(ctx context.Context, principalID string) ([]graph.RoleAssignment, error)
	AppPolicies(ctx context.Context, collection, id string) ([]graph.AppPolicy, error)
	DefaultAppPolicy(ctx context.Context) (graph.AppPolicy, error)
}

// Surround adds to an inventory what surrounds its objects: owners, grants, permissions, roles, groups, and what the
// tenant's policies allow. It takes a dozen requests, so whoever only watches credentials leaves it out.
func Surround(ctx context.Context, d Relations, inv *remedy.Inventory) (err error) {
	if app := inv.Application; app != nil {
		if err := relations(ctx, d, graph.Applications, app); err != nil {
			return fmt.Errorf("gathering what surrounds application %s: %w", app.AppID, err)
		}
		if inv.Restrictions, err = restrictions(ctx, d, app); err != nil {
			return fmt.Errorf("gathering the policies of application %s: %w", app.AppID, err)
		}
	}
	for i := range inv.Principals {
		if err := relations(ctx, d, graph.ServicePrincipals, &inv.Principals[i]); err != nil {
			return fmt.Errorf("gathering what surrounds %s: %w", inv.Principals[i].ID, err)
		}
	}
	return nil
}

// known makes a list of what was read. What the identity may not read is unknown, and the plan says so; any other error
// stops the gathering, because what was not read must not be taken for nothing.
func known[T, R any](read []T, err error, as func(T) R) (remedy.List[R], error) {
	if errors.Is(err, fault.Denied) || errors.Is(err, fault.NotFound) {
		return remedy.List[R]{}, nil
	}
	out := remedy.ListOf[R]()
	for _, x := range read {
		out.Items = append(out.Items, as(x))
	}
	return out, err
}

// relations fills in what surrounds an object.
func relations(ctx context.Context, d Relations, collection string, o *remedy.Object) (err error) {
	owners, err := d.Owners(ctx, collection, o.ID)
	if o.Owners, err = known(owners, err, owner); err != nil || o.Kind != remedy.KindServicePrincipal {
		return err
	}
	grants, err := d.Grants(ctx, o.ID)
	if o.Grants, err = known(grants, err, grant); err != nil {
		return err
	}
	assigned, err := d.AppRoleAssignedTo(ctx, o.ID)
	if o.AssignedTo, err = known(assigned, err, assignee); err != nil {
		return err
	}
	if err := appRoles(ctx, d, o); err != nil {
		return err
	}
	return memberships(ctx, d, o)
}

func owner(r graph.Reference) remedy.Owner {
	kind := strings.TrimPrefix(r.Type, "#microsoft.graph.")
	return remedy.Owner{ID: r.ID, Type: kind, Name: cmp.Or(r.DisplayName, r.UserName)}
}

func grant(g graph.Grant) remedy.Grant {
	return remedy.Grant{ID: g.ID, ConsentType: g.ConsentType, PrincipalID: g.PrincipalID, ResourceID: g.ResourceID, Scope: g.Scope}
}

func assignee(a graph.AppRoleAssignment) remedy.Assignee {
	return remedy.Assignee{ID: a.ID, PrincipalID: a.PrincipalID, Name: a.PrincipalDisplayName, Type: a.PrincipalType, Created: a.CreatedDateTime}
}

// appRoles reads what the principal may do on resources, by name: each resource is asked once which roles it offers.
func appRoles(ctx context.Context, d Relations, o *remedy.Object) error {
	assignments, err := d.AppRoleAssignments(ctx, o.ID)
	names := map[string]string{}
	for _, a := range assignments {
		if _, asked := names[a.ResourceID]; asked {
			continue
		}
		names[a.ResourceID] = ""
		offered, err := d.AppRoles(ctx, a.ResourceID)
		if err != nil && !errors.Is(err, fault.Denied) && !errors.Is(err, fault.NotFound) {
			return err
		}
		for _, r := range offered {
			names[a.ResourceID+"/"+r.ID] = r.Value
		}
	}
	o.AppRoles, err = known(assignments, err, func(a graph.AppRoleAssignment) remedy.AppRole {
		return remedy.AppRole{
			ID: a.ID, ResourceID: a.ResourceID, Resource: a.ResourceDisplayName, AppRoleID: a.AppRoleID, Value: names[a.ResourceID+"/"+a.AppRoleID], Created: a.CreatedDateTime,
		}
	})
	return err
}

// memberships reads groups and directory roles. The assignment of a role has no name; the role that the principal is a
// member of has.
func memberships(ctx context.Context, d Relations, o *remedy.Object) error {
	members, err := d.MemberOf(ctx, o.ID)
	roleNames := map[string]string{}
	var groups []graph.Reference
	for _, m := range members {
		switch m.Type {
		case graph.TypeGroup:
			groups = append(groups, m)
		case graph.TypeDirectoryRole:
			roleNames[m.RoleTemplateID] = m.DisplayName
		}
	}
	if o.Groups, err = known(groups, err, func(g graph.Reference) remedy.Group {
		return remedy.Group{ID: g.ID, Name: g.DisplayName, RoleAssignable: g.RoleAssignable}
	}); err != nil {
		return err
	}
	roles, err := d.Roles(ctx, o.ID)
	o.DirectoryRoles, err = known(roles, err, func(r graph.RoleAssignment) remedy.DirectoryRole {
		return remedy.DirectoryRole{ID: r.ID, TemplateID: r.RoleDefinitionID, Name: cmp.Or(roleNames[r.RoleDefinitionID], r.RoleDefinitionID), Scope: r.DirectoryScopeID}
	})
	return err
}

// restrictions reads what the tenant's policy and the application's own allow; nil when it may not be read.
func restrictions(ctx context.Context, d Relations, app *remedy.Object) (*remedy.Restrictions, error) {
	byTenant, err := d.DefaultAppPolicy(ctx)
	if errors.Is(err, fault.Denied) || errors.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := &remedy.Restrictions{Policy: byTenant.DisplayName}
	if byTenant.IsEnabled {
		out.Items = append(out.Items, items(byTenant.Applications)...)
	}
	own, err := d.AppPolicies(ctx, graph.Applications, app.ID)
	if errors.Is(err, fault.Denied) || errors.Is(err, fault.NotFound) {
		return nil, nil
	}
	for _, p := range own { // a policy of its own takes the place of the tenant's
		if p.IsEnabled {
			out.Policy, out.Items = p.DisplayName, items(p.Restrictions)
		}
	}
	return out, err
}

func items(r graph.Restrictions) []remedy.Restriction {
	var out []remedy.Restriction
	for _, list := range [][]graph.Restriction{r.Keys, r.Passwords} {
		for _, x := range list {
			out = append(out, remedy.Restriction{Type: x.Type, MaxLifetime: x.MaxLifetime, CreatedAfter: x.CreatedAfter})
		}
	}
	return out
}

// describe adds to an object what Graph's own properties say of it.
func describe(o *remedy.Object, g graph.Object) {
	o.DataType, o.BlueprintID, o.Audience, o.Created, o.Tags = g.ODataType, g.AgentBlueprintID, g.SignInAudience, g.CreatedDateTime, g.Tags
	o.Template = g.ApplicationTemplateID
	if g.VerifiedPublisher != nil {
		o.Publisher = g.VerifiedPublisher.DisplayName
	}
	if o.Kind == remedy.KindServicePrincipal {
		o.LogoutURL = &g.LogoutURL
		if id := resourceOf(g); id != "" {
			o.Managed = &remedy.Managed{ResourceID: id, UserAssigned: strings.Contains(strings.ToLower(id), "/userassignedidentities/")}
		}
		return
	}
	o.LogoutURL, o.IdentifierURIs, o.RedirectURIs = &g.Web.LogoutURL, remedy.ListOf(g.IdentifierURIs...), remedy.ListOf[remedy.RedirectURI]()
	for _, p := range []struct {
		name string
		graph.Platform
	}{{remedy.PlatformWeb, g.Web}, {remedy.PlatformSPA, g.SPA}, {remedy.PlatformPublic, g.PublicClient}} {
		for _, uri := range p.RedirectURIs {
			o.RedirectURIs.Items = append(o.RedirectURIs.Items, remedy.RedirectURI{Platform: p.name, URI: uri})
		}
	}
	if l := g.Lock; l != nil {
		o.Lock = &remedy.Lock{Enabled: l.IsEnabled, All: l.AllProperties, Verify: l.CredentialsWithUsageVerify, Sign: l.CredentialsWithUsageSign, Encryption: l.TokenEncryptionKeyID}
	}
}

// resourceOf returns the ARM id behind a managed identity; its alternative names hold it.
func resourceOf(g graph.Object) string {
	if g.ServicePrincipalType != "ManagedIdentity" {
		return ""
	}
	for _, n := range g.AlternativeNames {
		if strings.HasPrefix(n, "/subscriptions/") {
			return n
		}
	}
	return ""
}
