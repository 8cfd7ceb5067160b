package exposure

import (
	"slices"
	"strings"

	"rekey/shared/event"
)

// oldPrefix stands before calls to the old Azure AD Graph.
const oldPrefix = "AAD Graph "

// oldCollections are the collections of Azure AD Graph that are told apart, in its own spelling.
var oldCollections = []string{
	"users", "groups", "devices", "applications", "servicePrincipals", "directoryRoles", "oauth2PermissionGrants",
	"tenantDetails", "contacts", "domains", "policies", "roleAssignments", "roleDefinitions", "appRoleAssignments",
}

// oldGraphFact reads a call to Azure AD Graph. Any is worth remembering: the interface is retired, few workloads still use
// it, and tools that map a tenant do because for years it kept no log. Its paths begin with the tenant.
func oldGraphFact(g *event.GraphCall) (Fact, bool) {
	refused := g.Status == 401 || g.Status == 403
	if g.Status >= 300 && !refused {
		return Fact{}, false
	}
	f := Fact{Class: ClassCall, Op: OpOldGraph, Object: oldPrefix + method(g.Method)}
	if path := pathOf(g.URI); len(path) > 1 {
		if i := slices.IndexFunc(oldCollections, func(c string) bool { return strings.EqualFold(c, path[1]) }); i >= 0 {
			f.Object += " /" + oldCollections[i]
			if len(path) > 2 {
				f.Object += "/{id}"
			}
		}
	}
	if refused {
		f.Class = ClassDenied
	}
	return f, true
}

// method returns a method of HTTP; whatever else a record says is "OTHER".
func method(s string) string {
	for _, m := range []string{"GET", "POST", "PATCH", "PUT", "DELETE"} {
		if strings.EqualFold(s, m) {
			return m
		}
	}
	return "OTHER"
}

// oldWrite reports whether a call to Azure AD Graph changes one of the collections.
func oldWrite(object string) bool {
	call, ok := strings.CutPrefix(object, oldPrefix)
	return ok && !strings.HasPrefix(call, "GET") && strings.Contains(call, " /")
}

// listed returns what a call lists, "users", and false when it lists nothing: of Azure AD Graph a read of a whole
// collection. The same thing listed through both interfaces is one.
func listed(r *Read) (string, bool) {
	_, what, ok := strings.Cut(r.Object, "GET /")
	return what, ok && (r.Ops.Has(OpEnumerate|OpUserList) || r.Ops.Has(OpOldGraph) && !strings.Contains(what, "/"))
}
