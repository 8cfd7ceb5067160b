package remedy

import (
	"slices"
	"strings"
	"time"

	"rekey/shared/trail"
)

// Kinds of identity, by what may be done to them.
type class int

const (
	classUnknown class = iota
	classOwn
	classForeign   // registered in another tenant
	classMicrosoft // Microsoft's own
	classManaged
	classAgent
)

// Types of principal, as Graph spells them. Every agent identity is a ServiceIdentity.
const (
	principalManaged = "ManagedIdentity"
	principalAgent   = "ServiceIdentity"
)

// Microsoft's own tenants: their applications are not ours to change.
var microsoftTenants = []string{"f8cdef31-a31e-4b4a-93e4-5f571e91255a", "72f988bf-86f1-41af-91ab-2d7cd011db47"}

// multiTenant are the audiences of applications that other tenants use.
var multiTenant = []string{"AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"}

func (b *planner) class(o Object) class {
	switch {
	case o.Kind == KindApplication:
		return classOwn
	case o.Type == principalManaged:
		return classManaged
	case slices.Contains(microsoftTenants, strings.ToLower(o.Owner)):
		return classMicrosoft
	case o.Type == principalAgent:
		return classAgent
	case o.Type != "Application" && o.Type != "Legacy":
		return classUnknown
	case b.Inventory.Application == nil && o.Owner != "" && !strings.EqualFold(o.Owner, b.Inventory.Tenant):
		return classForeign
	}
	return classOwn
}

// outside says why credentials of an object that is not in the plan stay.
func (b *planner) outside(o Object, k Kept) string {
	if why, never := b.Options.untouchable(o.ID, o.AppID); never {
		return why
	}
	if b.half {
		return "no new certificate can be made: nothing is removed"
	}
	switch b.class(o) {
	case classManaged:
		if k.Type == TypeFederated {
			if e, ok := b.Options.editOf(o, TypeFederated, k.KeyID); ok && e.Keep {
				return e.kept()
			}
			return "policy does not change managed identities"
		}
		return "it belongs to Azure, which rolls it; nobody else can change it"
	case classUnknown:
		return "its principal's type " + quoted(o.Type) + " is unknown"
	}
	return "nothing of this identity is changed"
}

// special says what cannot be done to the objects, and the next best containment.
func (b *planner) special() {
	for _, o := range b.Inventory.Principals {
		switch b.class(o) {
		case classManaged:
			b.refuse("credentials of managed identity "+quoted(o.Name), "its certificate belongs to Azure and is rolled by it; nobody else can change it",
				"remove its role assignments, or detach the identity; its tokens are cached for up to 24 hours")
		case classMicrosoft:
			b.refuse("everything but credentials that this tenant added to "+quoted(o.Name), "it is an application of Microsoft's",
				"review what was added to it in the portal; disabling it may break the tenant")
		case classUnknown:
			b.refuse("credentials of "+quoted(o.Name), "its type "+quoted(o.Type)+" is unknown", "disable it by hand if it is not needed")
		case classForeign:
			b.foreign(o)
		case classAgent:
			b.agent(o)
		}
		b.locked(o)
	}
	b.customers()
	b.legacy()
	b.settings()
}

// settings lists what was changed in the window and cannot be brought back from what is there: records keep the old value, and
// not always.
func (b *planner) settings() {
	var said []string
	for _, e := range b.Input.Case.Prepared {
		if e.Act != trail.Configured || strings.HasPrefix(e.What, trail.RedirectURI) || e.What == "" || slices.Contains(said, e.What) {
			continue
		}
		said = append(said, e.What)
		b.refuse("restoring "+plain(e.What), "what it was before is known to the record of the change only ("+plain(e.Record)+")",
			"look at the record and set it back by hand, unless the change was wanted")
	}
}

// foreign says that the application is out of reach, and whether what was abused is within.
func (b *planner) foreign(o Object) {
	b.refuse("the application of "+quoted(o.Name), "it is registered in tenant "+plain(o.Owner),
		"credentials of it in this tenant are removed; tell its publisher when it is disabled, and leave it so until you would let it in anew")
	b.note("the publisher may have locked %s: then Graph refuses to change its credentials, and it stays disabled", quoted(o.Name))
	if !b.abusedHere(o) {
		b.refuse("enabling "+quoted(o.Name)+" again", "what it signs in with is not among the credentials of this tenant: it is its publisher's, who may be the intruder",
			"enable it only if you would let it in anew, whatever the publisher says; remove it if nobody asked for it")
	}
}

// abusedHere reports whether every credential that suspicious sign-ins used is one of an object's own.
func (b *planner) abusedHere(o Object) bool {
	for _, id := range b.keeping.Suspects {
		if !slices.ContainsFunc(credentials(o), func(c credential) bool { return strings.EqualFold(c.id, id) }) {
			return false
		}
	}
	return len(b.keeping.Suspects) > 0
}

