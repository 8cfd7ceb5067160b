package graph

import (
	"context"
	"net/http"
	"net/url"
)

// MemberOf lists the groups and directory roles of a service principal, nested ones too. Without a permission to read
// groups and roles Graph names none of them and shows no role template.
func (c *Client) MemberOf(ctx context.Context, id string) ([]Reference, error) {
	return all[Reference](ctx, c, request{doing: "listing memberships of " + id, path: path(ServicePrincipals, id) + "/transitiveMemberOf"})
}

// RoleAssignment is a directory role that a principal has in a scope, "/" being the whole tenant.
type RoleAssignment struct {
	ID               string `json:"id,omitempty"`
	PrincipalID      string `json:"principalId"`
	RoleDefinitionID string `json:"roleDefinitionId"` // of a built-in role: its template id
	DirectoryScopeID string `json:"directoryScopeId"`
}

const roleAssignments = "/roleManagement/directory/roleAssignments"

// Roles lists the directory roles that a principal was given itself; those it has through groups are the groups'.
func (c *Client) Roles(ctx context.Context, principalID string) ([]RoleAssignment, error) {
	query := url.Values{"$filter": {"principalId eq '" + quote(principalID) + "'"}}
	return all[RoleAssignment](ctx, c, request{doing: "listing directory roles of " + principalID, path: roleAssignments, query: query})
}

// AddRole gives a directory role. One that was given already is success; it has another id than the one that was removed.
func (c *Client) AddRole(ctx context.Context, a RoleAssignment) error {
	a.ID = ""
	err := c.call(ctx, request{method: http.MethodPost, doing: "giving directory role " + a.RoleDefinitionID + " to " + a.PrincipalID, path: roleAssignments, body: a})
	return already(err, func() (bool, error) {
		list, err := c.Roles(ctx, a.PrincipalID)
		return has(list, func(o RoleAssignment) bool {
			return o.RoleDefinitionID == a.RoleDefinitionID && o.DirectoryScopeID == a.DirectoryScopeID
		}), err
	})
}

// RemoveRole takes a directory role away. One that is gone already is success.
func (c *Client) RemoveRole(ctx context.Context, id string) error {
	return c.removal(ctx, "removing directory role assignment "+id, roleAssignments+"/"+url.PathEscape(id))
}

// AddMember makes an object a member of a group. One that is a member already is success. A group that carries
// directory roles needs RoleManagement.ReadWrite.Directory besides.
func (c *Client) AddMember(ctx context.Context, groupID, id string) error {
	err := c.call(ctx, request{method: http.MethodPost, doing: "adding " + id + " to group " + groupID, path: "/groups/" + url.PathEscape(groupID) + "/members/$ref", body: c.reference(id)})
	return already(err, func() (bool, error) {
		list, err := c.MemberOf(ctx, id)
		return has(list, func(r Reference) bool { return r.ID == groupID }), err
	})
}

// RemoveMember removes an object from a group. One that is no member any more is success. The path ends with /$ref:
// without it Graph deletes the member itself. A group that carries directory roles needs
// RoleManagement.ReadWrite.Directory besides; one whose members a rule chooses refuses.
func (c *Client) RemoveMember(ctx context.Context, groupID, id string) error {
	return c.removal(ctx, "removing "+id+" from group "+groupID, "/groups/"+url.PathEscape(groupID)+"/members/"+url.PathEscape(id)+"/$ref")
}
