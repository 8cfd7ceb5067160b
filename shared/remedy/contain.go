package remedy

import (
	"slices"
	"strings"
)

// confirm tells Identity Protection. Managed identities are out of its scope, Microsoft's principals out of ours, and no
// document that was read says that it takes agent identities here.
func (b *planner) confirm() {
	for _, o := range b.risky() {
		b.allow(o.ID, "risk")
		b.add(Step{
			Kind: StepConfirm, ObjectKind: o.Kind, Object: o.ID, Name: o.Name, What: "confirm the service principal compromised in Identity Protection",
			Why: "Conditional Access sees the risk, and Microsoft Graph may refuse tokens that are already issued", Permission: permissionRisk, Reversible: true,
		})
	}
}

func (b *planner) risky() []Object {
	var out []Object
	for _, o := range b.targets {
		if c := b.class(o); b.Options.Risk && o.Kind == KindServicePrincipal && c != classMicrosoft && c != classAgent {
			out = append(out, o)
		}
	}
	return out
}

// contain disables the principals first: a disabled principal gets no new token, whoever asks. Then it cuts the ways into
// vaults, because Key Vault takes tokens that are already issued.
func (b *planner) contain() {
	for _, o := range b.targets {
		if o.Kind != KindServicePrincipal || b.class(o) == classMicrosoft {
			continue
		}
		b.allow(o.ID, "accountEnabled")
		if !o.Enabled {
			continue
		}
		b.add(Step{
			Kind: StepDisable, ObjectKind: o.Kind, Object: o.ID, Name: o.Name, What: "disable the service principal", Permission: switchPermission(o), Reversible: true,
			Why: "no new token for anybody while the locks are changed; tokens already issued live on for up to 90 minutes",
		})
	}
	for _, o := range b.Inventory.Principals {
		c := b.class(o)
		switch {
		case c == classManaged && b.managed():
			b.azure(o)
		case b.Options.VaultAccess && slices.ContainsFunc(b.targets, func(t Object) bool { return t.ID == o.ID }) && c != classMicrosoft:
			b.vaults(o)
		}
	}
}

// switchPermission is what disabling and enabling a principal needs.
func switchPermission(o Object) string {
	switch {
	case o.Type == principalAgent:
		return permissionAgent
	case strings.HasSuffix(o.DataType, "agentIdentityBlueprintPrincipal"):
		return permissionBlueprint
	}
	return permission
}

// vaults cuts a principal's ways into vaults: its own role assignments and policy entries, and its membership in groups
// that have them. What a group has is never touched: others live on it.
func (b *planner) vaults(o Object) {
	b.allow(o.ID, "vaultAccess")
	if !o.VaultAccess.Known {
		b.refuse("cutting the vault access of "+quoted(o.Name), "it was not read", "az role assignment list --all --assignee "+shell(o.ID)+" -o table, and the access policies of its vaults")
		return
	}
	var roles, policies, members, powerful []Item
	for _, a := range o.VaultAccess.Items {
		i := Item{ID: a.ID, Kind: a.Kind, What: plain(a.What) + " on " + tail(a.Vault)}
		switch a.Kind {
		case AccessRole:
			if a.Scope != "" && !strings.EqualFold(a.Scope, a.Vault) {
				i.Why = "reaches beyond the vault: the principal loses all of " + plain(a.Scope)
			}
			b.item(&roles, o, TypeVaultAccess, i)
		case AccessPolicy:
			i.ID = a.Vault
			b.item(&policies, o, TypeVaultAccess, i)
		case AccessGroup:
			i.What, i.Why = "membership in "+groupName(o, a.ID), plain(a.What)+" on "+tail(a.Vault)+" comes with it"
			if roleAssignable(o, a.ID) {
				b.item(&powerful, o, TypeVaultAccess, i)
				continue
			}
			b.item(&members, o, TypeVaultAccess, i)
		}
	}
	const why = "Key Vault takes tokens that are already issued, although the principal is disabled"
	b.items(o, Step{Kind: StepRemoveAzureRoles, What: "remove the principal's own roles on vaults", Why: why, Permission: permissionAssignment}, roles)
	b.items(o, Step{Kind: StepRemoveVaultPolicies, What: "remove the principal from access policies of vaults", Why: why, Permission: permissionPolicies}, policies)
	const group = "the group's own access stays: others live on it"
	b.items(o, Step{Kind: StepRemoveMemberships, What: "take the principal out of groups that reach vaults", Why: group, Permission: permissionMembers}, members)
	b.items(o, Step{Kind: StepRemoveMemberships, What: "take the principal out of role-assignable groups that reach vaults", Why: group, Permission: permissionMembers + both + permissionRoles}, powerful)
	if len(roles)+len(policies)+len(members)+len(powerful) > 0 {
		b.note("the vault access of %s stays cut when the plan ends: give it back by undo, 90 minutes after the last step at the earliest", quoted(o.Name))
	}
}

// item appends what is changed, once, unless a person decided that it stays.
func (b *planner) item(to *[]Item, o Object, kind string, i Item) {
	if e, ok := b.Options.editOf(o, kind, i.ID); ok && e.Keep {
		k := Kept{o.ID, kind, i.ID, e.kept(), false}
		if !slices.Contains(b.Kept, k) {
			b.Kept = append(b.Kept, k)
		}
		return
	}
	if why, never := b.Options.untouchable(i.ID); never {
		b.Kept = append(b.Kept, Kept{o.ID, kind, i.ID, why, false})
		return
	}
	if !slices.ContainsFunc(*to, func(x Item) bool { return x.ID == i.ID && x.Kind == i.Kind }) {
		*to = append(*to, i)
	}
}

// items adds a step on an object for what it changes, if there is something. All such steps can be undone.
func (b *planner) items(o Object, s Step, items []Item) {
	if len(items) == 0 {
		return
	}
	s.ObjectKind, s.Object, s.Name, s.Reversible, s.Items = o.Kind, o.ID, o.Name, true, items
	b.add(s)
}

func groupName(o Object, id string) string {
	for _, g := range o.Groups.Items {
		if g.ID == id {
			return "group " + quoted(g.Name)
		}
	}
	return "group " + plain(id)
}

func roleAssignable(o Object, id string) bool {
	return slices.ContainsFunc(o.Groups.Items, func(g Group) bool { return g.ID == id && g.RoleAssignable })
}

// tail is the last part of an ARM id.
func tail(id string) string { return plain(id[strings.LastIndexByte(id, '/')+1:]) }
