package graph

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"rekey/shared/fault"
)

// already makes the refusal of what is there already a success: there looks for it. What is not there was refused for
// another reason, or a replica does not show it yet.
func already(err error, there func() (bool, error)) error {
	if !errors.Is(err, errBadRequest) && !errors.Is(err, fault.Conflict) {
		return err
	}
	if found, readErr := there(); readErr == nil && found {
		return nil
	}
	return err
}

func has[T any](list []T, is func(T) bool) bool { return slices.ContainsFunc(list, is) }

// Reference is a directory object that another refers to. The names are empty when the caller may not read its kind.
type Reference struct {
	Type        string `json:"@odata.type"` // like #microsoft.graph.user
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
	AppID       string `json:"appId"` // of a service principal
	UserName    string `json:"userPrincipalName"`

	RoleTemplateID string `json:"roleTemplateId"`     // of a directory role
	RoleAssignable bool   `json:"isAssignableToRole"` // of a group
	MembershipRule string `json:"membershipRule"`     // of a group whose members a rule chooses
}

// Types of reference.
const (
	TypeUser             = "#microsoft.graph.user"
	TypeGroup            = "#microsoft.graph.group"
	TypeServicePrincipal = "#microsoft.graph.servicePrincipal"
	TypeDirectoryRole    = "#microsoft.graph.directoryRole"
)

// Owners lists who owns an application or a service principal.
func (c *Client) Owners(ctx context.Context, collection, id string) ([]Reference, error) {
	return all[Reference](ctx, c, request{doing: "listing owners of " + id, path: path(collection, id) + "/owners"})
}

// reference is the body that refers to a directory object.
func (c *Client) reference(id string) map[string]string {
	return map[string]string{"@odata.id": c.base + "/directoryObjects/" + url.PathEscape(id)}
}

// AddOwner makes a user or service principal an owner. One that is an owner already is success.
func (c *Client) AddOwner(ctx context.Context, collection, id, owner string) error {
	err := c.call(ctx, request{method: http.MethodPost, doing: "adding owner " + owner + " to " + id, path: path(collection, id) + "/owners/$ref", body: c.reference(owner)})
	return already(err, func() (bool, error) {
		list, err := c.Owners(ctx, collection, id)
		return has(list, func(r Reference) bool { return r.ID == owner }), err
	})
}

// RemoveOwner removes an owner. One that is none any more is success. The path ends with /$ref: without it Graph
// deletes the owner itself.
func (c *Client) RemoveOwner(ctx context.Context, collection, id, owner string) error {
	return c.removal(ctx, "removing owner "+owner+" of "+id, path(collection, id)+"/owners/"+url.PathEscape(owner)+"/$ref")
}

// AppRoleAssignment is an application permission that a principal was given on a resource.
type AppRoleAssignment struct {
	ID              string    `json:"id,omitempty"`
	AppRoleID       string    `json:"appRoleId"`
	PrincipalID     string    `json:"principalId"`
	ResourceID      string    `json:"resourceId"`
	CreatedDateTime time.Time `json:"createdDateTime,omitzero"`

	PrincipalDisplayName string `json:"principalDisplayName,omitempty"`
	PrincipalType        string `json:"principalType,omitempty"` // User, Group, ServicePrincipal
	ResourceDisplayName  string `json:"resourceDisplayName,omitempty"`
}

// AppRoleAssignments lists the application permissions that a service principal was given.
func (c *Client) AppRoleAssignments(ctx context.Context, id string) ([]AppRoleAssignment, error) {
	return all[AppRoleAssignment](ctx, c, request{doing: "listing app role assignments of " + id, path: path(ServicePrincipals, id) + "/appRoleAssignments"})
}

// AppRoleAssignedTo lists who was given permissions on a service principal as a resource.
func (c *Client) AppRoleAssignedTo(ctx context.Context, id string) ([]AppRoleAssignment, error) {
	return all[AppRoleAssignment](ctx, c, request{doing: "listing app role assignments on " + id, path: path(ServicePrincipals, id) + "/appRoleAssignedTo"})
}

// AddAppRole gives a permission. One that was given already is success; it has another id than the one that was removed.
func (c *Client) AddAppRole(ctx context.Context, a AppRoleAssignment) error {
	body := map[string]string{"principalId": a.PrincipalID, "resourceId": a.ResourceID, "appRoleId": a.AppRoleID}
	doing := "giving app role " + a.AppRoleID + " to " + a.PrincipalID
	err := c.call(ctx, request{method: http.MethodPost, doing: doing, path: path(ServicePrincipals, a.PrincipalID) + "/appRoleAssignments", body: body})
	return already(err, func() (bool, error) {
		list, err := c.AppRoleAssignments(ctx, a.PrincipalID)
		return has(list, func(o AppRoleAssignment) bool { return o.AppRoleID == a.AppRoleID && o.ResourceID == a.ResourceID }), err
	})
}

// RemoveAppRole takes a permission away, by its resource, as Microsoft recommends. One that is gone already is success.
func (c *Client) RemoveAppRole(ctx context.Context, resourceID, id string) error {
	return c.removal(ctx, "removing app role assignment "+id, path(ServicePrincipals, resourceID)+"/appRoleAssignedTo/"+url.PathEscape(id))
}

// Grant is a delegated permission grant: what a client may do in the name of users.
type Grant struct {
	ID          string `json:"id,omitempty"`
	ClientID    string `json:"clientId"` // the service principal's object id
	ConsentType string `json:"consentType"`
	PrincipalID string `json:"principalId,omitempty"` // the user; empty for AllPrincipals
	ResourceID  string `json:"resourceId"`
	Scope       string `json:"scope"` // names, separated by spaces
}

// Grants lists the delegated permission grants to a service principal.
func (c *Client) Grants(ctx context.Context, id string) ([]Grant, error) {
	return all[Grant](ctx, c, request{doing: "listing delegated grants of " + id, path: path(ServicePrincipals, id) + "/oauth2PermissionGrants"})
}

// AddGrant makes a delegated permission grant. One of the same client, resource and user that is there already is
// success only with the same scope.
func (c *Client) AddGrant(ctx context.Context, g Grant) error {
	g.ID = ""
	err := c.call(ctx, request{method: http.MethodPost, doing: "granting delegated permissions to " + g.ClientID, path: "/oauth2PermissionGrants", body: g})
	return already(err, func() (bool, error) {
		list, err := c.Grants(ctx, g.ClientID)
		return has(list, func(o Grant) bool {
			o.ID = ""
			return o == g
		}), err
	})
}

// SetGrantScope makes scope all that a grant covers.
func (c *Client) SetGrantScope(ctx context.Context, id, scope string) error {
	return c.call(ctx, request{method: http.MethodPatch, doing: "changing delegated grant " + id, path: "/oauth2PermissionGrants/" + url.PathEscape(id), body: map[string]string{"scope": scope}})
}

// RemoveGrant takes a delegated permission grant away. One that is gone already is success. Access tokens that were
// issued live on.
func (c *Client) RemoveGrant(ctx context.Context, id string) error {
	return c.removal(ctx, "removing delegated grant "+id, "/oauth2PermissionGrants/"+url.PathEscape(id))
}
