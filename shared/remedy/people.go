package remedy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/shared/fault"
)

// Decision is what a person decided about an operation, other than a yes.
type Decision struct {
	By   string    `json:"by"`
	Why  string    `json:"why"`
	Time time.Time `json:"time"`
}

// said reports what is wrong with a decision: it has a name and a reason, and nobody decides about what he is part of.
func (o *Operation) said(d Decision) error {
	switch {
	case normal(d.By) == "":
		return fault.Errorf(fault.Denied, "deciding about operation %s: nobody is named: say who you are (--by)", o.ID)
	case strings.TrimSpace(d.Why) == "":
		return fault.Errorf(fault.Denied, "deciding about operation %s: no reason is given: say why (--why)", o.ID)
	case o.linked(d.By):
		return fault.Errorf(fault.Denied, "deciding about operation %s: %s is in a linked case; somebody else has to look, and rekey stop halts everything meanwhile", o.ID, plain(d.By))
	}
	return nil
}

// linked reports whether somebody is in a linked case.
func (o *Operation) linked(by string) bool {
	return slices.ContainsFunc(o.Plan.Needs.Never, func(n string) bool { return normal(n) == normal(by) })
}

// Mandate is the moment at which enough people had approved a plan: what the operation is carried out on.
type Mandate struct {
	Hash      string    `json:"planHash"`
	By        []string  `json:"by"`
	Time      time.Time `json:"time"`
	Begun     time.Time `json:"begun,omitzero"`     // when the first step was started under it; until then it expires
	NotBefore time.Time `json:"notBefore,omitzero"` // it waits until then because those who approved asked for that
}

// Underway reports whether any step was started: what is in the directory may not be what the plan was made from.
func (o *Operation) Underway() bool {
	return slices.ContainsFunc(o.Progress, func(p Progress) bool { return p.Status != Pending })
}

// Waits reports whether an approved operation waits for its time.
func (o *Operation) Waits(now time.Time) bool {
	return o.Mandate != nil && o.Mandate.Begun.IsZero() && now.Before(o.Mandate.NotBefore)
}

// asks reports whether a yes would lead to anything: it awaits one, or is contained with a rest of its plan.
func (o *Operation) asks() error {
	switch {
	case o.State == StatePlanned:
		return fault.Errorf(fault.Denied, "approving operation %s: it is only planned, because the policy of this principal allows no more: set REKEY_MODE or REKEY_MODES to approve first", o.ID)
	case o.State == StateRunning:
		return fault.Errorf(fault.Denied, "approving operation %s: it is being carried out already", o.ID)
	case o.State == StateContained && len(o.left()) > 0, o.State == StateAwaitingApproval:
		return nil
	}
	return fault.Errorf(fault.Denied, "approving operation %s: it is %s, nothing of it is left to do", o.ID, o.State)
}

// Approve adds a person's yes to the plan with a hash; one without a time is given now. When enough people said yes, the
// operation is due, not before a time if they asked for one (the zero time: at once). An error of kind fault.Conflict says
// that the plan is another one now.
func (o *Operation) Approve(a Approval, notBefore, now time.Time) error {
	if err := o.asks(); err != nil {
		return err
	}
	by := normal(a.By)
	if a.Time.IsZero() {
		a.Time = now
	}
	age := now.Sub(a.Time)
	switch {
	case o.Version < 2:
		return fault.Errorf(fault.Denied, "approving operation %s: an older program made it; triage plans it again with the next evidence", o.ID)
	case by == "":
		return fault.Errorf(fault.Denied, "approving operation %s: nobody is named: say who you are (--by)", o.ID)
	case a.PlanHash != o.Plan.Hash():
		return fault.Errorf(fault.Conflict, "approving operation %s: the hash is not that of its plan, which may have changed: look at it again (rekey operation show %s)", o.ID, o.ID)
	case o.linked(by):
		return fault.Errorf(fault.Denied, "approving operation %s: %s is in a linked case; somebody else has to look", o.ID, plain(a.By))
	case slices.ContainsFunc(o.Holding(now), func(x Approval) bool { return normal(x.By) == by }):
		return fault.Errorf(fault.Denied, "approving operation %s: %s has approved it already, and nobody counts twice", o.ID, plain(a.By))
	case age >= approvalLife || age < -ahead:
		return fault.Errorf(fault.Denied, "approving operation %s: the approval is of %s, and one holds for 4 hours: look at the plan again, and approve it then", o.ID, day(a.Time))
	case notBefore.Sub(a.Time) >= approvalLife:
		return fault.Errorf(fault.Denied, "approving operation %s: it would wait until %s, and an approval holds for 4 hours only: approve it then, or do not wait", o.ID, day(notBefore))
	}
	o.upgrade()
	a.Time = a.Time.UTC()
	o.Approvals, o.Updated = append(o.Approvals, a), now.UTC()
	if ok, _ := Approved(o.Plan, o.Approvals, now); ok {
		o.mandate(notBefore, now)
	}
	return nil
}

func (o *Operation) mandate(notBefore, now time.Time) {
	g := Mandate{Hash: o.Plan.Hash(), Time: now.UTC()}
	if notBefore.After(now) {
		g.NotBefore = notBefore.UTC()
	}
	for _, a := range o.Holding(now) {
		g.By = append(g.By, a.By)
	}
	o.Mandate, o.State, o.Reason, o.Lease = &g, StateRunning, "", Lease{}
}

