package rule

import (
	"cmp"
	"strings"

	"rekey/shared/audit"
	"rekey/shared/event"
)

// groupMember looks at groups that a service principal joins or comes to own: directory roles, Azure roles and vaults are
// given to groups, so its power grows without any record about itself. Whether the group can hold a directory role is
// not in the record.
var groupMember = &Rule{
	ID: "groupMember", Title: "Service principal added to a group",
	RiskType: TypeAnomalous, Techniques: []string{"T1098.003", "T1098.007"},
	Event: "AuditLogs: \"Add member to group\", \"Add eligible member to group\", \"Add owner to group\" and their PIM forms, a target of type ServicePrincipal, Group.ObjectID",
	Shape: Documented, Levels: "low; medium when an application did it",
	FalsePositives: []string{"Workloads get their access to vaults and subscriptions through groups."},
	Ask:            []string{"Can the group hold directory roles, and which does it have (Graph: isAssignableToRole, memberOf)?", "Which Azure roles, vaults and applications does the group open?", "What did the principal do since that it did not before?"},
	Match: func(e *event.Event, w *World) []Finding {
		if !isJoin(e) || isPlatform(e.Audit.Actor) {
			return nil
		}
		p := member(e, w)
		name, id := group(e)
		how, a := "is a member", strings.ToLower(e.Audit.Activity)
		switch {
		case strings.Contains(a, "owner"):
			how = "is an owner"
		case strings.Contains(a, "eligible"):
			how = "may become a member"
		}
		return one(p, madeBy(e), "group:"+id, "%s %s of the group %q now", titled(p), how, name)
	},
}

// isJoin reports whether a group got a member or an owner, at once or eligible.
func isJoin(e *event.Event) bool {
	return done(e, "add member to group", "add eligible member to group", "add owner to group", "add eligible owner to group")
}

// group returns the name and the id of the group that a record is about: in the member's properties, or as a target of
// its own.
func group(e *event.Event) (name, id string) {
	name, id = audit.Value(e.Audit, "Group.DisplayName"), audit.ID(e.Audit, "Group.ObjectID")
	for _, t := range e.Audit.Targets {
		if strings.EqualFold(t.Type, "Group") {
			name, id = cmp.Or(name, t.Name), cmp.Or(id, t.ID)
		}
	}
	return cmp.Or(name, id, "that the record does not name"), id
}
