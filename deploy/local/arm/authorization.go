package arm

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// sortedKeys returns a map's keys in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func (s *Server) authorization(r *request, kind string) {
	switch {
	case kind == "microsoft.authorization/roledefinitions" && r.Method == http.MethodGet && r.tail == "":
		s.definition(r)
	case kind == "microsoft.authorization/denyassignments" && r.Method == http.MethodGet && r.tail != "":
		s.denies(r)
	case kind != "microsoft.authorization/roleassignments" || r.Method == http.MethodPost:
		fail(r.w, http.StatusNotFound, "NotFound", "The local resource manager has no "+r.Method+" "+r.URL.Path)
	case !s.allowed(r, r.action(r.Method), r.scope):
	case r.Method == http.MethodGet && r.tail != "":
		s.assignments(r)
	case r.Method == http.MethodGet:
		if a, ok := s.state.Rights.Assignments[lower(r.id())]; ok {
			answer(r.w, http.StatusOK, s.state.Rights.renderAssignment(a))
			return
		}
		fail(r.w, http.StatusNotFound, "RoleAssignmentNotFound", "The role assignment '"+r.names[0]+"' is not found.")
	case r.Method == http.MethodPut:
		s.assign(r)
	case r.Method == http.MethodDelete:
		s.unassign(r)
	default:
		fail(r.w, http.StatusMethodNotAllowed, "MethodNotAllowed", "The local resource manager has no "+r.Method+" for this type.")
	}
}

func (r rights) renderAssignment(a Assignment) map[string]any {
	p := map[string]any{
		"roleDefinitionId": r.definitionID(a.Scope, a.Role), "principalId": a.PrincipalID, "principalType": a.Kind, "scope": "/" + strings.Trim(a.Scope, "/"),
		"condition": nil, "conditionVersion": nil,
	}
	if a.Condition != "" {
		p["condition"], p["conditionVersion"] = a.Condition, "2.0"
	}
	return map[string]any{"id": a.ID(), "name": a.Name, "type": "Microsoft.Authorization/roleAssignments", "properties": p}
}

// definitionID is a definition's id as an assignment shows it: below the subscription, if there is one.
func (r rights) definitionID(scope, name string) string {
	id := "/providers/Microsoft.Authorization/roleDefinitions/" + name
	if sub := subscriptionOf(scope); sub != "" {
		return "/subscriptions/" + sub + id
	}
	return id
}

var filterTerm = regexp.MustCompile(`^(?:atScope\(\)|assignedTo\('([^']*)'\)|principalId eq '([^']*)')$`)

// filter is what $filter asks for.
type filter struct {
	atScope    bool
	assignedTo string // the principal and its groups
	principal  string // the principal alone
}

// parseFilter reads $filter, or answers.
func (r *request) parseFilter() (f filter, ok bool) {
	text := r.URL.Query().Get("$filter")
	if text == "" {
		return f, true
	}
	for _, term := range strings.Split(text, " and ") {
		m := filterTerm.FindStringSubmatch(strings.TrimSpace(term))
		if m == nil {
			fail(r.w, http.StatusBadRequest, "BadRequestFormat", "The filter '"+text+"' is not supported. Supported filters are either 'atScope()' or 'principalId eq '{value}' or assignedTo('{value}')'.")
			return f, false
		}
		f.atScope = f.atScope || m[1] == "" && m[2] == ""
		f.assignedTo, f.principal = f.assignedTo+m[1], f.principal+m[2]
	}
	return f, true
}

// names reports whether a principal's id is asked for.
func (f filter) names(r rights, id string) bool {
	switch {
	case f.assignedTo != "":
		return r.members(f.assignedTo)[strings.ToLower(id)]
	case f.principal != "":
		return strings.EqualFold(id, f.principal)
	}
	return true
}

// reaches reports whether something at a scope is shown in a list for another: what is above it and, unless atScope() is
// said, below it.
func (f filter) reaches(r rights, granted, scope string) bool {
	return r.covers(granted, scope) || !f.atScope && r.covers(scope, granted)
}

func (s *Server) assignments(r *request) {
	f, ok := r.parseFilter()
	if !ok {
		return
	}
	have, out := s.state.Rights, []any{}
	for _, key := range sortedKeys(have.Assignments) {
		if a := have.Assignments[key]; f.reaches(have, a.Scope, r.scope) && f.names(have, a.PrincipalID) {
			out = append(out, have.renderAssignment(a))
		}
	}
	s.page(r, out)
}

