package graph

import (
	"net/http"
	"slices"
	"time"

	"rekey/deploy/local/directory"
)

// holders are the collections whose objects may be given permissions and roles.
var holders = []string{directory.ServicePrincipals, directory.Users, directory.Groups}

// defaultAccess is the app role that every resource offers without defining it.
const defaultAccess = "00000000-0000-0000-0000-000000000000"

// holder returns the collection of an object that may hold permissions.
func (s *Server) holder(id string) (string, bool) {
	for _, collection := range holders {
		if _, ok := s.directory.Get(collection, id); ok {
			return collection, true
		}
	}
	return "", false
}

func assignment(v directory.View, collection string, o directory.Object, a directory.AppRoleAssignment) item {
	resource, _ := v.Get(directory.ServicePrincipals, a.ResourceID)
	kind := map[string]string{directory.ServicePrincipals: "ServicePrincipal", directory.Users: "User", directory.Groups: "Group"}[collection]
	return item{
		"id": a.ID, "appRoleId": a.AppRoleID, "createdDateTime": a.CreatedDateTime, "principalId": o.ID, "principalDisplayName": o.DisplayName,
		"principalType": kind, "resourceId": a.ResourceID, "resourceDisplayName": text(resource.DisplayName),
	}
}

func (s *Server) appRoleAssignments(c call) {
	o, ok := c.view.Get(directory.ServicePrincipals, c.id())
	if !ok {
		notFound(c.id()).write(c.w)
		return
	}
	var items []item
	for _, a := range o.AppRoles {
		items = append(items, assignment(c.view, directory.ServicePrincipals, o, a))
	}
	s.page(c, "appRoleAssignments", items)
}

func (s *Server) appRoleAssignedTo(c call) {
	if _, ok := c.view.Get(directory.ServicePrincipals, c.id()); !ok {
		notFound(c.id()).write(c.w)
		return
	}
	var items []item
	for _, collection := range holders {
		for _, o := range c.view.List(collection) {
			for _, a := range o.AppRoles {
				if a.ResourceID == c.id() {
					items = append(items, assignment(c.view, collection, o, a))
				}
			}
		}
	}
	s.page(c, "appRoleAssignments", items)
}

func (s *Server) addAppRole(c call) {
	var in directory.AppRoleAssignment
	if err := c.body(&in); err != nil {
		c.refuse(err)
		return
	}
	resource, ok := s.directory.Get(directory.ServicePrincipals, in.ResourceID)
	if !ok {
		c.refuse(notFound(in.ResourceID))
		return
	}
	offered := slices.ContainsFunc(resource.DefinedAppRoles, func(r directory.AppRole) bool { return r.ID == in.AppRoleID && r.Enabled() })
	if !offered && in.AppRoleID != defaultAccess {
		c.refuse(bad("Permission being assigned was not found on application '" + resource.AppID + "'."))
		return
	}
	in.ID, in.CreatedDateTime = guid(), now()
	err := s.directory.Update(directory.ServicePrincipals, c.id(), c.actor.AppID, "addAppRole "+in.AppRoleID, func(o *directory.Object) error {
		same := func(a directory.AppRoleAssignment) bool {
			return a.AppRoleID == in.AppRoleID && a.ResourceID == in.ResourceID
		}
		if slices.ContainsFunc(o.AppRoles, same) {
			return bad("Permission being assigned already exists on the object")
		}
		o.AppRoles = append(o.AppRoles, in)
		return nil
	})
	if err != nil {
		c.refuse(err)
		return
	}
	o, _ := s.directory.Get(directory.ServicePrincipals, c.id())
	answer(c.w, http.StatusCreated, assignment(c.view, directory.ServicePrincipals, o, in))
}

// The two ways to a permission: from whom it was given to, and from the resource, which Microsoft recommends.
const (
	byPrincipal = "principal"
	byResource  = "resource"
)

func (s *Server) removeAppRole(by string) func(call) {
	return func(c call) {
		id := c.r.PathValue("item")
		for _, collection := range holders {
			for _, o := range s.directory.View(time.Time{}).List(collection) {
				i := slices.IndexFunc(o.AppRoles, func(a directory.AppRoleAssignment) bool {
					return a.ID == id && (by == byPrincipal && o.ID == c.id() || by == byResource && a.ResourceID == c.id())
				})
				if i < 0 {
					continue
				}
				c.end(s.directory.Update(collection, o.ID, c.actor.AppID, "removeAppRole "+id, func(o *directory.Object) error {
					o.AppRoles = slices.DeleteFunc(o.AppRoles, func(a directory.AppRoleAssignment) bool { return a.ID == id })
					return nil
				}))
				return
			}
		}
		notFound(id).write(c.w)
	}
}

func grant(client string, g directory.Grant) item {
	return item{"id": g.ID, "clientId": client, "consentType": g.ConsentType, "principalId": text(g.PrincipalID), "resourceId": g.ResourceID, "scope": g.Scope}
}

func grantsOf(o directory.Object) []item {
	var out []item
	for _, g := range o.Grants {
		out = append(out, grant(o.ID, g))
	}
	return out
}

