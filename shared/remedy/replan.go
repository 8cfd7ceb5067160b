package remedy

import (
	"fmt"
	"slices"
	"time"

	"rekey/shared/casefile"
)

// maxChanges bounds what an operation remembers of how its plan changed.
const maxChanges = 20

// Replan puts a newer plan of the same case in the place of an operation that nothing was done of. What people said stays
// in it; a yes to another plan does not count, and what changed is listed for whoever said it.
func (o Operation) Replan(next Operation, c casefile.Case, now time.Time) Operation {
	next.Opened, next.Approvals, next.Rejected, next.Changes, next.Moves = o.Opened, o.Approvals, o.Rejected, o.Changes, o.Moves
	if next.PlanHash != o.PlanHash {
		next.Changes = append(slices.Clone(o.Changes), fmt.Sprintf("%s: plan %s became %s", day(now), o.PlanHash, next.PlanHash))
		for _, d := range Difference(o.Plan, next.Plan) {
			next.Changes = append(next.Changes, "  "+d)
		}
		next.Changes = next.Changes[max(len(next.Changes)-maxChanges, 0):]
	}
	if o.State == StateAwaitingApproval && next.State == StateAwaitingApproval && !o.Asked.IsZero() {
		next.Asked = o.Asked // whoever does not answer is not given more time by it
	}
	if o.State == StateRejected && next.PlanHash == o.PlanHash && !c.Window.To.After(o.Rejected.Time) {
		next.State, next.Reason, next.Updated, next.Asked = StateRejected, o.Reason, o.Updated, time.Time{}
	}
	return next
}

// Replans reports whether triage may put a newer plan into the operation's place.
func (o *Operation) Replans() bool {
	return !o.Underway() && (o.State == StatePlanned || o.State == StateAwaitingApproval || o.State == StateRejected)
}

// Difference says what one plan allows, keeps and forecasts that another does not, for whoever approved the first.
func Difference(a, b Plan) []string {
	var out []string
	diff := func(word string, x, y []string) {
		for _, s := range x {
			if !slices.Contains(y, s) {
				out = append(out, word+" "+s)
			}
		}
	}
	diff("new:", acts(b), acts(a))
	diff("no more:", acts(a), acts(b))
	diff("now stays:", stays(b), stays(a))
	diff("does not stay any more:", stays(a), stays(b))
	if a.Needs.Approvals != b.Needs.Approvals {
		out = append(out, fmt.Sprintf("needs %d approvals instead of %d", b.Needs.Approvals, a.Needs.Approvals))
	}
	diff("to be looked at:", b.Needs.Obstacles, a.Needs.Obstacles)
	return out
}

func acts(p Plan) []string {
	out := make([]string, len(p.Scope))
	for i, a := range p.Scope {
		out[i] = a.Kind + " on " + plain(a.Object)
	}
	return out
}

func stays(p Plan) []string {
	out := make([]string, len(p.Kept))
	for i, k := range p.Kept {
		out[i] = k.Type + " " + plain(k.KeyID) + " on " + plain(k.Object)
	}
	return out
}
