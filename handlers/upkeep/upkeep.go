// Package upkeep is the daily housekeeping of the detect app: it folds rows that writers made for themselves, removes
// what has expired (the one place where facts are removed, by date), and makes the day's fleet snapshot.
//
// It runs on a timer more often than daily; each part does nothing when there is nothing to do, and any part may be
// cut off and run again.
package upkeep

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"rekey/handlers/fleets"
	"rekey/handlers/principals"
	"rekey/shared/baseline"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/store"
)

// Config is what the handler works with.
type Config struct {
	Principals principals.Store
	Fleets     *fleets.Store
	Now        func() time.Time
}

// Upkeep is the handler.
type Upkeep struct{ Config }

// New makes the handler.
func New(c Config) *Upkeep { return &Upkeep{c} }

// Handle does what is due.
func (u *Upkeep) Handle(ctx context.Context, _ funchost.Tick) error {
	now := u.Now()
	if err := u.fold(ctx, now); err != nil {
		return err
	}
	return u.snapshot(ctx, baseline.DayOf(now))
}

// fold visits the principals that have lanes or that have expired.
func (u *Upkeep) fold(ctx context.Context, now time.Time) error {
	due := map[string]bool{}
	err := u.Principals.Table.Scan(ctx, func(row store.Row) bool {
		if strings.Contains(row.Key, "~") || expired(row, baseline.DayOf(now)) {
			due[row.Partition] = true
		}
		return true
	})
	if err != nil {
		return fmt.Errorf("looking for lanes: %w", err)
	}
	forget := func(s *principals.State) {
		if s.Profile.Expired(baseline.DayOf(now)) {
			s.Profile = baseline.Profile{}
		}
		s.Evidence.Forget(now.AddDate(0, 0, -baseline.Window))
	}
	for key := range due {
		err := u.Principals.Fold(ctx, key, forget)
		if err != nil && !errors.Is(err, fault.Conflict) { // a conflict: it is busy, the next run folds it
			return err
		}
		funchost.Count(ctx, "folded", 1)
	}
	return nil
}

// expired reports whether a row is a profile with nothing left that matters, and something to remove.
func expired(row store.Row, day baseline.Day) bool {
	var p baseline.Profile
	if row.Key != "baseline" || p.UnmarshalBinary(row.Data) != nil {
		return false
	}
	_, used := p.LastSeen()
	return used && p.Expired(day)
}

// snapshot makes the fleet of a day from all profiles, once.
func (u *Upkeep) snapshot(ctx context.Context, day baseline.Day) error {
	done, err := u.Fleets.Has(ctx, day)
	if done || err != nil {
		return err
	}
	fold := baseline.NewFold(day)
	err = u.Principals.Table.Scan(ctx, func(row store.Row) bool {
		var p baseline.Profile
		if row.Key == "baseline" && p.UnmarshalBinary(row.Data) == nil {
			fold.Add(&p)
		}
		return true
	})
	if err != nil {
		return fmt.Errorf("folding fleet %s: %w", day, err)
	}
	fleet := fold.Fleet()
	funchost.Count(ctx, "fleet_principals", int64(fleet.Principals))
	if fleet.Principals == 0 {
		return nil // nothing learned yet: the day's snapshot can still be made
	}
	return u.Fleets.Keep(ctx, fleet)
}
