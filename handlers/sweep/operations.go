package sweep

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rekey/handlers/ledgers"
	"rekey/handlers/operations"
	"rekey/shared/decide"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/ledger"
	"rekey/shared/remedy"
)

// operations rings for those that are due and have not moved, and calls people about those that need them. One whose
// journal cannot be read keeps none of the others waiting.
func (s *Sweep) operations(ctx context.Context, now time.Time) error {
	stopped := false
	var errs []error
	if s.Stopped != nil {
		var err error
		stopped, err = s.Stopped(ctx)
		errs = append(errs, err)
	}
	err := s.Operations.Each(ctx, func(o operations.Stored, err error) error {
		if err == nil {
			err = s.operation(ctx, o.Operation, stopped, now)
		}
		errs = append(errs, err)
		return nil
	})
	return errors.Join(append(errs, err)...)
}

func (s *Sweep) operation(ctx context.Context, o remedy.Operation, stopped bool, now time.Time) error {
	concerns := o.Concerns(stopped, now)
	broken, err := s.broken(ctx, o)
	errs := []error{err, s.Pager.Call(ctx, append(concerns, broken...)...), s.settled(ctx, o, now), s.unrotated(ctx, o, now)}
	if o.Stands(s.Quiet, now) {
		if err := s.Evict.Ring(ctx, o.ID); err != nil {
			return errors.Join(append(errs, fmt.Errorf("ringing for operation %s: %w", o.ID, err))...)
		}
		funchost.Count(ctx, "rung_evict", 1)
	}
	return errors.Join(errs...)
}

// broken looks whether the record of an operation that is not at its end can be written on; without it no step is done.
func (s *Sweep) broken(ctx context.Context, o remedy.Operation) ([]decide.Concern, error) {
	if s.Ledger == nil || o.State != remedy.StateRunning && o.State != remedy.StateAwaitingApproval {
		return nil, nil
	}
	_, err := ledger.Open(ctx, s.Ledger, o.ID)
	if errors.Is(err, fault.Denied) {
		return ledgers.Broken(o.ID+ledger.Suffix, o.Opened.UTC().Format(time.DateOnly), err), nil
	}
	return nil, err
}

// closeDay closes the day of the ledger that has ended.
func (s *Sweep) closeDay(ctx context.Context, now time.Time) error {
	if s.Ledger == nil {
		return nil
	}
	concerns, err := ledgers.Close(ctx, s.Ledger, now)
	return errors.Join(err, s.Pager.Call(ctx, concerns...))
}