// Holding returns the approvals that hold: of this plan, not expired, each person once.
func (o *Operation) Holding(now time.Time) []Approval {
	var out []Approval
	for _, a := range o.Approvals {
		same := func(x Approval) bool { return normal(x.By) == normal(a.By) }
		if _, ok := o.Plan.counts(a, now); ok && !slices.ContainsFunc(out, same) {
			out = append(out, a)
		}
	}
	return out
}

// Missing returns how many more people have to say yes.
func (o *Operation) Missing(now time.Time) int {
	return max(max(o.Plan.Needs.Approvals, 1)-len(o.Holding(now)), 0)
}

// Reject says no. Only a plan that is not carried out yet can be rejected; what came after the no asks again.
func (o *Operation) Reject(d Decision) error {
	if err := o.said(d); err != nil {
		return err
	}
	if o.State != StateAwaitingApproval && o.State != StatePlanned || o.Underway() {
		return fault.Errorf(fault.Denied, "rejecting operation %s: it is %s: only a plan that nothing was done of can be rejected; to stop one: rekey operation cancel %s", o.ID, o.State, o.ID)
	}
	o.upgrade()
	o.State, o.Rejected, o.Approvals, o.Mandate = StateRejected, &d, nil, nil
	o.Reason, o.Updated = "rejected by "+d.By+": "+d.Why, d.Time.UTC()
	return nil
}

// Stop cancels the operation. One that an instance may be at work on finishes the step in flight first: the instance reads
// the request before its next step. Nothing that was done is taken back, and what is disabled stays so.
func (o *Operation) Stop(d Decision) error {
	if err := o.said(d); err != nil {
		return err
	}
	switch o.State {
	case StateDone, StateFailed, StateRejected, StateCancelled:
		return fault.Errorf(fault.Denied, "cancelling operation %s: it is %s already", o.ID, o.State)
	case StateWatching: // its plan is done: only the days of looking end
		o.EndWatch("the watch was ended by "+d.By+": "+d.Why, d.Time)
		return nil
	case StateRunning, StateContained, StateAwaitingApproval, StatePlanned:
	}
	if o.Cancel != nil {
		return fault.Errorf(fault.Denied, "cancelling operation %s: %s asked for it at %s; it ends after the step in flight", o.ID, plain(o.Cancel.By), day(o.Cancel.Time))
	}
	if o.State == StateContained && len(o.left()) == 0 {
		return fault.Errorf(fault.Denied, "cancelling operation %s: all of its plan is done", o.ID)
	}
	o.upgrade()
	o.Cancel = &d
	if o.State == StateRunning && (o.Underway() || o.Lease.Owner != "") {
		o.Reason = "cancelled by " + d.By + ": it ends after the step in flight"
		return nil // Updated stays: whether it makes progress is the executor's to say
	}
	o.end(d.Time)
	return nil
}

// end is the end of a cancelled operation.
func (o *Operation) end(now time.Time) {
	o.State, o.Updated, o.Lease, o.Mandate = StateCancelled, now.UTC(), Lease{}, nil
	o.Reason = fmt.Sprintf("cancelled by %s: %s; %s", o.Cancel.By, o.Cancel.Why, o.Half())
}

// Ask takes an operation back to people: it must not go on without another yes.
func (o *Operation) Ask(why string, now time.Time) {
	o.State, o.Reason, o.Mandate, o.Lease = StateAwaitingApproval, why, nil, Lease{}
	o.Asked, o.Updated = now.UTC(), now.UTC()
}

// Permits returns why a step must not be done now, as an error of kind fault.Limit, or nil: the mode allows it, or people
// did, for exactly this plan. Approvals that were used in time hold to the end of the operation.
func (o *Operation) Permits(s Step, now time.Time) error {
	deny := func(format string, args ...any) error {
		return fault.Errorf(fault.Limit, "operation %s, step %s: %s", o.ID, s.ID, fmt.Sprintf(format, args...))
	}
	g := o.Mandate
	switch {
	case !slices.ContainsFunc(o.Plan.Steps, func(x Step) bool { return x.ID == s.ID && x.Kind == s.Kind && x.Object == s.Object }):
		return deny("it is not part of the plan")
	case g == nil && !o.Verdict.Acts():
		return deny("nobody approved it")
	case g == nil && o.Plan.Needs.Approvals > 1:
		return deny("the principal is protected: %s", o.Plan.Needs.Why[0])
	case g == nil:
		return nil
	case g.Hash != o.Plan.Hash():
		return deny("the plan changed since it was approved")
	case g.Begun.IsZero():
		if ok, why := Approved(o.Plan, o.Approvals, now); !ok {
			return deny("the approvals do not hold any more: %s", why)
		}
	}
	return nil
}

// Adopt takes over what people wrote into the journal while an instance was at work on it.
func (o *Operation) Adopt(now Operation) {
	o.Cancel, o.Approvals = now.Cancel, now.Approvals
	if o.Cancel != nil {
		o.Reason = now.Reason
	}
}

// upgrade marks a journal that holds what the program before this one would drop.
func (o *Operation) upgrade() {
	if o.Version == 2 {
		o.Version = version
	}
}