// agent names the agents that live on the same blueprint.
func (b *planner) agent(o Object) {
	b.note("%s is an agent identity: it has no credentials of its own and signs in with those of its blueprint %s; they are changed there", quoted(o.Name), plain(o.BlueprintID))
	if b.Inventory.Application == nil {
		b.refuse("credentials of the blueprint "+plain(o.BlueprintID), "it is not registered in this tenant", "tell its publisher, and leave the agent disabled until he acts")
	}
	if b.Options.Risk {
		b.refuse("confirming agent "+quoted(o.Name)+" compromised", "it is not known whether Identity Protection takes agents where it takes service principals",
			"confirm it in the portal")
	}
	if len(b.Agents) > 0 {
		return
	}
	b.Agents = b.Inventory.Agents.Items
	if !b.Inventory.Agents.Known {
		b.note("which other agents use this blueprint is unknown; all of them stop until the blueprint has its new certificate")
	}
}

func (b *planner) locked(o Object) {
	lock := b.keeping.Locks[o.ID]
	if !has(b.keeping.Objects, o.ID) || lock == nil || !(lock.All || lock.Verify || lock.Sign) {
		return
	}
	if len(o.Keys)+len(o.Passwords) == 0 {
		return
	}
	instead := "ask its publisher to lift the lock, then plan again"
	if b.Application != "" {
		instead = "lift it, then plan again: az rest --method PATCH --uri https://graph.microsoft.com/v1.0/applications/" + plain(b.Application) +
			` --body '{"servicePrincipalLockConfiguration":{"isEnabled":false}}'`
	}
	b.refuse("credentials of service principal "+quoted(o.Name), "the application's instance property lock forbids to change them", instead)
}

// customers lists the tenants that have to be told: they use the same credentials and are out of reach.
func (b *planner) customers() {
	app := b.Inventory.Application
	if app == nil || !slices.Contains(multiTenant, app.Audience) {
		return
	}
	b.Customers = b.Facts.Customers.Items
	b.refuse("service principals in customers' tenants", "the application is multi-tenant and they are not of this tenant",
		"the old credentials stop working there, too; tell the customers: what was done in their tenants shows only in their logs")
	if !b.Facts.Customers.Known {
		b.note("which tenants use the application is unknown here: ask whoever sells it")
	}
	b.note("risk-based Conditional Access does not cover a multi-tenant application: disabling is the only block")
}

// legacy says that nothing comes in the place of what goes.
func (b *planner) legacy() {
	for _, o := range b.targets {
		if o.Type == "Legacy" && b.Inventory.Application == nil {
			b.refuse("a new certificate for "+quoted(o.Name), "a legacy principal has no application to hold it", "register an application for its workload")
		}
	}
}

// feasible finds out whether a new certificate can be made and is worth something. If not, the plan contains and ends
// there: when adding fails nothing is removed.
func (b *planner) feasible() {
	app := b.Inventory.Application
	if app == nil {
		return
	}
	if b.Inventory.Restrictions == nil {
		b.note("application management policies were not read: if one forbids the new certificate, nothing is removed and the principal stays disabled")
	}
	if r, ok := b.Inventory.Restrictions.Find(RestrictPasswordAddition, app.Created); ok {
		b.note("policy %s forbids new secrets (%s): undo cannot help a consumer out with one", quoted(b.Inventory.Restrictions.Policy), r.Type)
	}
	if _, ok := b.Inventory.Restrictions.Find(RestrictTrustedAuthority, app.Created); ok && !b.Options.TrustedIssuer {
		b.half = true
		b.refuse("a new certificate", "policy "+quoted(b.Inventory.Restrictions.Policy)+" takes only certificates of a trusted authority",
			"give the vault an issuer that the tenant trusts, then plan again")
	}
	if r, ok := b.Inventory.Restrictions.Find(RestrictKeyLifetime, app.Created); ok {
		if d, err := ParseDuration(r.MaxLifetime); err != nil || d < time.Hour {
			b.half = true
			b.refuse("a new certificate", "policy "+quoted(b.Inventory.Restrictions.Policy)+" limits its life to "+quoted(r.MaxLifetime), "exempt the application for the incident, then plan again")
		}
	}
	if b.vaultInReach() {
		b.half = true
		b.refuse("a new certificate in vault "+plain(b.Options.Vault.Name), "the principal of this case can read that vault", "name a vault that it cannot reach, then plan again")
	}
}

// vaultInReach reports whether a principal of the case is known to reach the vault that the new key is to be made in.
func (b *planner) vaultInReach() bool {
	for _, o := range b.Inventory.Principals {
		for _, a := range o.VaultAccess.Items {
			if b.Options.Vault.ID != "" && strings.EqualFold(a.Vault, b.Options.Vault.ID) {
				return true
			}
		}
	}
	return false
}

// validity returns how long the new certificate is valid, and why not longer.
func (b *planner) validity() (time.Duration, string) {
	d := b.Options.ValidFor
	if d <= 0 {
		d = defaultValidity
	}
	r, ok := b.Inventory.Restrictions.Find(RestrictKeyLifetime, b.Inventory.Application.Created)
	if !ok {
		return d, ""
	}
	if most, err := ParseDuration(r.MaxLifetime); err == nil && most < d {
		return most, " (policy " + quoted(b.Inventory.Restrictions.Policy) + " allows no longer)"
	}
	return d, ""
}
