package trail

import (
	"cmp"
	"strings"

	"rekey/shared/audit"
	"rekey/shared/event"
	"rekey/shared/privilege"
)

// Kept is an entry and whose trail it belongs to.
type Kept struct {
	Key  string
	Side Side
	Entry
}

// Of reads a record of the directory's audit log, and returns what it says about its actor and about what was changed;
// nothing for other records and for changes that failed.
func Of(e *event.Event) []Kept {
	if e.Audit == nil || e.Audit.Result == "failure" || audit.Actor(e.Audit) == "" && len(e.Audit.Targets) == 0 {
		return nil
	}
	r := record{Change: e.Audit, base: Entry{
		Time: e.Time, Record: e.ID, Actor: audit.Actor(e.Audit), ActorName: actorName(e.Audit.Actor),
	}}
	r.read()
	return r.kept
}

func actorName(a event.Actor) string { return cmp.Or(a.UserName, a.Principal.Name, a.UserShown) }

// record is one audit record while it is read.
type record struct {
	*event.Change
	base Entry
	kept []Kept
}

// keep files a change under its actor and, when a workload identity was changed, under that one, too.
func (r *record) keep(act Act, target string, name, what string, more ...func(*Entry)) {
	e := r.base
	e.Act, e.Target, e.TargetName, e.What = act, target, name, what
	for _, set := range more {
		set(&e)
	}
	if e.Actor != "" {
		r.kept = append(r.kept, Kept{e.Actor, By, e})
	}
	if target != "" && !strings.Contains(strings.TrimPrefix(target, "app:"), ":") {
		r.kept = append(r.kept, Kept{target, On, e})
	}
}

func (r *record) principal(act Act, p event.Principal, what string, more ...func(*Entry)) {
	r.keep(act, p.Key(), p.Name, what, more...)
}

// subject is the principal behind a target. Where a record has an application only by its object id, that stands for it.
func (r *record) subject(i int) event.Principal {
	if p := audit.Principal(r.Change, i); p.Key() != "" {
		return p
	}
	t := audit.Target(r.Change, i)
	return event.Principal{ObjectID: t.ID, Name: t.Name}
}

// member is who got or lost a role or a membership: a principal's key, or "user:" and an id.
func (r *record) member() (key, name string) {
	for i, t := range r.Targets {
		switch strings.ToLower(t.Type) {
		case "serviceprincipal", "application":
			p := r.subject(i)
			return p.Key(), p.Name
		case "user":
			return "user:" + t.ID, t.Name
		}
	}
	return "", ""
}

// other names a target that is no workload identity.
func (r *record) other(kind string) (key, name string) {
	t := audit.Target(r.Change, 0)
	if t.ID == "" {
		return "", cmp.Or(t.Name, kind)
	}
	return kind + ":" + t.ID, t.Name
}

// read goes through what the record can be, most telling first. A record can hold several changes.
func (r *record) read() {
	r.credentials()
	r.federated()
	switch activity := strings.ToLower(r.Activity); {
	case r.grants(activity), r.lifecycle(activity), r.people(activity), r.tenantWide(activity):
	case strings.HasPrefix(activity, "update application") || strings.HasPrefix(activity, "update service principal"):
		r.configuration()
	}
	if len(r.kept) == 0 && r.Actor.UserID == "" && r.base.Actor != "" { // what people do to their own accounts is not remembered
		t := r.subject(0)
		r.kept = append(r.kept, Kept{r.base.Actor, By, r.with(SomethingElse, t.ObjectID, t.Name, r.Activity)})
	}
}

func (r *record) with(act Act, target, name, what string) Entry {
	e := r.base
	e.Act, e.Target, e.TargetName, e.What = act, target, name, what
	return e
}

