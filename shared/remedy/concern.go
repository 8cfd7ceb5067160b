package remedy

import (
	"time"

	"rekey/shared/decide"
)

// Moved returns when the operation last made progress: a step that was begun or ended, a yes, or its opening. That an
// instance tries a step again is none.
func (o *Operation) Moved() time.Time {
	last := o.Opened
	later := func(t time.Time) {
		if t.After(last) {
			last = t
		}
	}
	for _, p := range o.Progress {
		later(p.Started)
		later(p.Ended)
	}
	if o.Mandate != nil {
		later(o.Mandate.Time)
		later(o.Mandate.NotBefore)
	}
	return last
}

// watching reports whether the step in flight is the one that only waits and looks.
func (o *Operation) watching() bool {
	h := o.Half()
	return len(h.Flight) == 1 && h.Flight[0].Kind == StepWatch
}

// Concerns returns what people must be told about the operation; Stopped is the kill switch, with which it stands still on
// purpose.
func (o *Operation) Concerns(stopped bool, now time.Time) []decide.Concern {
	about := func(r decide.Reason, since time.Time, detail string) decide.Concern {
		return decide.Concern{Reason: r, Subject: o.ID, Principal: o.Principal.Key(), Name: plain(o.Principal.Name), Detail: detail, Since: since}
	}
	switch o.State {
	case StateAwaitingApproval, StateContained:
		return o.unanswered(about)
	case StateFailed:
		for _, s := range o.Half().Flight {
			if s.Kind == StepProve {
				return []decide.Concern{about(decide.PageProofFailed, o.Updated, "")}
			}
		}
		return []decide.Concern{about(decide.PageOperationFailed, o.Updated, o.Half().String())}
	case StateRunning:
		if !stopped && !o.Waits(now) && !o.watching() {
			return []decide.Concern{about(decide.PageJournalStuck, o.Moved(), o.Half().String())}
		}
	case StatePlanned, StateDone, StateRejected, StateCancelled:
	}
	return nil
}

// unanswered are the concerns about an operation that awaits people. One whose plan ends contained awaits nobody's yes.
func (o *Operation) unanswered(about func(decide.Reason, time.Time, string) decide.Concern) []decide.Concern {
	if o.State == StateContained && len(o.left()) == 0 {
		return nil
	}
	since := o.Asked
	if since.IsZero() {
		since = o.Updated // of a program that did not note it
	}
	out := []decide.Concern{about(decide.PageApprovalNeeded, since, ""), about(decide.PageApprovalUnanswered, since, "")}
	if o.Verdict.Capped() {
		out = append(out, about(decide.PageCapReached, since, ""))
	}
	return out
}
