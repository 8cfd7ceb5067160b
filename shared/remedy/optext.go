package remedy

import (
	"fmt"
	"strings"
	"time"
)

// Text renders the operation for a person who has to decide about it: where it stands, who said what, which brakes stood in
// the way, what changed, and the plan.
func (o *Operation) Text(now time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Operation %s is %s", o.ID, o.State)
	if o.Reason != "" {
		fmt.Fprintf(&b, ": %s", plain(o.Reason))
	}
	fmt.Fprintf(&b, "\nopened %s, case %s\n", day(o.Opened), plain(o.Case))
	if o.Plan.RequestedBy != "" {
		fmt.Fprintf(&b, "asked for by %s\n", plain(o.Plan.RequestedBy))
	}
	if o.Underway() {
		fmt.Fprintf(&b, "%s\n", o.Half())
	}
	o.saidText(&b, now)
	o.brakesText(&b)
	section(&b, "How the plan changed", o.Changes, plain)
	b.WriteString("\n" + o.Plan.Text())
	return b.String()
}

// saidText lists who said what, and what is missing.
func (o *Operation) saidText(b *strings.Builder, now time.Time) {
	hash := o.Plan.Hash()
	for _, a := range o.Approvals {
		note := ""
		switch {
		case a.PlanHash != hash:
			note = " (does not count: it was for plan " + plain(a.PlanHash) + ")"
		case now.Sub(a.Time) >= approvalLife && (o.Mandate == nil || o.Mandate.Begun.IsZero()):
			note = " (does not count any more: it is older than 4 hours)"
		}
		fmt.Fprintf(b, "approved by %s at %s%s", plain(a.By), day(a.Time), note)
		if a.Note != "" {
			fmt.Fprintf(b, ": %s", plain(a.Note))
		}
		b.WriteString("\n")
	}
	if o.asks() == nil {
		fmt.Fprintf(b, "%d more must approve: rekey operation approve %s --hash %s --by <who>\n", o.Missing(now), o.ID, hash)
	}
	if o.Waits(now) {
		fmt.Fprintf(b, "it waits until %s\n", day(o.Mandate.NotBefore))
	}
	if o.Cancel != nil {
		fmt.Fprintf(b, "cancelled by %s at %s: %s\n", plain(o.Cancel.By), day(o.Cancel.Time), plain(o.Cancel.Why))
	}
}

// brakesText lists the brakes that stood in the way of acting alone.
func (o *Operation) brakesText(b *strings.Builder) {
	var in []string
	for _, c := range o.Verdict.Checks {
		if !c.Passed {
			in = append(in, c.Name+": "+plain(c.Why))
		}
	}
	section(b, "Why Rekey did not act alone", in, func(s string) string { return s })
}
