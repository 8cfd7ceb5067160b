package graph

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"rekey/deploy/local/directory"
)

// Application permissions by which tests and the local stack are set up; the routes name all.
const (
	PermissionRead  = "Application.Read.All"
	PermissionWrite = "Application.ReadWrite.All"
)

// ownedBy reads every application, but changes only those that the caller owns.
const ownedBy = "Application.ReadWrite.OwnedBy"

// demand lists the alternatives that permit a call, the least privileged first. An alternative of several permissions,
// joined by "+", needs all of them. Every one is as documented in includes/permissions of Microsoft's Graph reference.
type demand []string

var (
	readApplication = demand{"Application.Read.All", ownedBy, "Application.ReadWrite.All"}
	readPrincipal   = demand{"Application.Read.All", ownedBy, "Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	readAssignments = demand{"Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}

	readAgents = demand{"AgentIdentity.Read.All", "AgentIdentity.ReadWrite.All"}

	// Who may only work on its own may make applications, too; that is left out here, for nothing makes any that way.
	makeApplication = demand{"Application.ReadWrite.All"}
	readLicences    = demand{"LicenseAssignment.Read.All", "Organization.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"}

	writeApplication = demand{ownedBy, "Application.ReadWrite.All"}
	writePrincipal   = demand{ownedBy, "Application.ReadWrite.All", "Directory.ReadWrite.All"}
	rollKey          = demand{ownedBy, "Application.ReadWrite.All"} // and nothing for the application itself
	addOwner         = demand{ownedBy + "+Directory.Read.All", "Application.ReadWrite.All+Directory.Read.All", "Directory.ReadWrite.All"}

	addAssignment    = demand{"AppRoleAssignment.ReadWrite.All+Application.Read.All", "AppRoleAssignment.ReadWrite.All+Directory.Read.All"}
	removeAssignment = demand{"AppRoleAssignment.ReadWrite.All"}
	readGrants       = demand{"Directory.Read.All", "DelegatedPermissionGrant.ReadWrite.All", "Directory.ReadWrite.All"}
	writeGrants      = demand{"DelegatedPermissionGrant.ReadWrite.All", "Directory.ReadWrite.All"}

	readGroup    = demand{"GroupMember.Read.All", "Group.Read.All", "Directory.Read.All", "GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All"}
	writeMembers = demand{"GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All"}
	readRoles    = demand{"RoleManagement.Read.Directory", "RoleManagement.Read.All", "Directory.Read.All", "RoleManagement.ReadWrite.Directory", "Directory.ReadWrite.All"}
	writeRoles   = demand{"RoleManagement.ReadWrite.Directory"}

	readAppPolicies = demand{"Policy.Read.All", "Policy.ReadWrite.ApplicationConfiguration"}
	// of one application: which policy it has is a property of both
	readAppPoliciesOf = demand{"Application.Read.All+Policy.Read.All", "Application.Read.All+Policy.ReadWrite.ApplicationConfiguration", "Application.ReadWrite.All+Policy.Read.All"}

	readRisk       = demand{"IdentityRiskyServicePrincipal.Read.All", "IdentityRiskyServicePrincipal.ReadWrite.All"}
	writeRisk      = demand{"IdentityRiskyServicePrincipal.ReadWrite.All"}
	readDetections = demand{"IdentityRiskEvent.Read.All"}
	readSignIns    = demand{"AuditLog.Read.All+Directory.Read.All"}

	readAccess   = demand{"Policy.Read.All"}
	writeAccess  = demand{"Policy.Read.All+Policy.ReadWrite.ConditionalAccess+Application.Read.All"}
	removeAccess = demand{"Policy.Read.All+Policy.ReadWrite.ConditionalAccess"}
)

// route is one call of Graph.
type route struct {
	method, path string // below /v1.0; of what only the beta version has, with it
	needs        demand
	handle       func(call)
}

// versioned is the path as it is called.
func (r route) versioned() string {
	if strings.HasPrefix(r.path, "/beta/") {
		return r.path
	}
	return "/v1.0" + r.path
}

