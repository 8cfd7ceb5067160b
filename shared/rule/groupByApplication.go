package rule

import (
	"strings"

	"rekey/shared/audit"
	"rekey/shared/event"
)

// groupByApplication looks at an application that makes groups or says who runs them: an owner lets in whom he likes.
var groupByApplication = &Rule{
	ID: "groupByApplication", Title: "An application made a group or gave one an owner",
	RiskType: TypeAnomalous, Techniques: []string{"T1098.007", "T1136.003"},
	Event: "AuditLogs: \"Add group\", \"Add owner to group\", initiatedBy.app is no service of Microsoft's; one finding a day for new groups and one for each group with a new owner",
	Shape: Documented, Levels: "low for a new group; medium for an owner, and for a new group whose IsAssignableToRole is true",
	FalsePositives: []string{"Deployments and governance products make groups."},
	Ask:            []string{"Can the group hold directory roles, and who is in it (Graph: isAssignableToRole, members)?", "Is the owner a person who should run the group?"},
	Match: func(e *event.Event, _ *World) []Finding {
		if !changed(e, "Add group", "Add owner to group") || !byOther(e) {
			return nil
		}
		a := e.Audit.Actor.Principal
		name, id := group(e)
		if audit.Is(e.Audit, "Add owner to group") {
			return one(a, medium, "owner of "+id, "the application %s gave the group %q the owner %q", titled(a), name, ownerName(audit.Target(e.Audit, 0)))
		}
		if holdsRoles(e) {
			return one(a, medium, "group:"+id, "the application %s made the group %q, which can hold directory roles", titled(a), name)
		}
		return one(a, low, "groups", "the application %s made groups: %q", titled(a), name)
	},
}

// holdsRoles reports whether a record says that a group can be given directory roles; most do not say.
func holdsRoles(e *event.Event) bool {
	for _, t := range e.Audit.Targets {
		for _, p := range t.Properties {
			if strings.EqualFold(p.Name, "IsAssignableToRole") && audit.True(p.New) {
				return true
			}
		}
	}
	return false
}
