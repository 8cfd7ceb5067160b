package sweep

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rekey/shared/decide"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/remedy"
	"rekey/shared/rotate"
)

// lookAgain is how long a rotation that waits for people, or for time, is left alone: each look reads all vaults.
const lookAgain = 10 * time.Minute

// rotateWithin is how old an eviction may be whose rotation was never planned.
const rotateWithin = 7 * 24 * time.Hour

// unrotated rings for an eviction that has cut the principal's access and has no rotation: its ring was lost.
func (s *Sweep) unrotated(ctx context.Context, o remedy.Operation, now time.Time) error {
	if s.Rotations.Table == nil || !o.AccessCut() || now.Sub(o.Updated) < s.Quiet || now.Sub(o.Updated) > rotateWithin {
		return nil
	}
	id := rotate.OperationID(o.Case)
	if _, err := s.Rotations.Head(ctx, id); !errors.Is(err, fault.NotFound) {
		return err
	}
	return s.ringRotate(ctx, id)
}

// rotations rings for those that have not moved. One whose journal cannot be read keeps none of the others waiting.
func (s *Sweep) rotations(ctx context.Context, now time.Time) error {
	if s.Rotations.Table == nil {
		return nil
	}
	var errs []error
	err := s.Rotations.Each(ctx, func(h rotate.Head, err error) error {
		quiet := s.Quiet
		if h.State != rotate.StateRunning {
			quiet = max(quiet, lookAgain)
		}
		if err == nil && h.Due() && now.Sub(h.Updated) >= quiet && (h.Lease.Owner == "" || now.After(h.Lease.Until)) {
			err = s.ringRotate(ctx, h.ID)
		}
		errs = append(errs, err)
		if err == nil && h.State == rotate.StateAwaitingApproval {
			errs = append(errs, s.Pager.Call(ctx, asks(h)...))
		}
		return nil
	})
	return errors.Join(append(errs, err)...)
}

// asks are the calls about a rotation that waits for people: since the tier before ended, or since it was opened.
func asks(h rotate.Head) []decide.Concern {
	since := h.Opened
	for _, t := range h.Tiers {
		if t.Ended.After(since) {
			since = t.Ended
		}
	}
	var out []decide.Concern
	for _, r := range []decide.Reason{decide.PageApprovalNeeded, decide.PageApprovalUnanswered} {
		out = append(out, decide.Concern{Reason: r, Subject: h.ID, Principal: h.Principal, Name: h.Name, Detail: h.Reason, Since: since})
	}
	return out
}

func (s *Sweep) ringRotate(ctx context.Context, id string) error {
	if err := s.Rotate.Ring(ctx, id); err != nil {
		return fmt.Errorf("ringing for rotation %s: %w", id, err)
	}
	funchost.Count(ctx, "rung_rotate", 1)
	return nil
}
