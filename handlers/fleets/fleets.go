// Package fleets keeps the snapshots of what is usual over all principals, one a day, written once and never changed.
package fleets

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"rekey/shared/baseline"
	"rekey/shared/fault"
	"rekey/shared/store"
)

const partition = "fleet"

// Store reads and writes snapshots. Reads are cached for a while: a snapshot that appears a few minutes late only
// means that the day's first events are scored against the one before, which each detection cites.
type Store struct {
	Table store.Table
	Fresh time.Duration // how long the cache serves; 0 reads every time

	mu     sync.Mutex
	read   time.Time
	fleets []baseline.Fleet // oldest first
}

// keepDays is how many snapshots are read: events may be this late.
const keepDays = 14

// For returns the newest snapshot that may judge events of a day: it holds nothing of that day or later.
func (s *Store) For(ctx context.Context, day baseline.Day, now time.Time) (*baseline.Fleet, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.read.IsZero() || now.Sub(s.read) > s.Fresh {
		if err := s.load(ctx, now); err != nil {
			return nil, err
		}
	}
	for i := len(s.fleets) - 1; i >= 0; i-- {
		if s.fleets[i].ID <= day.String() {
			return &s.fleets[i], nil
		}
	}
	return baseline.PriorFleet(), nil
}

func (s *Store) load(ctx context.Context, now time.Time) error {
	from := (baseline.DayOf(now) - keepDays).String()
	rows, _, err := s.Table.List(ctx, partition, from, 10*keepDays)
	if err != nil {
		return fmt.Errorf("reading fleet snapshots: %w", err)
	}
	fleets := make([]baseline.Fleet, len(rows))
	for i, row := range rows {
		if err := fleets[i].UnmarshalBinary(row.Data); err != nil {
			return fmt.Errorf("reading fleet snapshot %s: %w", row.Key, err)
		}
	}
	s.fleets, s.read = fleets, now
	return nil
}

// Keep writes a snapshot unless the day has one.
func (s *Store) Keep(ctx context.Context, f *baseline.Fleet) error {
	data, err := f.AppendBinary(nil)
	if err != nil {
		return err
	}
	_, err = s.Table.Put(ctx, store.Row{Partition: partition, Key: f.ID, Data: data})
	if errors.Is(err, fault.Conflict) {
		return nil
	}
	return err
}

// Has reports whether a day has its snapshot.
func (s *Store) Has(ctx context.Context, day baseline.Day) (bool, error) {
	_, err := s.Table.Get(ctx, partition, day.String())
	if errors.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil, err
}
