package arm

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// patchable are the types whose update takes an identity. Others, like container groups, take tags only.
var patchable = []string{
	"microsoft.compute/virtualmachines", "microsoft.compute/virtualmachinescalesets", "microsoft.web/sites", "microsoft.web/sites/slots", "microsoft.app/containerapps",
}

// patch changes a resource's tags or identity. In the identity, a null removes an entry and what is not named stays. Who
// adds one needs the right to assign it.
func (s *Server) patch(r *request, kind string) {
	res := s.find(r)
	if res == nil {
		return
	}
	var in struct {
		Tags     map[string]string
		Identity *struct {
			Type                   string
			UserAssignedIdentities map[string]*map[string]string
		}
	}
	if !r.body(&in) {
		return
	}
	next := *res
	if in.Tags != nil {
		next.Tags = in.Tags
	}
	if in.Identity != nil {
		if !slices.Contains(patchable, kind) {
			fail(r.w, http.StatusBadRequest, "InvalidRequestContent", "Could not find member 'identity' on object of type 'ResourceTagsUpdate'.")
			return
		}
		id := &Identity{Type: in.Identity.Type, UserAssigned: map[string]map[string]string{}}
		if res.Identity != nil {
			id.PrincipalID, id.TenantID, id.UserAssigned = res.Identity.PrincipalID, res.Identity.TenantID, maps.Clone(res.Identity.UserAssigned)
		}
		for name, value := range in.Identity.UserAssignedIdentities {
			if !s.attach(r, id, name, value == nil) {
				return
			}
		}
		if !consistent(r, id, len(in.Identity.UserAssignedIdentities) > 0) {
			return
		}
		next.Identity = id
	}
	*res = next
	if s.stored(r) {
		answer(r.w, http.StatusOK, s.render(res))
	}
}

func (s *Server) attach(r *request, id *Identity, name string, remove bool) bool {
	at := slices.IndexFunc(slices.Collect(maps.Keys(id.UserAssigned)), func(k string) bool { return lower(k) == lower(name) })
	if remove {
		maps.DeleteFunc(id.UserAssigned, func(k string, _ map[string]string) bool { return lower(k) == lower(name) })
		return true
	}
	if at >= 0 {
		return true
	}
	if !s.allowed(r, "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", name) {
		return false
	}
	identity := s.state.Resources[lower(name)]
	if identity == nil {
		fail(r.w, http.StatusBadRequest, "FailedIdentityOperation", "The identity '"+name+"' was not found.")
		return false
	}
	id.UserAssigned[name] = map[string]string{}
	return true
}

// consistent checks that the type says what is there (guessed: services differ in the words, not in the refusal). A type without
// user-assigned identities removes them all, and none may be named with it.
func consistent(r *request, id *Identity, named bool) bool {
	if !strings.Contains(strings.ToLower(id.Type), "systemassigned") {
		id.PrincipalID, id.TenantID = "", ""
	}
	if !strings.Contains(strings.ToLower(id.Type), "userassigned") && !named {
		id.UserAssigned = nil
		return true
	}
	if len(id.UserAssigned) == 0 || !strings.Contains(strings.ToLower(id.Type), "userassigned") {
		fail(r.w, http.StatusBadRequest, "InvalidIdentityValues", "Invalid value for the identities. The 'UserAssigned' property keys should only be specified with the type that contains 'UserAssigned'.")
		return false
	}
	return true
}
