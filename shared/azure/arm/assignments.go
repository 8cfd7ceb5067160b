package arm

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/authorization/armauthorization/v2"

	"rekey/shared/azure/redact"
	"rekey/shared/fault"
)

// Assignment is a role assignment.
type Assignment struct {
	ID               string
	Name             string
	Scope            string
	RoleID           string // resource id of the role definition
	PrincipalID      string
	PrincipalType    string // ServicePrincipal, Group, ...: what a group has is taken away by its membership
	Condition        string
	ConditionVersion string
	Description      string
	Created          time.Time
	CreatedBy        string
}

// AssignedTo lists the role assignments at, above and below a scope that a principal has itself or through groups, however
// nested. Eligible ones, which it would have to activate first, are not among them. The scope of a whole tenant is its root
// management group: "/" itself is refused, because nobody has rights there without elevating himself first.
func (c *Client) AssignedTo(ctx context.Context, scope, objectID string) ([]Assignment, error) {
	doing := "listing the roles of " + objectID + " at " + scope
	if !safe("/" + objectID) {
		return nil, fault.Errorf(fault.Denied, "%s: the object id is none", doing)
	}
	return c.assignments(ctx, doing, scope, "assignedTo('"+objectID+"')")
}

// AssignmentsAt lists the role assignments that reach a scope, everybody's: those made at it and above it.
func (c *Client) AssignmentsAt(ctx context.Context, scope string) ([]Assignment, error) {
	return c.assignments(ctx, "listing the roles at "+scope, scope, "atScope()")
}

func (c *Client) assignments(ctx context.Context, doing, scope, filter string) ([]Assignment, error) {
	if !safe(scope) {
		return nil, fault.Errorf(fault.Denied, "%s: the scope is none of Azure's", doing)
	}
	client, err := armauthorization.NewRoleAssignmentsClient("", c.cred, &c.options)
	if err != nil {
		return nil, redact.Error(doing, err)
	}
	var out []Assignment
	for p := client.NewListForScopePager(strings.TrimPrefix(scope, "/"), &armauthorization.RoleAssignmentsClientListForScopeOptions{Filter: &filter}); p.More(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, redact.Error(doing, err)
		}
		for _, a := range page.Value {
			out = append(out, assignment(a))
		}
	}
	return out, nil
}

func assignment(a *armauthorization.RoleAssignment) Assignment {
	out := Assignment{ID: value(a.ID), Name: value(a.Name)}
	if p := a.Properties; p != nil {
		out.Scope, out.RoleID, out.PrincipalID, out.PrincipalType = value(p.Scope), value(p.RoleDefinitionID), value(p.PrincipalID), string(value(p.PrincipalType))
		out.Condition, out.ConditionVersion, out.Description = value(p.Condition), value(p.ConditionVersion), value(p.Description)
		out.Created, out.CreatedBy = value(p.CreatedOn), value(p.CreatedBy)
	}
	return out
}

// assignmentType stands in the id of every role assignment.
const assignmentType = "/providers/microsoft.authorization/roleassignments/"

// RemoveAssignment deletes a role assignment. One that is gone is success.
func (c *Client) RemoveAssignment(ctx context.Context, id string) error {
	doing := "removing role assignment " + id
	if !safe(id) || !strings.Contains(strings.ToLower(id), assignmentType) {
		return fault.Errorf(fault.Denied, "%s: the id is not that of a role assignment", doing)
	}
	client, err := armauthorization.NewRoleAssignmentsClient("", c.cred, &c.options)
	if err != nil {
		return redact.Error(doing, err)
	}
	_, err = client.DeleteByID(ctx, strings.TrimPrefix(id, "/"), nil)
	return gone(redact.Error(doing, err))
}

// AddAssignment puts a role assignment back, under its old name. One that is there already is success.
func (c *Client) AddAssignment(ctx context.Context, a Assignment) error {
	doing := "adding role assignment " + a.ID
	if !safe(a.ID) || !strings.Contains(strings.ToLower(a.ID), assignmentType) {
		return fault.Errorf(fault.Denied, "%s: the id is not that of a role assignment", doing)
	}
	client, err := armauthorization.NewRoleAssignmentsClient("", c.cred, &c.options)
	if err != nil {
		return redact.Error(doing, err)
	}
	kind := armauthorization.PrincipalType(a.PrincipalType)
	p := &armauthorization.RoleAssignmentProperties{PrincipalID: &a.PrincipalID, RoleDefinitionID: &a.RoleID, PrincipalType: &kind}
	if a.Condition != "" {
		p.Condition, p.ConditionVersion = &a.Condition, &a.ConditionVersion
	}
	if a.Description != "" {
		p.Description = &a.Description
	}
	_, err = client.CreateByID(ctx, strings.TrimPrefix(a.ID, "/"), armauthorization.RoleAssignmentCreateParameters{Properties: p}, nil)
	var refused *azcore.ResponseError
	if errors.As(err, &refused) && refused.ErrorCode == "RoleAssignmentExists" {
		return nil
	}
	return redact.Error(doing, err)
}
