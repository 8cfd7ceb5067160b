package rule

import (
	"rekey/shared/audit"
	"rekey/shared/event"
	"rekey/shared/score"
)

// conditionalAccessOff looks at policies that stop protecting: what an intruder does whom one of them blocks. A public
// record has a deleted one; an update has the same property with both sides.
var conditionalAccessOff = &Rule{
	ID: "conditionalAccessOff", Title: "Conditional Access policy deleted, switched off or set to report-only",
	RiskType: TypeAnomalous, Techniques: []string{"T1556.009", "T1562.001"},
	Event: "AuditLogs: \"Delete conditional access policy\", or \"Update conditional access policy\" with a state in ConditionalAccessPolicy that is not enabled any more",
	Shape: Recorded, Levels: "high for a policy about workload identities that was in force; for one about users medium when an application did it, else low; low when it only reported; medium when a deleted one cannot be read",
	FalsePositives: []string{"A policy is replaced by another one.", "A policy that locks people out is set back to report-only."},
	Ask:            []string{"Which principals did it block until then, and did they sign in since?", "Who changed it, and is there a change request?", "Does another policy still cover them?"},
	Match: func(e *event.Event, w *World) []Finding {
		c, ok := policyChanged(e, accessUpdated, accessDeleted)
		switch {
		case !ok:
			return nil
		case c.unread && c.deleted:
			return one(tenant(e), medium, c.name, "the Conditional Access policy %q was deleted; the record's policy cannot be read", c.name)
		case c.unread:
			return one(tenant(e), byActor(e, w, low, medium), c.name, "the Conditional Access policy %q was changed; the record's policy cannot be read", c.name)
		}
		level := c.offLevel(e, w)
		if level == none {
			return nil
		}
		about := c.old.Included
		if len(about) == 0 && c.old.Workload() {
			about = []string{audit.EveryPrincipal} // those that its filter finds
		}
		p := tenant(e)
		if len(about) == 1 && isID(about[0]) {
			p = event.Principal{ObjectID: about[0]} // it was made for this one
		}
		return one(p, level, c.name, "the Conditional Access policy %q about %s was %s", c.name, whom(about), c.how())
	},
}

// offLevel says how much is lost; nothing when the policy is as strict as before.
func (c policyChange) offLevel(e *event.Event, w *World) score.Level {
	weaker := c.deleted || rank(c.new.State) < rank(c.old.State)
	switch {
	case !weaker || c.old.State == audit.AccessDisabled:
		return none
	case c.old.State == audit.AccessReportOnly:
		return low
	case c.old.Workload():
		return high
	}
	return byActor(e, w, low, medium)
}

// rank orders the states by how much they protect; what is not known is not less than enabled.
func rank(state string) int {
	switch state {
	case audit.AccessDisabled:
		return 0
	case audit.AccessReportOnly:
		return 1
	}
	return 2
}

func (c policyChange) how() string {
	switch {
	case c.deleted:
		return "deleted"
	case c.new.State == audit.AccessDisabled:
		return "switched off"
	}
	return "set to report-only"
}