func (s *Server) grantsOf(c call) {
	o, ok := c.view.Get(directory.ServicePrincipals, c.id())
	if !ok {
		notFound(c.id()).write(c.w)
		return
	}
	s.page(c, "oauth2PermissionGrants", grantsOf(o))
}

func (s *Server) grants(c call) {
	var items []item
	for _, o := range c.view.List(directory.ServicePrincipals) {
		items = append(items, grantsOf(o)...)
	}
	s.page(c, "oauth2PermissionGrants", items)
}

func (s *Server) addGrant(c call) {
	var in struct {
		ClientID string
		directory.Grant
	}
	if err := c.body(&in); err != nil {
		c.refuse(err)
		return
	}
	in.ID = guid()
	err := s.directory.Update(directory.ServicePrincipals, in.ClientID, c.actor.AppID, "addGrant "+in.ID, func(o *directory.Object) error {
		same := func(g directory.Grant) bool {
			return g.ResourceID == in.ResourceID && g.ConsentType == in.ConsentType && g.PrincipalID == in.PrincipalID
		}
		if slices.ContainsFunc(o.Grants, same) {
			return problem{http.StatusConflict, "Request_MultipleObjectsWithSameKeyValue", "Permission entry already exists.", nil}
		}
		o.Grants = append(o.Grants, in.Grant)
		return nil
	})
	if err != nil {
		c.refuse(err)
		return
	}
	answer(c.w, http.StatusCreated, grant(in.ClientID, in.Grant))
}

// maxScope is how long the scopes of a grant may be together.
const maxScope = 3850

func (s *Server) patchGrant(c call) {
	var in struct{ Scope *string }
	if c.body(&in) != nil || in.Scope == nil || len(*in.Scope) > maxScope {
		c.refuse(invalid("scope"))
		return
	}
	s.changeGrant(c, "patchGrant ", func(o *directory.Object, i int) { o.Grants[i].Scope = *in.Scope })
}

func (s *Server) removeGrant(c call) {
	s.changeGrant(c, "removeGrant ", func(o *directory.Object, i int) { o.Grants = slices.Delete(o.Grants, i, i+1) })
}

func (s *Server) changeGrant(c call, what string, do func(o *directory.Object, i int)) {
	is := func(g directory.Grant) bool { return g.ID == c.id() }
	for _, o := range s.directory.View(time.Time{}).List(directory.ServicePrincipals) {
		if !slices.ContainsFunc(o.Grants, is) {
			continue
		}
		c.end(s.directory.Update(directory.ServicePrincipals, o.ID, c.actor.AppID, what+c.id(), func(o *directory.Object) error {
			i := slices.IndexFunc(o.Grants, is)
			if i < 0 {
				return notFound(c.id())
			}
			do(o, i)
			return nil
		}))
		return
	}
	notFound(c.id()).write(c.w)
}

func (s *Server) roleAssignments(c call) {
	var items []item
	for _, collection := range holders {
		for _, o := range c.view.List(collection) {
			for _, r := range o.Roles {
				items = append(items, role(o.ID, r))
			}
		}
	}
	s.page(c, "roleManagement/directory/roleAssignments", items)
}

func role(principal string, r directory.RoleAssignment) item {
	return item{"id": r.ID, "principalId": principal, "roleDefinitionId": r.RoleDefinitionID, "directoryScopeId": r.DirectoryScopeID}
}

func (s *Server) addRole(c call) {
	var in struct {
		PrincipalID string
		directory.RoleAssignment
	}
	if err := c.body(&in); err != nil {
		c.refuse(err)
		return
	}
	collection, ok := s.holder(in.PrincipalID)
	if !ok {
		c.refuse(notFound(in.PrincipalID))
		return
	}
	in.ID = guid()
	err := s.directory.Update(collection, in.PrincipalID, c.actor.AppID, "addRole "+in.RoleDefinitionID, func(o *directory.Object) error {
		same := func(r directory.RoleAssignment) bool {
			return r.RoleDefinitionID == in.RoleDefinitionID && r.DirectoryScopeID == in.DirectoryScopeID
		}
		if slices.ContainsFunc(o.Roles, same) {
			return bad("A conflicting object with one or more of the specified property values is present in the directory.")
		}
		o.Roles = append(o.Roles, in.RoleAssignment)
		return nil
	})
	if err != nil {
		c.refuse(err)
		return
	}
	answer(c.w, http.StatusCreated, role(in.PrincipalID, in.RoleAssignment))
}

func (s *Server) removeRole(c call) {
	is := func(r directory.RoleAssignment) bool { return r.ID == c.id() }
	for _, collection := range holders {
		for _, o := range s.directory.View(time.Time{}).List(collection) {
			if !slices.ContainsFunc(o.Roles, is) {
				continue
			}
			c.end(s.directory.Update(collection, o.ID, c.actor.AppID, "removeRole "+c.id(), func(o *directory.Object) error {
				o.Roles = slices.DeleteFunc(o.Roles, is)
				return nil
			}))
			return
		}
	}
	notFound(c.id()).write(c.w)
}
