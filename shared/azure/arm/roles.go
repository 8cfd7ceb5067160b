package arm

import (
	"context"
	"errors"
	"net/http"
	"slices"
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

// Role is a role definition. What it allows are the blocks together, each without its own exceptions.
type Role struct {
	ID     string
	Name   string
	Custom bool
	Blocks []Block
}

// Block is one part of a role. All lists may hold wildcards, which also stand for slashes.
type Block struct {
	Actions        []string
	NotActions     []string
	DataActions    []string
	NotDataActions []string
}

// AllowsData reports whether the role allows a data action, like Microsoft.KeyVault/vaults/secrets/getSecret/action.
func (r Role) AllowsData(action string) bool {
	return slices.ContainsFunc(r.Blocks, func(b Block) bool { return anyMatches(b.DataActions, action) && !anyMatches(b.NotDataActions, action) })
}

// Allows reports whether the role allows an action, like Microsoft.Authorization/roleAssignments/write.
func (r Role) Allows(action string) bool {
	return slices.ContainsFunc(r.Blocks, func(b Block) bool { return anyMatches(b.Actions, action) && !anyMatches(b.NotActions, action) })
}

func anyMatches(patterns []string, action string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(strings.ToLower(p), strings.ToLower(action)) })
}

// matches compares an action with a pattern; both are in lower case. It takes the time of their lengths, because an intruder
// may have written the pattern.
func matches(pattern, action string) bool {
	parts := strings.Split(pattern, "*")
	rest, ok := strings.CutPrefix(action, parts[0])
	if !ok || len(parts) == 1 {
		return ok && rest == ""
	}
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, p)
		if i < 0 {
			return false
		}
		rest = rest[i+len(p):]
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

// cachedRole is a role and until when it may be used without asking again.
type cachedRole struct {
	role  Role
	until time.Time
}

// roleLife is how long a role is remembered: an owner can change a custom one.
const roleLife = 5 * time.Minute

// Role reads a role definition. It is remembered for some minutes, because one case asks for the same few over and over.
func (c *Client) Role(ctx context.Context, id string) (Role, error) {
	key := strings.ToLower(id)
	c.mu.Lock()
	have, ok := c.roles[key]
	c.mu.Unlock()
	if ok && time.Now().Before(have.until) {
		return have.role, nil
	}
	r, err := c.readRole(ctx, id)
	if err != nil {
		return Role{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.roles[key] = cachedRole{r, time.Now().Add(roleLife)}
	return r, nil
}

func (c *Client) readRole(ctx context.Context, id string) (Role, error) {
	doing := "reading role " + id
	if !safe(id) {
		return Role{}, fault.Errorf(fault.Denied, "%s: the id is none of Azure's", doing)
	}
	client, err := armauthorization.NewRoleDefinitionsClient(c.cred, &c.options)
	if err != nil {
		return Role{}, redact.Error(doing, err)
	}
	got, err := client.GetByID(ctx, strings.TrimPrefix(id, "/"), nil)
	if err != nil {
		return Role{}, redact.Error(doing, err)
	}
	out := Role{ID: value(got.ID)}
	if p := got.Properties; p != nil {
		out.Name, out.Custom = value(p.RoleName), strings.EqualFold(value(p.RoleType), "CustomRole")
		for _, b := range p.Permissions {
			out.Blocks = append(out.Blocks, Block{values(b.Actions), values(b.NotActions), values(b.DataActions), values(b.NotDataActions)})
		}
	}
	return out, nil
}

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
