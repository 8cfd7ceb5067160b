package remedy

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// window removes what was added in the suspect window beside credentials, as far as policy asks for it.
func (b *planner) window() {
	b.addresses()
	o := b.Options
	for _, x := range []struct {
		asked bool
		do    func(Object)
	}{{o.Owners, b.owners}, {o.RedirectURIs, b.redirects}, {o.Grants, b.grants}, {o.AppRoles, b.appRoles}, {o.DirectoryRoles, b.directoryRoles}} {
		for _, t := range b.targets {
			if x.asked && b.class(t) != classMicrosoft {
				x.do(t)
			}
		}
	}
}

// addresses points at identifier URIs and a logout URL that the audit log shows were set in the window. They are looked at
// and not changed: without its identifier URI an interface answers nobody.
func (b *planner) addresses() {
	app := b.Inventory.Application
	if app == nil {
		return
	}
	all := slices.Clone(app.IdentifierURIs.Items)
	if app.LogoutURL != nil {
		all = append(all, *app.LogoutURL)
	}
	for _, uri := range all {
		if uri != "" && b.keeping.added(*app, uri) {
			b.Doubts = append(b.Doubts, Doubt{app.ID, "uri", uri, "address " + plain(uri), "it was set in the suspect window; Rekey does not change it", false})
		}
	}
}

// found is one thing of an object that may have been added in the window.
type found struct {
	Item
	created time.Time // zero: Graph does not say
}

// change is how a kind of thing is taken away.
type change struct {
	Step
	kind   string // one of the Type constants
	plural string // what it is, for people
}

// remove plans the removal of what was added in the window. What predates it is no concern of the plan; where nothing
// shows when it was added, it stays and a person has to look.
func (b *planner) remove(o Object, c change, known bool, all []found) {
	b.allow(o.ID, c.kind)
	if !known {
		b.refuse(c.plural+" of "+quoted(o.Name), "they were not read", "look whether some were added since "+day(b.Input.Case.Window.From)+", and remove those by hand")
		return
	}
	var items []Item
	for _, f := range all {
		e, edited := b.Options.editOf(o, c.kind, f.ID)
		in, sure := b.since(o, f)
		switch {
		case edited && !e.Keep:
			f.Why = "decided by " + plain(e.By) + ": " + plain(e.Why)
			b.item(&items, o, c.kind, f.Item)
		case in:
			b.item(&items, o, c.kind, f.Item)
		case !sure && !edited:
			b.Doubts = append(b.Doubts, Doubt{o.ID, c.kind, f.ID, f.What, "nothing shows when it was added: the audit log of the window was not read", false})
		}
	}
	b.items(o, c.Step, items)
}

// since reports whether something was added in the window, and whether that is sure. Graph's own date counts, then the
// audit log; a log that was read and does not show it says no.
func (b *planner) since(o Object, f found) (in, sure bool) {
	for _, a := range b.Facts.Added.Items {
		if a.Object == o.ID && strings.EqualFold(a.Item, f.ID) {
			return !a.Time.Before(b.Input.Case.Window.From), true
		}
	}
	if !f.created.IsZero() {
		return !f.created.Before(b.Input.Case.Window.From), true
	}
	return false, b.Facts.Added.Known
}

func (b *planner) owners(o Object) {
	var all []found
	for _, w := range o.Owners.Items {
		all = append(all, found{Item{ID: w.ID, Kind: w.Type, What: w.Type + " " + quoted(w.Name)}, w.Added})
	}
	b.remove(o, change{Step{Kind: StepRemoveOwners, What: "remove owners added in the window", Why: "an owner can add credentials again", Permission: permission}, TypeOwner, "owners"}, o.Owners.Known, all)
}

func (b *planner) redirects(o Object) {
	if o.Kind != KindApplication {
		return
	}
	var all []found
	for _, r := range o.RedirectURIs.Items {
		all = append(all, found{Item{ID: r.URI, Kind: r.Platform, What: r.Platform + " " + plain(r.URI)}, time.Time{}})
	}
	b.remove(o, change{Step{Kind: StepRemoveRedirects, What: "remove redirect URIs added in the window", Why: "they send people's codes and tokens to whoever owns the address", Permission: permission}, TypeRedirectURI, "redirect URIs"}, o.RedirectURIs.Known, all)
}

func (b *planner) grants(o Object) {
	if o.Kind != KindServicePrincipal {
		return
	}
	var all []found
	for _, g := range o.Grants.Items {
		who := "for everybody"
		if g.ConsentType == "Principal" {
			who = "for user " + plain(g.PrincipalID)
		}
		all = append(all, found{Item{ID: g.ID, Kind: g.ConsentType, What: fmt.Sprintf("%s on %s %s", quoted(g.Scope), b.resource(g), who)}, time.Time{}})
	}
	b.remove(o, change{Step{Kind: StepRemoveGrants, What: "revoke consents given in the window", Why: "they let the application act for people; access tokens already issued live on", Permission: permissionGrants}, TypeGrant, "delegated grants"}, o.Grants.Known, all)
}

// resource names what a consent is for: Graph gives the id of its principal only, and app roles on the same one its name.
func (b *planner) resource(g Grant) string {
	if g.Resource != "" {
		return quoted(g.Resource)
	}
	for _, o := range b.Inventory.Objects() {
		if i := slices.IndexFunc(o.AppRoles.Items, func(r AppRole) bool { return r.ResourceID == g.ResourceID && r.Resource != "" }); i >= 0 {
			return quoted(o.AppRoles.Items[i].Resource)
		}
	}
	return "the service principal " + plain(g.ResourceID)
}

func (b *planner) appRoles(o Object) {
	if o.Kind != KindServicePrincipal {
		return
	}
	var all []found
	for _, r := range o.AppRoles.Items {
		all = append(all, found{Item{ID: r.ID, What: r.label(), On: r.ResourceID}, r.Created})
	}
	b.remove(o, change{Step{Kind: StepRemoveAppRoles, What: "revoke application permissions given in the window", Why: "the workload did without them before", Permission: permissionAppRoles}, TypeAppRole, "app role assignments"}, o.AppRoles.Known, all)
}

func (b *planner) directoryRoles(o Object) {
	if o.Kind != KindServicePrincipal {
		return
	}
	var all []found
	for _, r := range o.DirectoryRoles.Items {
		all = append(all, found{Item{ID: r.ID, What: quoted(r.Name)}, time.Time{}})
	}
	b.remove(o, change{Step{Kind: StepRemoveDirectoryRoles, What: "remove directory roles given in the window", Why: "the workload did without them before", Permission: permissionRoles}, TypeDirectoryRole, "directory roles"}, o.DirectoryRoles.Known, all)
}

func (r AppRole) label() string {
	role := r.Value
	if role == "" {
		role = r.AppRoleID
	}
	return plain(role) + " on " + quoted(r.Resource)
}
