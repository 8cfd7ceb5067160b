package httpapi

import (
	"slices"
	"strings"
)

// Directory roles, by template id. The id that nearly every member has in wids, b79fbf4d-3ef9-4689-8143-76b194e85509,
// is no role and grants nothing.
const (
	GlobalAdministrator            = "62e90394-69f5-4237-9190-012177145e10"
	SecurityAdministrator          = "194ae4cb-b126-40b2-bd5b-6091b380977d"
	SecurityOperator               = "5f2222b1-57c3-48ba-8ad5-d4759f1fde6f"
	SecurityReader                 = "5d6b6bb7-de71-4623-b4af-96380a352509"
	GlobalReader                   = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
	ConditionalAccessAdministrator = "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9"
)

var roleNames = map[string]string{
	GlobalAdministrator: "Global Administrator", SecurityAdministrator: "Security Administrator", SecurityOperator: "Security Operator",
	SecurityReader: "Security Reader", GlobalReader: "Global Reader", ConditionalAccessAdministrator: "Conditional Access Administrator",
}

// RoleName is what people call a directory role.
func RoleName(id string) string { return roleNames[id] }

// Permission is what a route asks for.
type Permission struct {
	Name  string     // for tables and tests: "read detections"
	AnyOf [][]string // sets of names; all of one set are needed: as app roles of an application, as scopes of a user's client
	Roles []string   // directory roles, by id: a user needs one of them, or the set as app roles
}

// Refusal says why a caller lacks a permission; it is empty when he has it.
func (p Permission) Refusal(c Caller) string {
	if c.App {
		if _, ok := p.within(c.Roles); ok {
			return ""
		}
		return "The application lacks " + p.needs("app role") + "."
	}
	set, ok := p.within(c.Scopes)
	if !ok {
		return "The client was not granted " + p.needs("scope") + "."
	}
	if slices.ContainsFunc(c.Directory, func(r string) bool { return slices.Contains(p.Roles, r) }) || contains(c.Roles, set) {
		return ""
	}
	if _, ok := p.within(c.Roles); ok {
		return ""
	}
	names := make([]string, len(p.Roles))
	for i, r := range p.Roles {
		names[i] = RoleName(r)
	}
	return "The user has none of the directory roles " + strings.Join(names, ", ") + ", and not " + p.needs("app role") + "."
}

// within returns the first set that is had as a whole.
func (p Permission) within(had []string) ([]string, bool) {
	for _, set := range p.AnyOf {
		if contains(had, set) {
			return set, true
		}
	}
	return nil, false
}

func contains(had, set []string) bool {
	return !slices.ContainsFunc(set, func(s string) bool { return !slices.Contains(had, s) })
}

// needs words the first set, which is the one to ask for.
func (p Permission) needs(kind string) string {
	set := p.AnyOf[0]
	if len(set) > 1 {
		kind += "s"
	}
	return "the " + kind + " " + strings.Join(set, " and ")
}

// Scope is the first set as WWW-Authenticate writes it.
func (p Permission) scope() string { return strings.Join(p.AnyOf[0], " ") }
