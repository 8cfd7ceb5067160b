package triage

import (
	"context"
	"slices"
	"strings"
	"time"

	"rekey/shared/casefile"
	"rekey/shared/remedy"
	"rekey/shared/streams"
	"rekey/shared/trail"
	"rekey/shared/verdict"
)

// input is everything that the plan for a case depends on.
func (t *Triage) input(ctx context.Context, d *dossier, s subject) (remedy.Input, error) {
	facts, err := t.outlook(ctx, s, d.Case)
	facts.Added, facts.Planted, facts.Linked = added(&d.facts, d.Case, *s.inventory), planted(d.Case), linked(d.Case)
	o := t.Options
	o.Never, o.RequestedBy = t.Brakes.Policy.NeverTouch, verdict.RequestedBy(d.Case.Detections)
	return remedy.Input{Inventory: *s.inventory, Case: d.Case, Facts: facts, Options: o, Now: t.Now()}, err
}

// added is what records show was added to the objects of the inventory. It is known when directory changes came in.
func added(f *casefile.Facts, c casefile.Case, inv remedy.Inventory) remedy.List[remedy.Added] {
	out := remedy.List[remedy.Added]{Known: flowing(f, c, streams.Audit) && !c.MorePrepared, Items: []remedy.Added{}}
	for _, e := range c.Prepared {
		for _, o := range inv.Objects() {
			for _, item := range items(e, o) {
				out.Items = append(out.Items, remedy.Added{Object: o.ID, Item: item, Time: e.Time, By: e.Actor, Record: e.Record})
			}
		}
	}
	return out
}

// items returns the ids of what a change added to an object, as the inventory has them. Records name some things by their
// words only.
func items(e trail.Entry, o remedy.Object) (out []string) {
	switch e.Act {
	case trail.CredentialAdded, trail.FederatedAdded:
		return []string{e.KeyID}
	case trail.OwnerAdded:
		return []string{e.Member}
	case trail.Configured:
		for _, r := range o.RedirectURIs.Items {
			if uri, ok := strings.CutPrefix(e.What, trail.RedirectURI); ok && uri != "" && strings.HasPrefix(r.URI, uri) { // a long one was cut
				out = append(out, r.URI)
			}
		}
	case trail.AppRoleGranted:
		for _, r := range o.AppRoles.Items {
			if role, _, _ := strings.Cut(e.What, " on "); role == r.Value || role == r.AppRoleID {
				out = append(out, r.ID)
			}
		}
	case trail.RoleGranted:
		for _, r := range o.DirectoryRoles.Items {
			if e.What != "" && (e.What == r.Name || strings.EqualFold(e.What, r.TemplateID)) {
				out = append(out, r.ID)
			}
		}
	case trail.Consented, trail.DelegatedGranted:
		for _, g := range o.Grants.Items {
			if slices.ContainsFunc(strings.Fields(e.What), func(scope string) bool { return slices.Contains(strings.Fields(g.Scope), scope) }) {
				out = append(out, g.ID)
			}
		}
	}
	return out
}

func flowing(f *casefile.Facts, c casefile.Case, log string) bool {
	if f.Flowing == nil {
		return false
	}
	known, flows := f.Flowing(log, c.Window.From, c.Window.To)
	return known && flows
}

// plantable are the acts that leave a way back in something else.
var plantable = map[trail.Act]string{
	trail.CredentialAdded: remedy.TypeKey, trail.FederatedAdded: remedy.TypeFederated, trail.OwnerAdded: remedy.TypeOwner,
	trail.AppRoleGranted: remedy.TypeAppRole, trail.RoleGranted: remedy.TypeDirectoryRole, trail.DelegatedGranted: remedy.TypeGrant,
}

// planted is what the principal left elsewhere.
func planted(c casefile.Case) (out []remedy.Planted) {
	for _, e := range c.Writes {
		kind, ok := plantable[e.Act]
		if !ok || e.Target == "" || strings.HasPrefix(e.Target, "user:") {
			continue
		}
		p := remedy.Planted{ObjectKind: remedy.KindServicePrincipal, Object: e.Target, Name: e.TargetName, Kind: kind, KeyID: e.KeyID, Time: e.Time, Record: e.Record}
		if id, isApp := cutApp(e.Target); isApp {
			p.ObjectKind, p.Object, p.AppID = remedy.KindApplication, "", id
		}
		if kind == remedy.TypeKey && e.What == "secret" {
			p.Kind = remedy.TypePassword
		}
		out = append(out, p)
	}
	return out
}

// active is for how long after its case somebody is thought to be still at work.
const active = 30 * 24 * time.Hour

// linked are the cases that this one hangs together with. Whoever could change the principal can do so again.
func linked(c casefile.Case) (out []remedy.Linked) {
	for _, l := range c.Linked {
		if l.Case == "" {
			continue
		}
		administrator := l.Why == casefile.ChangedThis
		out = append(out, remedy.Linked{
			Case: l.Case, Principal: l.Key, Name: l.Name, Why: l.Why, Administrator: administrator, Active: administrator && c.Updated.Sub(c.Window.To) < active,
		})
	}
	return out
}
