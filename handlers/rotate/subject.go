package rotate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/remedy"
)

// Subject is whose reach is asked for.
type Subject struct {
	Case      string
	Principal event.Principal
	From      time.Time // beginning of the window in which it was not itself
	Cut       time.Time // when its access was cut; zero: it was not
	Until     time.Time // what it reads from then on is its own again; zero: it is still locked out
}

// subjectOf reads the case's eviction. A rotation goes on when the eviction is gone.
func (h *Rotate) subjectOf(ctx context.Context, caseID string) (Subject, error) {
	o, err := h.Operations.Get(ctx, remedy.OperationID(caseID))
	if errors.Is(err, fault.NotFound) {
		return Subject{Case: caseID}, nil
	}
	if err != nil {
		return Subject{}, fmt.Errorf("reading the eviction of case %s: %w", caseID, err)
	}
	return SubjectOf(o.Operation), nil
}

// SubjectOf is what an eviction says. One that is done or has contained the principal has cut its access.
func SubjectOf(o remedy.Operation) Subject {
	s := Subject{Case: o.Case, Principal: o.Principal, From: o.Since}
	if o.State != remedy.StateDone && o.State != remedy.StateContained {
		return s
	}
	s.Cut = o.Updated
	for i, p := range o.Progress {
		switch kind := o.Plan.Steps[i].Kind; {
		case p.Status != remedy.Done:
		case kind == remedy.StepDisable && p.Ended.Before(s.Cut):
			s.Cut = p.Ended
		case kind == remedy.StepEnable:
			s.Until = p.Ended
		}
	}
	if s.Until.IsZero() && o.State == remedy.StateDone {
		s.Until = o.Updated // a managed identity, which is not disabled
	}
	return s
}
