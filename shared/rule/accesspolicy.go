package rule

import (
	"cmp"
	"slices"

	"rekey/shared/audit"
	"rekey/shared/event"
	"rekey/shared/score"
)

// policyChange is a Conditional Access policy before and after. It has records of its own beside "Update policy", which
// holds it in an older form and is not read.
type policyChange struct {
	name     string
	old, new audit.AccessPolicy
	deleted  bool
	unread   bool // one of both could not be read
}

// policyChanged reads a change of a Conditional Access policy, one of some activities.
func policyChanged(e *event.Event, activities ...string) (policyChange, bool) {
	if !changed(e, activities...) {
		return policyChange{}, false
	}
	p, ok := audit.Property(e.Audit, "ConditionalAccessPolicy")
	before, okBefore := audit.ReadAccessPolicy(p.Old)
	after, okAfter := audit.ReadAccessPolicy(p.New)
	return policyChange{
		name: cmp.Or(before.Name, after.Name, audit.Target(e.Audit, 0).Name, "without a name"), old: before, new: after,
		deleted: audit.Is(e.Audit, accessDeleted), unread: !ok || !okBefore || !okAfter,
	}, true
}

// The activities of Conditional Access policies.
const (
	accessAdded   = "Add conditional access policy"
	accessUpdated = "Update conditional access policy"
	accessDeleted = "Delete conditional access policy"
)

// inForce reports whether the policy was applied before the change and after it.
func (c policyChange) inForce() bool {
	return c.old.State == audit.AccessEnabled && c.new.State == audit.AccessEnabled
}

// maxNamed is how many principals are told of one by one; more of them are the tenant's matter.
const maxNamed = 8

// each makes a finding for every service principal of a list, and one for the tenant when the list is long or stands for
// all of them. Names are in no such record.
func each(e *event.Event, list []string, l score.Level, subject string, what func(who string) string) []Finding {
	if len(list) > maxNamed || slices.ContainsFunc(list, func(id string) bool { return !isID(id) }) {
		return one(tenant(e), l, subject, "%s", what(whom(list)))
	}
	var out []Finding
	for _, id := range list {
		out = append(out, one(event.Principal{ObjectID: id}, l, subject, "%s", what(id))...)
	}
	return out
}

// isID reports whether an entry of a policy's list is the id of one principal, and no word for many.
func isID(s string) bool { return len(s) == 36 }

// whom says in words whom a list of service principals is about; a policy without one is about users.
func whom(list []string) string {
	switch {
	case len(list) == 0:
		return "users"
	case slices.ContainsFunc(list, func(id string) bool { return !isID(id) }):
		return "all service principals"
	}
	return few(list)
}

// byActor is the level of a change that people make for their work and applications seldom do. Rekey writes policies, too.
func byActor(e *event.Event, w *World, person, application score.Level) score.Level {
	if byApplication(e) && !w.isSelf(e.Audit.Actor.Principal) {
		return application
	}
	return person
}