// Demands returns the alternatives that permit each call, by method and path, like "PATCH /applications/{id}".
func Demands() map[string][]string {
	out := map[string][]string{}
	for _, r := range (&Server{}).routes() {
		out[r.method+" "+r.path] = r.needs
	}
	return out
}

// holds reports whether the caller's token carries a permission.
func (c call) holds(permission string) bool { return slices.Contains(c.actor.Roles, permission) }

func (c call) holdsAny(d demand) bool {
	return slices.ContainsFunc(d, func(alternative string) bool { return c.holdsAll(alternative) })
}

func (c call) holdsAll(alternative string) bool {
	for p := range strings.SplitSeq(alternative, "+") {
		if !c.holds(p) {
			return false
		}
	}
	return true
}

// permitted reports whether the caller may make a call. Who holds the permission for owned applications alone may read
// all of them and change those it owns.
func (s *Server) permitted(c call, rt route) bool {
	for _, alternative := range rt.needs {
		if !c.holdsAll(alternative) {
			continue
		}
		owner := strings.Contains(alternative, ownedBy) && rt.method != http.MethodGet
		if !owner || s.owns(c) {
			return true
		}
	}
	return s.agentRight(c, rt) || s.itself(c, rt)
}

// itself reports whether an application rolls its own keys, for which the proof is enough (application-addkey).
func (s *Server) itself(c call, rt route) bool {
	if !strings.HasSuffix(rt.path, "/addKey") && !strings.HasSuffix(rt.path, "/removeKey") {
		return false
	}
	collection, _, _ := strings.Cut(strings.TrimPrefix(c.r.URL.Path, "/v1.0/"), "/")
	o, ok := s.directory.Get(collection, c.id())
	return ok && o.AppID == c.actor.AppID
}

// agentRights permit changes of agent identities and their blueprints alone (agentidentity-update, agentidentityblueprint-update).
// That the last one is good for each kind of credential is a guess: no page names it for the methods.
const (
	switchAgents         = "AgentIdentity.EnableDisable.All"
	blueprintCredentials = "AgentIdentityBlueprint.AddRemoveCreds.All"
)

// agentRight reports whether the caller may make a call because it is about an agent identity, or the credentials of a
// blueprint.
func (s *Server) agentRight(c call, rt route) bool {
	switch rt.path {
	case "/servicePrincipals/{id}":
		o, _ := s.directory.Get(directory.ServicePrincipals, c.id())
		return rt.method == patch && o.AgentBlueprintID != "" && c.holds(switchAgents)
	case "/applications/{id}", "/applications/{id}/removePassword", "/applications/{id}/addPassword", "/applications/{id}/federatedIdentityCredentials",
		"/applications/{id}/federatedIdentityCredentials/{item}":
		app, _ := s.directory.Get(directory.Applications, c.id())
		agents := s.directory.View(time.Time{}).List(directory.ServicePrincipals)
		blueprint := slices.ContainsFunc(agents, func(o directory.Object) bool { return o.AgentBlueprintID != "" && o.AgentBlueprintID == app.AppID })
		return rt.method != get && (rt.method != remove || strings.HasSuffix(rt.path, "{item}")) && blueprint && c.holds(blueprintCredentials)
	}
	return false
}

func (s *Server) owns(c call) bool {
	collection, _, _ := strings.Cut(strings.TrimPrefix(c.r.URL.Path, "/v1.0/"), "/")
	o, ok := s.directory.Get(collection, c.id())
	return ok && slices.Contains(o.Owners, c.actor.Object)
}

// conditionalAccess and identityProtection are services of their own behind Graph.
func (r route) conditionalAccess() bool {
	return strings.HasPrefix(r.path, "/identity/conditionalAccess")
}

func (r route) paced() bool {
	return r.conditionalAccess() || strings.HasPrefix(r.path, "/identityProtection")
}

// refusal is how missing permissions are refused. Graph does not say which one is missing, and neither does this.
func (r route) refusal() problem {
	if r.conditionalAccess() {
		return problem{http.StatusForbidden, "AccessDenied", "You cannot perform the requested operation, required scopes are missing in the token.", nil}
	}
	return denied
}

var denied = problem{http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.", nil}
