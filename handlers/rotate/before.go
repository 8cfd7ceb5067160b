package rotate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"rekey/shared/fault"
	"rekey/shared/reach"
	"rekey/shared/remedy"
)

// before reads what the eviction saved before its first change: what it took away hides nothing of what the principal could
// read. An eviction that saved nothing took nothing.
func (s *Sources) before(ctx context.Context, sub Subject) (remedy.Bundle, error) {
	if s.Bundles == nil || sub.eviction.ID == "" {
		return remedy.Bundle{}, nil
	}
	data, err := s.Bundles.Read(ctx, remedy.BundleName(sub.eviction.ID))
	if errors.Is(err, fault.NotFound) {
		return remedy.Bundle{}, nil
	}
	if err != nil {
		return remedy.Bundle{}, fmt.Errorf("reading what %s saved: %w", sub.eviction.ID, err)
	}
	return remedy.ReadBundle(data)
}

// left are the groups that the principal was in and is not any more. The inventory knows the direct ones.
func left(b remedy.Bundle, objectID string, now []string) []string {
	var out []string
	was, _ := b.Find(objectID)
	for _, g := range was.Groups.Items {
		if !slices.ContainsFunc(now, func(n string) bool { return strings.EqualFold(n, g.ID) }) {
			out = append(out, g.ID)
		}
	}
	return out
}

// restore adds to the rights what the eviction took: role assignments of the principal, and those of groups that it was taken
// out of. What could not be saved is a gap.
func (s *Sources) restore(ctx context.Context, r *reach.Rights, b remedy.Bundle, objectID, root string) error {
	for _, g := range left(b, objectID, r.Groups.Items) {
		r.Groups.Items = append(r.Groups.Items, g)
		list, err := s.Azure.AssignedTo(ctx, root, g)
		if unknown(err) {
			r.Unread = append(r.Unread, reach.Gap{Scope: root, Why: "Rekey may not read what group " + g + " has, which the principal was in"})
			continue
		}
		if err != nil {
			return err
		}
		for _, a := range list {
			r.Assignments.Items = append(r.Assignments.Items, given(a))
		}
	}
	for _, a := range b.Assignments {
		add(r, reach.Assignment{ID: a.ID, Scope: scopeOf(a.ID), RoleID: a.RoleID, PrincipalID: a.PrincipalID, Condition: a.Condition})
	}
	was, _ := b.Find(objectID)
	for _, a := range was.AzureRoles.Items {
		add(r, reach.Assignment{ID: a.ID, Scope: a.Scope, RoleID: a.Definition, PrincipalID: objectID, Condition: a.Condition})
	}
	for _, m := range b.Missing {
		if strings.HasPrefix(m, "what "+remedy.StepRemoveAzureRoles) || strings.HasPrefix(m, "what "+remedy.StepRemoveVaultPolicies) {
			r.Unread = append(r.Unread, reach.Gap{Scope: root, Why: "it was not saved before the eviction: " + m})
		}
	}
	return nil
}

// add adds an assignment that is not there.
func add(r *reach.Rights, a reach.Assignment) {
	if !slices.ContainsFunc(r.Assignments.Items, func(x reach.Assignment) bool { return strings.EqualFold(x.ID, a.ID) }) {
		r.Assignments.Items = append(r.Assignments.Items, a)
	}
}

// scopeOf is where a role assignment was made: its id begins with that.
func scopeOf(id string) string {
	const segment = "/providers/microsoft.authorization/roleassignments/"
	if i := strings.LastIndex(strings.ToLower(id), segment); i > 0 {
		return id[:i]
	}
	return ""
}

// policies are the entries of a vault that the eviction took.
func policies(b remedy.Bundle, vaultID string) []reach.Policy {
	var out []reach.Policy
	for _, p := range b.Policies {
		if strings.EqualFold(p.Vault, vaultID) {
			out = append(out, reach.Policy{ObjectID: p.ObjectID, ApplicationID: p.ApplicationID, Secrets: p.Secrets, Keys: p.Keys})
		}
	}
	return out
}
