// Package sweep rings again for whatever made no progress: a lost, doubled or poisoned message only delays.
//
// It rings for triage of every principal whose newest detection its case does not know yet, and for every operation
// that should run and has not moved for a while. It also clears away suspicions that have ended. What time is left goes
// to the weekly look at everything the directory has: see package posture of handlers.
package sweep

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"rekey/handlers/cases"
	"rekey/handlers/findings"
	"rekey/handlers/suspects"
	"rekey/shared/detect"
	"rekey/shared/host/funchost"
	"rekey/shared/remedy"
	"rekey/shared/store"
)

// Config is what the handler works with.
type Config struct {
	Findings   findings.Store
	Cases      cases.Store
	Suspects   suspects.Store
	Operations store.Table
	Triage     store.Bell
	Evict      store.Bell
	Posture    func(context.Context) error // the weekly look at everything, some of it at a time; nil: there is none
	Quiet      time.Duration               // how long something may be without progress; default 2 minutes
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
	err := errors.Join(s.untriaged(ctx, now), s.stuck(ctx, now), s.Suspects.Expire(ctx, now))
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
		if d.Posture {
			continue // waits for a case, and opens none
		}
		if old, ok := held[d.ID]; (!ok || old.Bits < d.Bits || !old.Level.AtLeast(d.Level)) && now.Sub(d.Detected) > s.Quiet {
			return true, nil
		}
	}
	return false, nil
}

// stuck rings for operations that are due and have not moved, and for those that are watched.
func (s *Sweep) stuck(ctx context.Context, now time.Time) error {
	const batch = 200
	for from := ""; ; {
		rows, next, err := s.Operations.List(ctx, remedy.Partition, from, batch)
		if err != nil {
			return fmt.Errorf("listing operations: %w", err)
		}
		for _, row := range rows {
			var op remedy.Operation
			if err := json.Unmarshal(row.Data, &op); err != nil {
				return fmt.Errorf("reading operation %s: %w", row.Key, err)
			}
			if !op.Waits(s.Quiet, now) {
				continue
			}
			if err := s.Evict.Ring(ctx, op.ID); err != nil {
				return fmt.Errorf("ringing for operation %s: %w", op.ID, err)
			}
			funchost.Count(ctx, "rung_evict", 1)
		}
		if next == "" {
			return nil
		}
		from = next
	}
}