// grants reads owners, permissions, consents and roles.
func (r *record) grants(activity string) bool {
	switch {
	case strings.HasPrefix(activity, "add owner to "):
		r.principal(OwnerAdded, r.owned(), audit.Target(r.Change, 0).Name, member(audit.Target(r.Change, 0).ID))
	case strings.HasPrefix(activity, "remove owner from "):
		r.principal(OwnerRemoved, r.owned(), audit.Target(r.Change, 0).Name, member(audit.Target(r.Change, 0).ID))
	case strings.HasPrefix(activity, "add app role assignment to service principal"):
		r.appRole(AppRoleGranted, func(p event.Property) string { return p.New })
	case strings.HasPrefix(activity, "remove app role assignment from service principal"):
		r.appRole(AppRoleRemoved, func(p event.Property) string { return p.Old })
	case strings.HasPrefix(activity, "add delegated permission grant"):
		r.delegated()
	case strings.HasPrefix(activity, "consent to application"):
		scopes, everyone := audit.ConsentedScopes(audit.Value(r.Change, "ConsentAction.Permissions"))
		r.principal(Consented, r.subject(0), strings.Join(scopes, " "), tier(scopes, privilege.Scope), forAll(everyone))
	case strings.Contains(activity, "member to role"), strings.Contains(activity, "member from role"),
		strings.Contains(strings.ReplaceAll(activity, " ", ""), "roleassignmenttoroledefinition"):
		r.role(activity)
	default:
		return false
	}
	return true
}

func tier(names []string, of func(string) privilege.Tier) func(*Entry) {
	return func(e *Entry) {
		for _, n := range names {
			if t := of(n); t.Above(e.Tier) {
				e.Tier = t
			}
		}
	}
}

func member(id string) func(*Entry) { return func(e *Entry) { e.Member = id } }

func forAll(everyone bool) func(*Entry) {
	return func(e *Entry) {
		if everyone {
			e.What = ForAllUsers + e.What
		}
	}
}

// owned is the thing that got or lost an owner.
func (r *record) owned() event.Principal {
	if p := audit.Owned(r.Change); p.Key() != "" {
		return p
	}
	return r.subject(1)
}

func (r *record) appRole(act Act, side func(event.Property) string) {
	id, _ := audit.Property(r.Change, "AppRole.Id")
	value, _ := audit.Property(r.Change, "AppRole.Value")
	names := []string{audit.Text(side(value)), strings.ToLower(audit.Text(side(id)))}
	client := audit.Client(r.Change)
	if client.Key() == "" { // removals have the client in the old value
		if p, ok := audit.Property(r.Change, "ServicePrincipal.ObjectID"); ok {
			client.ObjectID = strings.ToLower(audit.Text(p.Old))
		}
	}
	r.principal(act, client, cmp.Or(names[0], names[1])+" on "+audit.Target(r.Change, 0).Name, tier(names, privilege.AppRole))
}

func (r *record) delegated() {
	p, _ := audit.Property(r.Change, "DelegatedPermissionGrant.Scope")
	added := audit.AddedScopes(audit.Scopes(p.Old), audit.Scopes(p.New))
	everyone := strings.EqualFold(audit.Value(r.Change, "DelegatedPermissionGrant.ConsentType"), "AllPrincipals")
	r.principal(DelegatedGranted, audit.Client(r.Change), strings.Join(added, " "), tier(added, privilege.Scope), forAll(everyone))
}

// role reads directory roles, permanent, eligible and through PIM. Requests and ends of time-bound roles change nothing.
func (r *record) role(activity string) {
	for _, word := range []string{"requested", "expired", "denied", "canceled"} {
		if strings.Contains(activity, word) {
			return
		}
	}
	act := RoleGranted
	if strings.HasPrefix(activity, "remove") {
		act = RoleRemoved
	}
	names := []string{audit.Value(r.Change, "Role.DisplayName"), audit.ID(r.Change, "Role.TemplateId")}
	for _, t := range r.Targets {
		if strings.EqualFold(t.Type, "Role") {
			names = append(names, t.Name, t.ID)
		}
	}
	key, name := r.member()
	r.keep(act, key, name, cmp.Or(names...), tier(names, privilege.DirectoryRole))
}
