package graph

import (
	"net/http"
	"slices"
	"strings"

	"rekey/deploy/local/directory"
)

// reference is a directory object in a list of references. Who may not read its kind sees only that it is there.
func (s *Server) reference(c call, id string) (item, bool) {
	for _, kind := range []struct {
		collection, odata string
		readers           demand
	}{
		{directory.Users, "#microsoft.graph.user", demand{"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}},
		{directory.ServicePrincipals, "#microsoft.graph.servicePrincipal", readPrincipal},
		{directory.Groups, "#microsoft.graph.group", readGroup},
	} {
		o, ok := c.view.Get(kind.collection, id)
		if !ok {
			continue
		}
		out := item{"@odata.type": kind.odata, "id": o.ID, "displayName": nil}
		if c.holdsAny(kind.readers) {
			out["displayName"], out["appId"] = o.DisplayName, text(o.AppID)
			if kind.collection == directory.Groups {
				out["isAssignableToRole"], out["membershipRule"] = o.RoleAssignable, text(o.MembershipRule)
			}
		}
		return out, true
	}
	return nil, false
}

func (s *Server) owners(collection string) func(call) {
	return func(c call) {
		o, ok := c.view.Get(collection, c.id())
		if !ok {
			notFound(c.id()).write(c.w)
			return
		}
		var items []item
		for _, id := range o.Owners {
			if r, ok := s.reference(c, id); ok {
				items = append(items, r)
			}
		}
		s.page(c, "directoryObjects", items)
	}
}

// referenced reads the id out of the body of a POST to $ref.
func (s *Server) referenced(c call) (string, error) {
	var in struct {
		ID string `json:"@odata.id"`
	}
	if err := c.body(&in); err != nil {
		return "", err
	}
	id := in.ID[strings.LastIndex(in.ID, "/")+1:]
	for _, collection := range []string{directory.Users, directory.ServicePrincipals, directory.Groups} {
		if _, ok := s.directory.Get(collection, id); ok {
			return id, nil
		}
	}
	return "", notFound(id)
}

func alreadyThere(property string) problem {
	return bad("One or more added object references already exist for the following modified properties: '" + property + "'.")
}

func (s *Server) addOwner(collection string) func(call) {
	return func(c call) {
		id, err := s.referenced(c)
		if err != nil {
			c.refuse(err)
			return
		}
		if _, group := s.directory.Get(directory.Groups, id); group {
			c.refuse(bad("The reference target 'Group' is invalid for the 'owners' reference."))
			return
		}
		s.edit(c, collection, "addOwner "+id, func(o *directory.Object) error {
			switch {
			case o.ServicePrincipalType == managed:
				return denied
			case slices.Contains(o.Owners, id):
				return alreadyThere("owners")
			}
			o.Owners = append(o.Owners, id)
			return nil
		})
	}
}

// removeOwner removes the reference. The last owner may go: applications without owners exist.
func (s *Server) removeOwner(collection string) func(call) {
	return func(c call) {
		id := c.r.PathValue("item")
		s.edit(c, collection, "removeOwner "+id, func(o *directory.Object) error {
			i := slices.Index(o.Owners, id)
			if i < 0 {
				return notFound(id)
			}
			o.Owners = slices.Delete(o.Owners, i, i+1)
			return nil
		})
	}
}

// deleteReferenced is what a DELETE without /$ref does: it deletes the user or principal that is referred to, when the
// caller may, and is refused otherwise.
func (s *Server) deleteReferenced(c call) {
	id := c.r.PathValue("item")
	if _, ok := s.directory.Get(directory.Users, id); ok && c.holdsAny(demand{"User.ReadWrite.All"}) {
		c.end(s.directory.Remove(directory.Users, id, c.actor.AppID, "deleteUser"))
		return
	}
	if _, ok := s.directory.Get(directory.ServicePrincipals, id); ok && c.holdsAny(demand{PermissionWrite}) {
		c.end(s.directory.Delete(directory.ServicePrincipals, id, c.actor.AppID))
		return
	}
	denied.write(c.w)
}

// inRole reports whether the caller has one of some directory roles.
func (c call) inRole(templates ...string) bool {
	return slices.ContainsFunc(c.actor.Wids, func(w string) bool { return slices.Contains(templates, w) })
}

// roleNames are the names of a few built-in roles, by template id
// (learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference).
var roleNames = map[string]string{
	"62e90394-69f5-4237-9190-012177145e10": "Global Administrator", "e8611ab8-c189-46e8-94e1-60213ab1f814": "Privileged Role Administrator",
	"9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3": "Application Administrator", "88d8e3e3-8f55-4a1e-953a-9b9898b8876b": "Directory Readers",
}

func (s *Server) memberOf(c call) {
	sp, ok := c.view.Get(directory.ServicePrincipals, c.id())
	if !ok {
		notFound(c.id()).write(c.w)
		return
	}
	var items []item
	for _, g := range groupsOf(c.view, sp.ID) {
		if r, ok := s.reference(c, g.ID); ok {
			items = append(items, r)
		}
	}
	for _, role := range rolesOf(c.view, sp) {
		if role.DirectoryScopeID != "/" {
			continue // a role over an administrative unit is no membership
		}
		r := item{"@odata.type": "#microsoft.graph.directoryRole", "id": "role-" + role.RoleDefinitionID, "displayName": nil, "roleTemplateId": nil}
		if c.holdsAny(readRoles) {
			r["roleTemplateId"] = role.RoleDefinitionID
			if name := roleNames[role.RoleDefinitionID]; name != "" {
				r["displayName"] = name
			}
		}
		items = append(items, r)
	}
	s.page(c, "directoryObjects", items)
}

// groupsOf returns the groups of an object, nested ones too.
func groupsOf(v directory.View, id string) []directory.Object {
	all := v.List(directory.Groups)
	found := map[string]bool{}
	for again := true; again; {
		again = false
		for _, g := range all {
			inside := slices.ContainsFunc(g.Members, func(m string) bool { return m == id || found[m] })
			if inside && !found[g.ID] {
				found[g.ID], again = true, true
			}
		}
	}
	return slices.DeleteFunc(all, func(g directory.Object) bool { return !found[g.ID] })
}

// rolesOf returns the directory roles of a principal, those of its groups too.
func rolesOf(v directory.View, sp directory.Object) []directory.RoleAssignment {
	out := slices.Clone(sp.Roles)
	for _, g := range groupsOf(v, sp.ID) {
		out = append(out, g.Roles...)
	}
	return out
}

func (s *Server) group(c call) {
	if _, ok := c.view.Get(directory.Groups, c.id()); !ok {
		notFound(c.id()).write(c.w)
		return
	}
	r, _ := s.reference(c, c.id())
	answer(c.w, http.StatusOK, selected(r, c.r.URL.Query().Get("$select")))
}

// changeMembers edits a group's members, unless a rule chooses them or they carry roles that the caller may not give.
func (s *Server) changeMembers(c call, what string, do func(*directory.Object) error) {
	s.edit(c, directory.Groups, what, func(g *directory.Object) error {
		switch {
		case g.RoleAssignable && !c.holds("RoleManagement.ReadWrite.Directory"):
			return denied
		case g.MembershipRule != "":
			return bad("Insufficient privileges to complete the operation: the group's membership is dynamic.")
		}
		return do(g)
	})
}

func (s *Server) addMember(c call) {
	id, err := s.referenced(c)
	if err != nil {
		c.refuse(err)
		return
	}
	s.changeMembers(c, "addMember "+id, func(g *directory.Object) error {
		if slices.Contains(g.Members, id) {
			return alreadyThere("members")
		}
		g.Members = append(g.Members, id)
		return nil
	})
}

func (s *Server) removeMember(c call) {
	id := c.r.PathValue("item")
	s.changeMembers(c, "removeMember "+id, func(g *directory.Object) error {
		i := slices.Index(g.Members, id)
		if i < 0 {
			return notFound(id)
		}
		g.Members = slices.Delete(g.Members, i, i+1)
		return nil
	})
}
