package audit

import (
	"slices"
	"strings"
)

// Grant is one delegated permission grant as ConsentAction.Permissions has it. ClientID and ResourceID are object ids of
// service principals.
type Grant struct {
	ClientID, PrincipalID, ResourceID string
	Type                              string // AllPrincipals or Principal
	Scopes                            []string
}

// Consents reads ConsentAction.Permissions, "[[Id: ..., Scope: a b, ...]] => [[...]]; ": what was granted before and
// what is now.
func Consents(value string) (before, after []Grant) {
	left, right, ok := strings.Cut(value, "=>")
	if !ok {
		return nil, grants(value)
	}
	return grants(left), grants(right)
}

func grants(list string) []Grant {
	var out []Grant
	for _, block := range strings.Split(list, "[Id:")[1:] {
		block, _, _ = strings.Cut(block, "]")
		out = append(out, Grant{
			ClientID: member(block, "ClientId"), PrincipalID: member(block, "PrincipalId"), ResourceID: member(block, "ResourceId"),
			Type: member(block, "ConsentType"), Scopes: Scopes(member(block, "Scope")),
		})
	}
	return out
}

// member reads "name: value" up to the next comma. A scope never holds one.
func member(block, name string) string {
	_, v, ok := strings.Cut(block, ", "+name+":")
	if !ok {
		return ""
	}
	v, _, _ = strings.Cut(v, ",")
	return strings.TrimSpace(v)
}

// Scopes splits a list of scopes; it may begin with a space or have several between two of them.
func Scopes(list string) []string { return strings.Fields(Text(list)) }

// AddedScopes returns the scopes of the new list that the old one does not have: grants are written as a whole.
func AddedScopes(before, after []string) []string {
	return slices.DeleteFunc(slices.Clone(after), func(s string) bool {
		return slices.ContainsFunc(before, func(o string) bool { return strings.EqualFold(o, s) })
	})
}

// ConsentedScopes returns the scopes that a consent added, and whether they are for all users.
func ConsentedScopes(value string) (added []string, everyone bool) {
	before, after := Consents(value)
	var had, has []string
	for _, g := range before {
		had = append(had, g.Scopes...)
	}
	for _, g := range after {
		has = append(has, g.Scopes...)
		everyone = everyone || strings.EqualFold(g.Type, "AllPrincipals")
	}
	return AddedScopes(had, has), everyone
}
