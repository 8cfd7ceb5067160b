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

	eviction remedy.Operation
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

// SubjectOf is what an eviction says.
func SubjectOf(o remedy.Operation) Subject {
	s := Subject{Case: o.Case, Principal: o.Principal, From: o.Since, eviction: o}
	if !o.AccessCut() {
		return s
	}
	var last time.Time // when the last lock was changed
	for i, p := range o.Progress {
		kind := o.Plan.Steps[i].Kind
		if p.Status != remedy.Done || kind == remedy.StepWatch {
			continue
		}
		if p.Ended.After(last) {
			last = p.Ended
		}
		switch kind {
		case remedy.StepDisable:
			s.Cut = p.Ended
		case remedy.StepEnable:
			s.Until = p.Ended
		}
	}
	if last.IsZero() {
		last = o.Updated
	}
	if s.Cut.IsZero() {
		s.Cut = last
	}
	if s.Until.IsZero() && o.State != remedy.StateContained {
		s.Until = last // a managed identity, which is not disabled
	}
	return s
}
