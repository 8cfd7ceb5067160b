package arm

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/authorization/armauthorization/v2"

	"rekey/shared/azure/redact"
	"rekey/shared/fault"
)

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