// denies lists deny assignments. They name principals, and groups for those that are in them.
func (s *Server) denies(r *request) {
	if !s.allowed(r, "Microsoft.Authorization/denyAssignments/read", r.scope) {
		return
	}
	f, ok := r.parseFilter()
	if !ok {
		return
	}
	have, out := s.state.Rights, []any{}
	for _, d := range have.Denies {
		if f.reaches(have, d.Scope, r.scope) && (f == filter{atScope: f.atScope} || slices.ContainsFunc(d.Principals, func(id string) bool { return id == everybody || f.names(have, id) })) {
			out = append(out, renderDeny(d))
		}
	}
	s.page(r, out)
}

func renderDeny(d Deny) map[string]any {
	people := func(ids []string) []any {
		out := []any{}
		for _, id := range ids {
			kind := "ServicePrincipal"
			if id == everybody {
				kind = "SystemDefined"
			}
			out = append(out, map[string]string{"id": id, "type": kind})
		}
		return out
	}
	return map[string]any{
		"id": d.Scope + "/providers/Microsoft.Authorization/denyAssignments/" + d.Name, "name": d.Name, "type": "Microsoft.Authorization/denyAssignments",
		"properties": map[string]any{
			"denyAssignmentName": d.Name, "scope": d.Scope, "permissions": []Permission{d.Permission}, "isSystemProtected": true,
			"principals": people(d.Principals), "excludePrincipals": people(d.Excluded), "doNotApplyToChildScopes": false,
		},
	}
}

// definition shows a role. At the tenant's root, whoever has any role may read built-in ones (guessed).
func (s *Server) definition(r *request) {
	if r.scope != "" && !s.allowed(r, "Microsoft.Authorization/roleDefinitions/read", r.scope) {
		return
	}
	d, ok := s.state.Rights.Definitions[strings.ToLower(r.names[0])]
	if !ok {
		fail(r.w, http.StatusNotFound, "RoleDefinitionDoesNotExist", "The specified role definition with ID '"+r.names[0]+"' does not exist.")
		return
	}
	kind := "BuiltInRole"
	if d.Custom {
		kind = "CustomRole"
	}
	answer(r.w, http.StatusOK, map[string]any{
		"id": s.state.Rights.definitionID(r.scope, d.Name), "name": d.Name, "type": "Microsoft.Authorization/roleDefinitions",
		"properties": map[string]any{"roleName": d.Role, "type": kind, "assignableScopes": []string{"/"}, "permissions": d.Permissions},
	})
}

// assign makes an assignment. The same one again changes nothing; another one of its name, or the same one of another name,
// is refused.
func (s *Server) assign(r *request) {
	var in struct {
		Properties struct{ RoleDefinitionID, PrincipalID, PrincipalType, Condition string }
	}
	if !r.body(&in) {
		return
	}
	p := in.Properties
	a := Assignment{r.names[0], r.scope, p.RoleDefinitionID[strings.LastIndexByte(p.RoleDefinitionID, '/')+1:], p.PrincipalID, p.PrincipalType, p.Condition}
	if _, ok := s.state.Rights.Definitions[a.Role]; !ok {
		fail(r.w, http.StatusBadRequest, "RoleDefinitionDoesNotExist", "The specified role definition with ID '"+a.Role+"' does not exist.")
		return
	}
	for _, have := range s.state.Rights.Assignments {
		same := have.Role == a.Role && strings.EqualFold(have.PrincipalID, a.PrincipalID) && lower(have.Scope) == lower(a.Scope)
		switch {
		case same && have.Name != a.Name:
			fail(r.w, http.StatusConflict, "RoleAssignmentExists", "The role assignment already exists.")
			return
		case !same && lower(have.ID()) == lower(a.ID()):
			fail(r.w, http.StatusConflict, "RoleAssignmentUpdateNotPermitted", "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.")
			return
		}
	}
	s.change(func(r *rights) { r.Assignments[lower(a.ID())] = a })
	if s.stored(r) {
		answer(r.w, http.StatusCreated, s.state.Rights.renderAssignment(a))
	}
}

// unassign removes an assignment. One that is gone is 204, as the service documents.
func (s *Server) unassign(r *request) {
	a, ok := s.state.Rights.Assignments[lower(r.id())]
	if !ok {
		answer(r.w, http.StatusNoContent, nil)
		return
	}
	s.change(func(have *rights) { delete(have.Assignments, lower(a.ID())) })
	if s.stored(r) {
		answer(r.w, http.StatusOK, s.state.Rights.renderAssignment(a))
	}
}
