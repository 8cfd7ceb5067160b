// Package sweep rings again for whatever made no progress: a lost, doubled or poisoned message only delays.
//
// It rings for triage of every principal whose newest detection its case does not know yet, about whom a person said something
// that was not carried out, or whose operation has ended, and for every operation or order that should run and has not moved for a while. It calls people by the paging contract, because it is what
// notices that nobody answers and that nothing moves; it closes each day of the ledger; and it clears away suspicions that
// have ended. What time is left goes
// to the weekly look at everything the directory has: see package posture of handlers.
package sweep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"rekey/handlers/cases"
	"rekey/handlers/findings"
	"rekey/handlers/operations"
	"rekey/handlers/pages"
	"rekey/handlers/rotations"
	"rekey/handlers/suspects"
	"rekey/handlers/verdicts"
	"rekey/shared/detect"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/remedy"
	"rekey/shared/store"
)

// Config is what the handler works with.
type Config struct {
	Findings   findings.Store
	Cases      cases.Store
	Suspects   suspects.Store
	Verdicts   verdicts.Store
	Operations operations.Store
	Triage     store.Bell
	Evict      store.Bell
	Rotations  rotations.Store // without a table: nothing is rotated
	Rotate     store.Bell
	Pager      pages.Pager
	Stopped    func(context.Context) (bool, error)                          // the kill switch; nil: there is none
	Ledger     store.Blobs                                                  // nil: days are not closed here
	Ordered    store.Bell                                                   // rung for orders
	Orders     func(ctx context.Context, since time.Time) ([]string, error) // orders that are due and have not moved since; nil: there are none
	Untold     func(context.Context) error                                  // rings for what programs outside were not told; nil: nobody is told
	Posture    func(context.Context) error                                  // the weekly look at everything, some of it at a time; nil: there is none
	Quiet      time.Duration                                                // how long something may be without progress; default 2 minutes
	Now        func() time.Time
}

// Sweep is the handler.
type Sweep struct{ Config }

// lookBack is how old a detection may be to be rung for again.
const lookBack = 24 * time.Hour

// New makes the handler.
func New(c Config) *Sweep {
	if c.Quiet == 0 {
		c.Quiet = 2 * time.Minute
	}
	return &Sweep{c}
}

// Handle rings for what stands still.
func (s *Sweep) Handle(ctx context.Context, _ funchost.Tick) error {
	now := s.Now()
	err := errors.Join(s.untriaged(ctx, now), s.unheard(ctx, now), s.operations(ctx, now), s.rotations(ctx, now), s.ordered(ctx, now), s.closeDay(ctx, now), s.Suspects.Expire(ctx, now))
	if s.Untold != nil { // after what has to be done
		err = errors.Join(err, s.Untold(ctx))
	}
	if s.Posture != nil { // last: whoever waits for a ring goes first
		err = errors.Join(err, s.Posture(ctx))
	}
	return err
}

// untriaged rings for principals with a detection that their cases do not hold as it is.
func (s *Sweep) untriaged(ctx context.Context, now time.Time) error {
	principals, err := s.Findings.PrincipalsSince(ctx, now.Add(-lookBack))
	if err != nil {
		return err
	}
	for _, key := range principals {
		behind, err := s.behind(ctx, key, now)
		if err != nil {
			return err
		}
		if !behind {
			continue
		}
		if err := s.Triage.Ring(ctx, key); err != nil {
			return fmt.Errorf("ringing for triage of %s: %w", key, err)
		}
		funchost.Count(ctx, "rung_triage", 1)
	}
	return nil
}

// behind reports whether a detection, old enough for its own ring to have been heard, is missing from the cases or
// was raised since.
func (s *Sweep) behind(ctx context.Context, key string, now time.Time) (bool, error) {
	found, err := s.Findings.Of(ctx, key)
	if err != nil {
		return false, err
	}
	known, err := s.Cases.Of(ctx, key)
	if err != nil {
		return false, err
	}
	held := map[string]detect.Detection{}
	for _, c := range known {
		for _, d := range c.Detections {
			held[d.ID] = d
		}
	}
	for _, d := range found {
		if d.Posture || d.Closed() {
			continue // waits for a case, and opens none; or is dealt with
		}
		if old, ok := held[d.ID]; (!ok || old.Bits < d.Bits || !old.Level.AtLeast(d.Level)) && now.Sub(d.Detected) > s.Quiet {
			return true, nil
		}
	}
	return false, nil
}

// unheard rings for principals about whom a person said something that was not carried out.
func (s *Sweep) unheard(ctx context.Context, now time.Time) error {
	const most = 500
	waiting, err := s.Verdicts.Pending(ctx, now.Add(-s.Quiet), most)
	if err != nil {
		return err
	}
	for _, key := range waiting {
		if err := s.Triage.Ring(ctx, key); err != nil {
			return fmt.Errorf("ringing for triage of %s: %w", key, err)
		}
		funchost.Count(ctx, "rung_verdict", 1)
	}
	return nil
}

// ordered rings for orders that stand still. One that cannot be read, or rung for, keeps no other from being heard.
func (s *Sweep) ordered(ctx context.Context, now time.Time) error {
	if s.Orders == nil {
		return nil
	}
	ids, err := s.Orders(ctx, now.Add(-s.Quiet))
	for _, id := range ids {
		if ringErr := s.Ordered.Ring(ctx, id); ringErr != nil {
			err = errors.Join(err, fmt.Errorf("ringing for order %s: %w", id, ringErr))
			continue
		}
		funchost.Count(ctx, "rung_orders", 1)
	}
	return err
}

// settled rings for triage of a principal whose operation has ended well and whose case does not say so yet.
func (s *Sweep) settled(ctx context.Context, op remedy.Operation, now time.Time) error {
	if op.State != remedy.StateDone && !op.Watching() || now.Sub(op.Updated) > lookBack {
		return nil
	}
	c, err := s.Cases.Get(ctx, op.Principal.Key(), op.Case)
	left := func(d detect.Detection) bool { return !d.Posture && !d.Closed() && !d.Last.After(op.Updated) }
	if errors.Is(err, fault.NotFound) || err == nil && !slices.ContainsFunc(c.Detections, left) {
		return nil
	}
	if err == nil {
		err = s.Triage.Ring(ctx, op.Principal.Key())
	}
	if err != nil {
		return fmt.Errorf("closing the case of operation %s: %w", op.ID, err)
	}
	funchost.Count(ctx, "rung_settled", 1)
	return nil
}
