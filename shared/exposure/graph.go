package exposure

import (
	"strings"

	"rekey/shared/event"
)

// call is a Graph call worth remembering: {} stands for any one segment.
type call struct {
	method, path string
	op           Ops
}

// calls are what gives power over other identities, what lists everything of a kind, mailboxes and files. The list is short
// on purpose: a principal's calls are remembered one by one, and only these change what an alert means.
var calls = []call{
	{"POST", "applications", OpCall},
	{"PATCH", "applications/{}", OpCall},
	{"POST", "applications/{}/addPassword", OpCall},
	{"POST", "applications/{}/addKey", OpCall},
	{"POST", "applications/{}/owners/$ref", OpCall},
	{"POST", "applications/{}/federatedIdentityCredentials", OpCall},
	{"POST", "servicePrincipals", OpCall},
	{"PATCH", "servicePrincipals/{}", OpCall},
	{"POST", "servicePrincipals/{}/addPassword", OpCall},
	{"POST", "servicePrincipals/{}/addKey", OpCall},
	{"POST", "servicePrincipals/{}/owners/$ref", OpCall},
	{"POST", "servicePrincipals/{}/appRoleAssignments", OpCall},
	{"POST", "servicePrincipals/{}/appRoleAssignedTo", OpCall},
	{"POST", "oauth2PermissionGrants", OpCall},
	{"PATCH", "oauth2PermissionGrants/{}", OpCall},
	{"POST", "roleManagement/directory/roleAssignments", OpCall},
	{"POST", "roleManagement/directory/roleAssignmentScheduleRequests", OpCall},
	{"POST", "roleManagement/directory/roleEligibilityScheduleRequests", OpCall},
	{"POST", "directoryRoles/{}/members/$ref", OpCall},
	{"POST", "users/{}/authentication/temporaryAccessPassMethods", OpCall},
	{"POST", "users/{}/authentication/methods/{}/resetPassword", OpCall},
	{"POST", "identity/conditionalAccess/policies", OpCall},
	{"PATCH", "identity/conditionalAccess/policies/{}", OpCall},
	{"DELETE", "identity/conditionalAccess/policies/{}", OpCall},
	{"PATCH", "policies/authorizationPolicy", OpCall},
	{"POST", "domains/{}/federationConfiguration", OpCall},
	{"GET", "applications", OpEnumerate},
	{"GET", "servicePrincipals", OpEnumerate},
	{"GET", "users", OpEnumerate},
	{"GET", "groups", OpEnumerate},
	{"GET", "devices", OpEnumerate},
	{"GET", "directoryRoles", OpEnumerate},
	{"GET", "oauth2PermissionGrants", OpEnumerate},
	{"GET", "servicePrincipals/{}/appRoleAssignedTo", OpEnumerate},
	{"GET", "roleManagement/directory/roleAssignments", OpEnumerate},
	{"GET", "identity/conditionalAccess/policies", OpEnumerate},
	{"GET", "roleManagement/directory/roleDefinitions", OpEnumerate},
	{"GET", "users/{}/messages", OpMail},
	{"GET", "users/{}/mailFolders", OpMail},
	{"GET", "users/{}/mailFolders/{}/messages/{}", OpMail},
	{"GET", "users/{}/messages/{}/attachments", OpMail},
	{"GET", "users/{}/messages/{}/$value", OpMail},
	{"GET", "users/{}/mailFolders/{}/messages", OpMail},
	{"GET", "users/{}/messages/{}", OpMail},
	{"GET", "users/{}/drive/root/children", OpFiles},
	{"GET", "users/{}/drive/items/{}", OpFiles},
	{"GET", "users/{}/drive/items/{}/children", OpFiles},
	{"GET", "users/{}/drive/items/{}/content", OpFiles},
	{"GET", "drives/{}/root/children", OpFiles},
	{"GET", "drives/{}/items/{}", OpFiles},
	{"GET", "drives/{}/items/{}/children", OpFiles},
	{"GET", "drives/{}/items/{}/content", OpFiles},
	{"GET", "sites", OpFiles},
	{"GET", "sites/{}/drives", OpFiles},
	{"GET", "sites/{}/drive/root/children", OpFiles},
	{"GET", "sites/{}/drive/items/{}", OpFiles},
	{"GET", "sites/{}/drive/items/{}/content", OpFiles},
	{"GET", "sites/{}/lists/{}/items", OpFiles},
}

// byShape finds the calls of a method with so many segments.
var byShape = func() map[shape][]pattern {
	m := map[shape][]pattern{}
	for _, c := range calls {
		segments := strings.Split(strings.ToLower(c.path), "/")
		s := shape{c.method, len(segments)}
		m[s] = append(m[s], pattern{segments, Fact{
			Class: ClassCall, Op: c.op, Object: c.method + " /" + strings.ReplaceAll(c.path, "{}", "{id}"),
		}})
	}
	return m
}()

type shape struct {
	method   string
	segments int
}

type pattern struct {
	segments []string // in lower case
	fact     Fact
}

func (p pattern) fits(path []string) bool {
	for i, s := range p.segments {
		if s != "{}" && s != path[i] {
			return false
		}
	}
	return true
}

// graphFact reads a call to Microsoft Graph.
func graphFact(g *event.GraphCall) (Fact, bool) {
	refused := g.Status == 401 || g.Status == 403
	if g.Status >= 300 && !refused {
		return Fact{}, false
	}
	path := pathOf(g.URI)
	for _, p := range byShape[shape{strings.ToUpper(g.Method), len(path)}] {
		if p.fits(path) {
			f := p.fact
			if refused {
				f.Class = ClassDenied
			}
			return f, true
		}
	}
	return Fact{}, false
}

// pathOf returns the segments of a request's path in lower case without host, version, query and doubled slashes. An id
// in parentheses, as in applications(appId='...'), is a segment of its own.
func pathOf(uri string) []string {
	uri, _, _ = strings.Cut(uri, "?")
	if _, rest, ok := strings.Cut(uri, "://"); ok {
		_, uri, _ = strings.Cut(rest, "/")
	}
	var out []string
	for _, s := range strings.FieldsFunc(strings.ToLower(uri), func(r rune) bool { return r == '/' }) {
		if len(out) == 0 && (s == "v1.0" || s == "beta") {
			continue
		}
		name, id, ok := strings.Cut(s, "(")
		out = append(out, name)
		if ok && id != ")" {
			out = append(out, "(id)")
		}
	}
	return out
}
