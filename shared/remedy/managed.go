package remedy

import (
	"slices"
	"strings"
)

// managed reports whether policy allows to change what managed identities may do, and there is one.
func (b *planner) managed() bool {
	return (b.Options.Azure || b.Options.Detach) && slices.ContainsFunc(b.Inventory.Principals, func(o Object) bool { return b.class(o) == classManaged })
}

// azure takes from a managed identity what it may do, the doors of its own, and at last the resources that use it. Its
// credentials are Azure's: whoever runs code on the resource gets a token for as long as the identity may do anything.
func (b *planner) azure(o Object) {
	if b.Options.Azure {
		b.azureRoles(o)
		b.managedAppRoles(o)
		b.managedFederated(o)
	}
	if b.Options.Detach {
		b.detach(o)
	}
	b.note("tokens of managed identity %s are cached for up to 24 hours and cannot be called back: what it may do ends at once, the token does not", quoted(o.Name))
	b.note("find out who runs code on the resources of %s: the identity is only as safe as they are", quoted(o.Name))
}

func (b *planner) azureRoles(o Object) {
	b.allow(o.ID, "azureRoles")
	if !o.AzureRoles.Known {
		b.refuse("Azure roles of "+quoted(o.Name), "they were not read", "az role assignment list --all --assignee "+shell(o.ID)+" -o table, then delete them by id")
	}
	var items []Item
	for _, r := range o.AzureRoles.Items {
		i := Item{ID: r.ID, Kind: AccessRole, What: quoted(r.Role) + " on " + plain(r.Scope)}
		if r.Condition != "" {
			i.Why = "under condition " + plain(r.Condition)
		}
		b.item(&items, o, TypeAzureRole, i)
	}
	b.items(o, Step{
		Kind: StepRemoveAzureRoles, What: "remove the Azure roles of the managed identity", Permission: permissionAssignment,
		Why: "its tokens are good for what its roles allow, and for nothing without them",
	}, items)
}

func (b *planner) managedAppRoles(o Object) {
	b.allow(o.ID, "appRoles")
	if !o.AppRoles.Known {
		b.refuse("application permissions of "+quoted(o.Name), "they were not read", "list /servicePrincipals/"+plain(o.ID)+"/appRoleAssignments and revoke them by hand")
	}
	var items []Item
	for _, r := range o.AppRoles.Items {
		b.item(&items, o, TypeAppRole, Item{ID: r.ID, What: r.label(), On: r.ResourceID})
	}
	b.items(o, Step{
		Kind: StepRemoveAppRoles, What: "revoke the application permissions of the managed identity", Permission: permissionAppRoles,
		Why: "they are what its tokens open in Microsoft Graph and other services",
	}, items)
}

func (b *planner) managedFederated(o Object) {
	b.allow(o.ID, "federated")
	if o.Managed != nil && !o.Managed.UserAssigned || len(o.Federated) == 0 {
		return
	}
	s := Step{
		Kind: StepRemoveManagedFederated, ObjectKind: o.Kind, Object: o.ID, Name: o.Name, What: "remove the federated credentials of the managed identity",
		Why: "they let workloads outside Azure act as it", Permission: permissionFederated, Reversible: true,
	}
	for _, f := range o.Federated {
		if e, ok := b.Options.editOf(o, TypeFederated, f.ID); ok && e.Keep && !has(b.keeping.Suspects, f.ID) {
			continue // listed with what stays
		}
		s.KeyIDs = append(s.KeyIDs, f.ID)
	}
	if len(s.KeyIDs) > 0 {
		b.add(s)
	}
}

// detach takes the identity off its resources. A system-assigned one dies of it.
func (b *planner) detach(o Object) {
	b.allow(o.ID, "detach")
	m := o.Managed
	if m == nil {
		b.refuse("detaching "+quoted(o.Name), "where it is attached was not read", "find its resource by its name in the portal and detach it there")
		return
	}
	s := Step{Kind: StepDetach, ObjectKind: o.Kind, Object: o.ID, Name: o.Name}
	resources := []string{m.ResourceID}
	s.What, s.Why = "switch the system-assigned identity of the resource off", "the identity is deleted by it; a new one has another object id and none of its permissions"
	if m.UserAssigned {
		resources, s.Reversible = m.AttachedTo.Items, true
		s.What, s.Why = "detach the managed identity from the resources that use it", "code on them gets no new token; it fails until it has another identity"
		if !m.AttachedTo.Known {
			b.refuse("detaching "+quoted(o.Name), "the resources that use it were not read", "az identity list-resources --ids "+shell(m.ResourceID))
		}
	}
	for _, r := range resources {
		permission := resourceType(r) + "/write"
		i := []Item{}
		x := Item{ID: r, Kind: "resource", What: plain(r)}
		if m.UserAssigned {
			x.On = m.ResourceID
		}
		b.item(&i, o, TypeAzureRole, x)
		if s.Items, s.Permission = i, permission; len(i) > 0 {
			b.add(s) // one a resource: each type needs a permission of its own
		}
	}
}

// resourceType returns the type of an ARM id, as in Microsoft.Compute/virtualMachines.
func resourceType(id string) string {
	parts := strings.Split(id, "/")
	for i, p := range parts {
		if strings.EqualFold(p, "providers") && i+2 < len(parts) {
			return plain(parts[i+1] + "/" + parts[i+2])
		}
	}
	return "Microsoft.Resources/resources"
}
