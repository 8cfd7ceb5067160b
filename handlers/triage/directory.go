package triage

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"rekey/shared/casefile"
	"rekey/shared/privilege"
	"rekey/shared/remedy"
)

// farFuture is after every credential's beginning: what signs tokens is known as that, however young it is.
var farFuture = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// directory is what an inventory tells a case; nil when there is none.
func directory(inv *remedy.Inventory) *casefile.Directory {
	if inv == nil {
		return nil
	}
	d := &casefile.Directory{}
	for _, o := range inv.Objects() {
		d.OwnerTenant, d.Type = cmp.Or(d.OwnerTenant, o.Owner), cmp.Or(d.Type, o.Type)
		d.Publisher, d.Gallery = cmp.Or(d.Publisher, o.Publisher), d.Gallery || o.Template != ""
		d.Credentials = append(d.Credentials, credentials(o)...)
		owners(d, o)
		if o.Kind == remedy.KindServicePrincipal {
			permissions(d, o)
			continue
		}
		for _, r := range o.RedirectURIs.Items {
			d.RedirectURIs = append(d.RedirectURIs, r.URI)
		}
	}
	if inv.Application != nil {
		d.OwnerTenant = cmp.Or(d.OwnerTenant, inv.Tenant)
	}
	slices.Sort(d.Partly)
	d.Partly = slices.Compact(d.Partly)
	return d
}

func owners(d *casefile.Directory, o remedy.Object) {
	if !o.Owners.Known {
		d.Partly = append(d.Partly, "owners")
	}
	for _, x := range o.Owners.Items {
		if name := cmp.Or(x.Name, x.ID); !slices.Contains(d.Owners, name) {
			d.Owners = append(d.Owners, name)
		}
	}
}

// permissions lists what a principal may do: by app roles, directory roles, consents for everybody, roles in Azure that are its
// own, and groups that roles are given to.
func permissions(d *casefile.Directory, o remedy.Object) {
	if !o.AppRoles.Known || !o.DirectoryRoles.Known {
		d.Partly = append(d.Partly, "permissions")
	}
	for _, r := range o.AppRoles.Items {
		name := cmp.Or(r.Value, r.AppRoleID)
		tier := privilege.AppRole(r.AppRoleID)
		if t := privilege.AppRole(r.Value); t.Above(tier) {
			tier = t
		}
		d.Permissions = append(d.Permissions, casefile.Permission{Name: name + " on " + r.Resource, Tier: tier, Since: r.Created})
	}
	for _, g := range o.Grants.Items {
		for scope := range strings.FieldsSeq(g.Scope) {
			if t := privilege.Scope(scope); t == privilege.Tier0 || t == privilege.Tier1 {
				d.Permissions = append(d.Permissions, casefile.Permission{Name: "delegated " + scope + whose(g), Tier: t})
			}
		}
	}
	for _, r := range o.AzureRoles.Items {
		d.Permissions = append(d.Permissions, casefile.Permission{Name: "Azure role " + r.Role + " on " + r.Scope, Tier: privilege.AzureRole(cmp.Or(r.Role, r.Definition)), Since: r.Created})
	}
	for _, g := range o.Groups.Items {
		if g.RoleAssignable {
			d.Permissions = append(d.Permissions, casefile.Permission{Name: "what the group " + cmp.Or(g.Name, g.ID) + " is given: roles are assigned to it", Tier: privilege.Tier0})
		}
	}
	for _, r := range o.DirectoryRoles.Items {
		d.Permissions = append(d.Permissions, casefile.Permission{Name: "directory role " + r.Name, Tier: privilege.DirectoryRole(r.TemplateID)})
	}
}

func whose(g remedy.Grant) string {
	if g.ConsentType == "AllPrincipals" {
		return " for everybody"
	}
	return " for one user"
}

// credentials lists an object's ways in. What signs or encrypts tokens opens no door.
func credentials(o remedy.Object) []casefile.Credential {
	var out []casefile.Credential
	kept := remedy.Keep(o, nil, farFuture)
	keep := func(id string) bool {
		return slices.ContainsFunc(kept, func(k remedy.Kept) bool { return k.KeyID == id })
	}
	for _, k := range o.Keys {
		out = append(out, casefile.Credential{KeyID: strings.ToLower(k.KeyID), Kind: "certificate", Object: o.Kind, Start: k.Start, End: k.End, Keep: keep(k.KeyID)})
	}
	for _, p := range o.Passwords {
		out = append(out, casefile.Credential{KeyID: strings.ToLower(p.KeyID), Kind: "secret", Object: o.Kind, Start: p.Start, End: p.End, Keep: keep(p.KeyID)})
	}
	for _, f := range o.Federated {
		out = append(out, casefile.Credential{KeyID: f.ID, Kind: "federated", Object: o.Kind})
	}
	return out
}
