package rule

import (
	"fmt"
	"slices"

	"rekey/shared/audit"
	"rekey/shared/event"
)

// conditionalAccessExcepted looks at principals that a policy does not reach any more: the quiet way past a block.
var conditionalAccessExcepted = &Rule{
	ID: "conditionalAccessExcepted", Title: "Service principal taken out of a Conditional Access policy",
	RiskType: TypeAnomalous, Techniques: []string{"T1556.009"},
	Event: "AuditLogs: \"Update conditional access policy\", conditions.clientApplications of ConditionalAccessPolicy: excludeServicePrincipals gained an id, includeServicePrincipals lost one, or servicePrincipalFilter changed",
	Shape: Documented, Levels: "medium; high when an application did it; low for a policy that is not in force",
	FalsePositives: []string{"A workload moves to an address that the policy does not know yet.", "A principal is retired, or a policy is split in two."},
	Ask:            []string{"Was the principal blocked before, and did it sign in since?", "Who asked for the exception, and when does it end?"},
	Match: func(e *event.Event, w *World) []Finding {
		c, ok := policyChanged(e, accessUpdated)
		if !ok || c.unread {
			return nil
		}
		level := byActor(e, w, medium, high)
		if !c.inForce() {
			level = low
		}
		var out []Finding
		if more := audit.Missing(c.new.Excluded, c.old.Excluded); len(more) > 0 {
			out = append(out, each(e, more, level, c.name, func(who string) string {
				return fmt.Sprintf("the Conditional Access policy %q excludes %s now", c.name, who)
			})...)
		}
		if less := c.left(); len(less) > 0 {
			out = append(out, each(e, less, level, c.name, func(who string) string {
				return fmt.Sprintf("the Conditional Access policy %q is not about %s any more", c.name, who)
			})...)
		}
		if c.old.Filter != c.new.Filter && c.old.Workload() {
			out = append(out, one(tenant(e), level, c.name+"/filter", "the Conditional Access policy %q has another filter of service principals: %q, before %q", c.name, c.new.Filter, c.old.Filter)...)
		}
		return out
	},
}

// left are the principals that the policy included and does not now. One that includes all includes every other one.
func (c policyChange) left() []string {
	if slices.Contains(c.new.Included, audit.EveryPrincipal) {
		return nil
	}
	return audit.Missing(c.old.Included, c.new.Included)
}
