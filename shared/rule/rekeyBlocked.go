package rule

import (
	"slices"

	"rekey/shared/audit"
	"rekey/shared/event"
)

// rekeyBlocked looks at Conditional Access policies that stop Rekey from signing in. A managed identity is never blocked
// by one, but its removal from the exceptions shows that somebody tried.
var rekeyBlocked = &Rule{
	ID: "rekeyBlocked", Title: "Rekey's own identity brought under a Conditional Access policy",
	RiskType: TypeAnomalous, Techniques: []string{"T1562.001", "T1556.009"},
	Event: "AuditLogs: \"Add conditional access policy\", \"Update conditional access policy\", ConditionalAccessPolicy: Rekey's object id left excludeServicePrincipals, or is included now",
	Shape: Documented, Levels: "high for a policy that is in force and reaches Rekey; else medium",
	FalsePositives: []string{"A new policy for all workload identities that forgot its exceptions."},
	Ask:            []string{"Does the policy block Rekey? A managed identity is not affected.", "Who changed it, and did he know what Rekey is for?"},
	Match: func(e *event.Event, w *World) []Finding {
		c, ok := policyChanged(e, accessAdded, accessUpdated)
		if !ok || c.unread || w.isSelf(e.Audit.Actor.Principal) && !w.suspect(e.Audit.Actor) {
			return nil
		}
		id := w.Self.ObjectID
		if id == "" {
			return nil
		}
		lost := slices.Contains(c.old.Excluded, id) && !slices.Contains(c.new.Excluded, id)
		reached := c.reachesSelf(w) && !c.old.Reaches(id)
		if !lost && !reached {
			return nil
		}
		level := medium
		if c.new.State == audit.AccessEnabled && c.new.Reaches(id) {
			level = high
		}
		return one(event.Principal{ObjectID: id}, level, c.name, "Rekey's own identity is %s the Conditional Access policy %q", reachedHow(reached), c.name)
	},
}

// reachesSelf reports whether the policy is about Rekey now. Where only one of Rekey's ids is declared it may be the client
// id, which no policy holds: then a policy about all principals only counts when it excludes nobody.
func (c policyChange) reachesSelf(w *World) bool {
	id := w.Self.ObjectID
	return c.new.Reaches(id) && (slices.Contains(c.new.Included, id) || w.Self.AppID != id || len(c.new.Excluded) == 0)
}

func reachedHow(reached bool) string {
	if reached {
		return "under"
	}
	return "no exception any more of"
}
