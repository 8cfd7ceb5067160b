// Package upkeep is the daily housekeeping of the detect app: it folds rows that writers made for themselves, removes
// what has expired (the one place where facts are removed, by date), makes the day's fleet snapshot, and looks once more
// at the detections of closed days, which are raised by what only the day after tells. It also tells which logs have
// fallen silent, since no record does.
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

	"rekey/handlers/findings"
	"rekey/handlers/fleets"
	"rekey/handlers/health"
	"rekey/handlers/principals"
	"rekey/shared/baseline"
	"rekey/shared/exposure"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/score"
	"rekey/shared/store"
	"rekey/shared/trail"
	"rekey/shared/watch"
)

// Config is what the handler works with.
type Config struct {
	Principals principals.Store
	Fleets     *fleets.Store
	Findings   findings.Store
	Health     *health.Store // which logs arrive; nil: nobody knows
	Tenant     string        // the tenant's id, in lower case
	Triage     store.Bell
	Now        func() time.Time
}

// Upkeep is the handler.
type Upkeep struct{ Config }

// New makes the handler.
func New(c Config) *Upkeep { return &Upkeep{c} }

// Handle does what is due.
func (u *Upkeep) Handle(ctx context.Context, _ funchost.Tick) error {
	now := u.Now()
	return errors.Join(u.silent(ctx, now), u.keepHouse(ctx, now))
}

func (u *Upkeep) keepHouse(ctx context.Context, now time.Time) error {
	if err := u.fold(ctx, now); err != nil {
		return err
	}
	if err := u.snapshot(ctx, baseline.DayOf(now)); err != nil {
		return err
	}
	return u.late(ctx, now)
}

// silent tells which logs have fallen silent, once a day each.
func (u *Upkeep) silent(ctx context.Context, now time.Time) error {
	if u.Health == nil {
		return nil
	}
	m, err := u.Health.Load(ctx)
	if err != nil {
		return err
	}
	ring := false
	for _, d := range m.Health(now).Detections(u.Tenant) {
		changed, err := u.Findings.Keep(ctx, d, now)
		if err != nil {
			return err
		}
		if changed {
			funchost.Count(ctx, "silent_streams", 1)
		}
		ring = ring || changed
	}
	if !ring {
		return nil
	}
	if err := u.Triage.Ring(ctx, u.Tenant); err != nil {
		return fmt.Errorf("ringing for triage of the tenant: %w", err)
	}
	return nil
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
		s.Exposure.Forget(keptSince(baseline.DayOf(now), exposure.Keep))
		s.Trail.Forget(keptSince(baseline.DayOf(now), trail.Keep))
		s.Visits.Forget(now.AddDate(0, 0, -baseline.Window))
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

// keptSince is the day before which what was read or changed is forgotten.
func keptSince(day, keep baseline.Day) baseline.Day { return day - min(day, keep) }

// expired reports whether a row is a profile with nothing left that matters, and something to remove, or holds reads or
// changes that are too old.
func expired(row store.Row, day baseline.Day) bool {
	switch row.Key {
	case "exposure":
		var x exposure.Index
		return x.UnmarshalBinary(row.Data) == nil && x.Outdated(keptSince(day, exposure.Keep))
	case "trail":
		var x trail.Trail
		return x.UnmarshalBinary(row.Data) == nil && x.Outdated(keptSince(day, trail.Keep))
	}
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

// lateDays is for how many days a detection may still be raised by what comes after it.
const lateDays = 3

// late looks again at the detections of the last days: whether the known network of the principal went on working
// beside the new one is known only afterwards.
func (u *Upkeep) late(ctx context.Context, now time.Time) error {
	recent, err := u.Findings.PrincipalsSince(ctx, now.AddDate(0, 0, -lateDays))
	if err != nil {
		return err
	}
	for _, key := range recent {
		raised, err := u.raise(ctx, key, now)
		if err != nil {
			return err
		}
		if raised == 0 {
			continue
		}
		funchost.Count(ctx, "raised", raised)
		if err := u.Triage.Ring(ctx, key); err != nil {
			return fmt.Errorf("ringing for triage of %s: %w", key, err)
		}
	}
	return nil
}

// raise looks again at one principal's detections of the last days and returns how many were raised.
func (u *Upkeep) raise(ctx context.Context, key string, now time.Time) (raised int64, err error) {
	detections, err := u.Findings.Of(ctx, key)
	if err != nil {
		return 0, err
	}
	state, err := u.Principals.Load(ctx, key)
	if err != nil {
		return 0, err
	}
	for _, d := range detections {
		day, err := baseline.ParseDay(d.Day)
		if err != nil || watch.Settled(day, now) {
			continue // a day that is no day is nothing of ours
		}
		fleet, err := u.Fleets.For(ctx, day, now)
		if err != nil {
			return raised, err
		}
		d, ok := watch.Late(d, score.NewModel(fleet), state.Profile.Before(day))
		if !ok {
			continue
		}
		changed, err := u.Findings.Keep(ctx, d, now)
		if err != nil {
			return raised, err
		}
		if changed {
			raised++
		}
	}
	return raised, nil
}
