package setup

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"rekey/handlers/rights"
	"rekey/shared/azure/graph"
	"rekey/shared/fault"
)

func apps(identities map[string]Identity) []string { return slices.Sorted(maps.Keys(identities)) }

// offered are the app roles of Microsoft Graph in this tenant.
type offered struct {
	resource string // object id of its service principal
	byName   map[string]graph.AppRole
	byID     map[string]graph.AppRole
}

// graphRoles reads what Microsoft Graph offers. Ids of roles are the same everywhere, but which there are is not.
func graphRoles(ctx context.Context, g *graph.Client) (offered, error) {
	out := offered{byName: map[string]graph.AppRole{}, byID: map[string]graph.AppRole{}}
	list, err := g.ServicePrincipals(ctx, graph.GraphAppID)
	if err != nil {
		return out, err
	}
	if len(list) == 0 {
		return out, fault.Errorf(fault.NotFound, "looking for Microsoft Graph in the tenant: there is no service principal of %s", graph.GraphAppID)
	}
	out.resource = list[0].ID
	roles, err := g.AppRoles(ctx, out.resource)
	for _, r := range roles {
		out.byName[r.Value], out.byID[r.ID] = r, r
	}
	return out, err
}

// permissions plans the application permissions of the identities.
func (s *Setup) permissions(ctx context.Context, p *Plan) error {
	if len(s.Identities) == 0 {
		p.note(Permissions, "no identity was named: give --outputs FILE (tofu output -json) or --identity APP=OBJECT_ID")
		return nil
	}
	offer, err := graphRoles(ctx, s.Graph)
	if err != nil {
		return err
	}
	for _, app := range apps(s.Identities) {
		if err := s.permissionsOf(ctx, p, app, offer); err != nil {
			return err
		}
	}
	return nil
}

func (s *Setup) permissionsOf(ctx context.Context, p *Plan, app string, offer offered) error {
	id := s.Identities[app].PrincipalID
	if _, err := s.Graph.ServicePrincipal(ctx, id); err != nil {
		if errors.Is(err, fault.NotFound) {
			return fault.Errorf(fault.NotFound, "reading %s's identity: the tenant has no service principal of the object id %s; the client id is another one, and a new identity takes a minute to show", app, id)
		}
		return err
	}
	have, err := s.Graph.AppRoleAssignments(ctx, id)
	if err != nil {
		return err
	}
	held := map[string]bool{}
	for _, a := range have {
		held[a.AppRoleID] = held[a.AppRoleID] || a.ResourceID == offer.resource
	}
	unwanted := map[string]string{}
	for _, n := range rights.Graph() {
		if n.App != app {
			continue
		}
		role, known := offer.byName[n.Permission]
		unwanted[n.Permission] = s.unwanted(n.Permission)
		switch {
		case held[role.ID]:
		case slices.Contains(s.Without, n.Permission):
			p.note(Permissions, "%s is not given %s, because --without names it: what it is for is left to people", app, n.Permission)
		case !known || !role.IsEnabled:
			p.warn(Permissions, "%s needs %s, which Microsoft Graph does not offer in this tenant: what it is for is left to people", app, n.Permission)
		case unwanted[n.Permission] != "":
			p.note(Permissions, "%s is not given %s: its holder can give itself anything. What it is for is left to people; --give %s gives it", app, n.Permission, n.Permission)
		default:
			p.call(s.give(app, id, role, offer.resource, n))
		}
	}
	s.tooMuch(p, app, id, have, unwanted, offer)
	return nil
}

// Choose takes the permissions that --give and --without name.
func (c *Config) Choose(give, without []string) error {
	for _, name := range slices.Concat(give, without) {
		switch {
		case !slices.ContainsFunc(rights.Graph(), func(n rights.Need) bool { return n.Permission == name }):
			return fmt.Errorf("no app needs %s: see docs/permissions.md for what --give and --without can name", name)
		case slices.Contains(give, name) && slices.Contains(without, name):
			return fmt.Errorf("--give and --without both name %s: take one of the two away", name)
		}
	}
	c.Give, c.Without = give, without
	return nil
}

// unwanted says why an identity is not to hold a permission that its code can use; "" if it is to.
func (s *Setup) unwanted(permission string) string {
	switch {
	case slices.Contains(s.Without, permission):
		return "which it is not to have (--without)"
	case rights.Alarming(permission) && !slices.Contains(s.Give, permission):
		return "by which it can give itself anything, and --give does not name it"
	}
	return ""
}

// give is the call that gives one permission.
func (s *Setup) give(app, id string, role graph.AppRole, resource string, n rights.Need) Call {
	a := graph.AppRoleAssignment{PrincipalID: id, ResourceID: resource, AppRoleID: role.ID}
	return Call{
		Part: Permissions, Method: "POST", Path: "/servicePrincipals/" + id + "/appRoleAssignments", What: "give " + n.Permission + " to " + app,
		Why: "the code calls " + first(n.Methods, 3), do: func(ctx context.Context) error { return s.Graph.AddAppRole(ctx, a) },
	}
}

// tooMuch names what an identity holds and is not to hold, and takes it away if that is asked for. unwanted has every
// permission that the code can use, and why it is not to be held nevertheless.
func (s *Setup) tooMuch(p *Plan, app, id string, have []graph.AppRoleAssignment, unwanted map[string]string, offer offered) {
	for _, a := range have {
		name := offer.byID[a.AppRoleID].Value
		why, used := unwanted[name]
		if !used {
			why = "which it does not need"
		}
		switch {
		case a.ResourceID != offer.resource:
			p.warn(Permissions, "%s holds the app role %s on %s, which Rekey did not give", app, a.AppRoleID, a.ResourceDisplayName)
		case why == "":
		case !s.Prune:
			p.warn(Permissions, "%s holds %s, %s: --prune takes it away", app, name, why)
		default:
			p.call(Call{
				Part: Permissions, Method: "DELETE", Path: "/servicePrincipals/" + offer.resource + "/appRoleAssignedTo/" + a.ID, What: "take " + name + " from " + app,
				Why: "it is one " + why, do: func(ctx context.Context) error { return s.Graph.RemoveAppRole(ctx, offer.resource, a.ID) },
			})
		}
	}
}

// first words a list by its first items.
func first(list []string, n int) string {
	out := ""
	for i, s := range list {
		switch {
		case i == n:
			return out + " and others"
		case i > 0:
			out += ", "
		}
		out += s
	}
	return out
}
