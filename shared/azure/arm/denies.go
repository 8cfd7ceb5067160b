package arm

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"rekey/shared/fault"
)

// Deny is a deny assignment, which only Azure itself makes. It narrows what roles give: a caveat, because it may go at any
// time.
type Deny struct {
	ID         string
	Name       string
	Scope      string
	Principals []string // object ids; Everybody stands for all
	Excluded   []string
	Block      Block // DataActions and Actions are what is denied
}

// Everybody is the principal of a deny assignment that names all.
const Everybody = "00000000-0000-0000-0000-000000000000"

// Denies lists the deny assignments at, above and below a scope that name one of the object ids (a principal and its
// groups) or everybody.
func (c *Client) Denies(ctx context.Context, scope string, objectIDs ...string) ([]Deny, error) {
	doing := "listing deny assignments at " + scope
	if !safe(scope) {
		return nil, fault.Errorf(fault.Denied, "%s: the scope is none of Azure's", doing)
	}
	type principal struct{ ID string }
	type item struct {
		ID         string `json:"id"`
		Properties struct {
			DenyAssignmentName, Scope     string
			Permissions                   []Block
			Principals, ExcludePrincipals []principal
		} `json:"properties"`
	}
	found, err := pages[item](ctx, c, request{method: http.MethodGet, doing: doing, path: scope + "/providers/Microsoft.Authorization/denyAssignments", version: "2022-04-01"})
	if err != nil {
		return nil, err
	}
	var out []Deny
	for _, f := range found {
		d := Deny{ID: f.ID, Name: f.Properties.DenyAssignmentName, Scope: f.Properties.Scope}
		for _, p := range f.Properties.Principals {
			d.Principals = append(d.Principals, p.ID)
		}
		for _, p := range f.Properties.ExcludePrincipals {
			d.Excluded = append(d.Excluded, p.ID)
		}
		for _, b := range f.Properties.Permissions {
			d.Block.Actions, d.Block.NotActions = append(d.Block.Actions, b.Actions...), append(d.Block.NotActions, b.NotActions...)
			d.Block.DataActions, d.Block.NotDataActions = append(d.Block.DataActions, b.DataActions...), append(d.Block.NotDataActions, b.NotDataActions...)
		}
		if slices.ContainsFunc(d.Principals, func(id string) bool {
			return id == Everybody || slices.ContainsFunc(objectIDs, func(o string) bool { return strings.EqualFold(o, id) })
		}) {
			out = append(out, d)
		}
	}
	return out, nil
}
