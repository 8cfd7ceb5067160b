package inventory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"rekey/shared/azure/arm"
	"rekey/shared/fault"
	"rekey/shared/remedy"
)

// Azure is what is read of Azure Resource Manager.
type Azure interface {
	AssignedTo(ctx context.Context, scope, objectID string) ([]arm.Assignment, error)
	Role(ctx context.Context, id string) (arm.Role, error)
	Subscriptions(ctx context.Context) ([]arm.Subscription, error)
	Vaults(ctx context.Context, subscription string) ([]arm.Vault, error)
	AttachedTo(ctx context.Context, identity string) (arm.Listing, error)
	Federated(ctx context.Context, identity string) ([]arm.Federated, error)
}

// InAzure adds to the principals of an inventory what they have in Azure: role assignments, ways into vaults, and where
// managed identities are attached. What may not be read stays unknown.
func InAzure(ctx context.Context, a Azure, inv *remedy.Inventory) error {
	for i := range inv.Principals {
		if err := inAzure(ctx, a, inv.Tenant, &inv.Principals[i]); err != nil && !errors.Is(err, fault.Denied) {
			return fmt.Errorf("gathering what %s has in Azure: %w", inv.Principals[i].ID, err)
		}
	}
	return nil
}

func inAzure(ctx context.Context, a Azure, tenant string, o *remedy.Object) error {
	if err := identity(ctx, a, o); err != nil {
		return err
	}
	assigned, err := a.AssignedTo(ctx, "/providers/Microsoft.Management/managementGroups/"+tenant, o.ID)
	if err != nil {
		return err
	}
	roles, access := remedy.ListOf[remedy.AzureRole](), remedy.ListOf[remedy.VaultAccess]()
	for _, x := range assigned {
		role, err := a.Role(ctx, x.RoleID)
		if err != nil && !errors.Is(err, fault.NotFound) {
			return err
		}
		if x.PrincipalID == o.ID {
			roles.Items = append(roles.Items, remedy.AzureRole{
				ID: x.ID, Role: cmp.Or(role.Name, x.RoleID), Definition: x.RoleID, Scope: x.Scope, Condition: x.Condition, Created: x.Created,
			})
		}
		if opensVaults(role) {
			access.Items = append(access.Items, way(x, role, o.ID))
		}
	}
	if err := policies(ctx, a, o.ID, &access); err != nil {
		return err
	}
	o.AzureRoles, o.VaultAccess = roles, access
	return nil
}

// opensVaults reports whether a role reads what vaults hold, or gives whoever has it the right to.
func opensVaults(r arm.Role) bool {
	return r.AllowsData("Microsoft.KeyVault/vaults/secrets/getSecret/action") || r.AllowsData("Microsoft.KeyVault/vaults/keys/sign/action") ||
		r.Allows("Microsoft.KeyVault/vaults/accessPolicies/write") || r.Allows("Microsoft.Authorization/roleAssignments/write")
}

// way is how a role assignment opens vaults. What a group has is the group's: the principal's membership ends it.
func way(x arm.Assignment, role arm.Role, objectID string) remedy.VaultAccess {
	v := remedy.VaultAccess{Kind: remedy.AccessRole, ID: x.ID, What: role.Name, Scope: x.Scope}
	if x.PrincipalID != objectID {
		v.Kind, v.ID = remedy.AccessGroup, x.PrincipalID
	}
	if strings.Contains(strings.ToLower(x.Scope), "/providers/microsoft.keyvault/vaults/") {
		v.Vault, v.Scope = x.Scope, ""
	}
	return v
}

// policies adds the entries that vaults have for the principal.
func policies(ctx context.Context, a Azure, objectID string, access *remedy.List[remedy.VaultAccess]) error {
	subscriptions, err := a.Subscriptions(ctx)
	if err != nil {
		return err
	}
	for _, s := range subscriptions {
		vaults, err := a.Vaults(ctx, s.ID)
		if err != nil {
			return err
		}
		for _, v := range vaults {
			if entries := v.Of(objectID); len(entries) > 0 && !v.RBAC {
				access.Items = append(access.Items, remedy.VaultAccess{Vault: v.ID, Kind: remedy.AccessPolicy, What: allowed(entries)})
			}
		}
	}
	return nil
}

// allowed words what access policies allow.
func allowed(entries []arm.Policy) string {
	var out []string
	for _, p := range entries {
		for _, kind := range []struct {
			name string
			list []string
		}{{"secrets", p.Secrets}, {"keys", p.Keys}, {"certificates", p.Certificates}} {
			if len(kind.list) > 0 {
				out = append(out, kind.name+": "+strings.Join(kind.list, " "))
			}
		}
	}
	return strings.Join(out, ", ")
}

// identity adds to a managed identity where it is attached, and the doors of its own.
func identity(ctx context.Context, a Azure, o *remedy.Object) error {
	if o.Managed == nil || !o.Managed.UserAssigned {
		return nil
	}
	attached, err := a.AttachedTo(ctx, o.Managed.ResourceID)
	if err != nil {
		return err
	}
	if !attached.Truncated {
		o.Managed.AttachedTo = remedy.ListOf[string]()
		for _, r := range attached.Resources {
			o.Managed.AttachedTo.Items = append(o.Managed.AttachedTo.Items, r.ID)
		}
	}
	federated, err := a.Federated(ctx, o.Managed.ResourceID)
	for _, f := range federated {
		o.Federated = append(o.Federated, remedy.Federated{ID: f.ID, Name: f.Name, Issuer: f.Issuer, Subject: f.Subject, Audiences: f.Audiences})
	}
	return err
}
