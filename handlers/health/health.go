// Package health keeps the memory of which logs arrive: one row a hub, to which every process adds what it saw.
//
// It is written at most once a minute by each process and hub, whatever the number of batches. What waits for the next
// minute is lost when the process ends, and that matters little: the first record of the next hour, or of any other
// process, says the same again.
package health

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"rekey/shared/fault"
	"rekey/shared/store"
	"rekey/shared/streams"
)

const partition = "health"

// Store reads and writes the memory. It may be used by many goroutines.
type Store struct {
	Table store.Table
	Every time.Duration // the shortest time between two writes of a hub; default one minute

	mu   sync.Mutex
	hubs map[string]*pending
}

// pending is what one hub brought since the last write.
type pending struct {
	memory *streams.Memory
	wrote  time.Time
}

// Add takes what a batch of a hub brought, and writes it when the time has come. After an error nothing is lost: it is
// tried again with a later batch.
func (s *Store) Add(ctx context.Context, hub string, m *streams.Memory, now time.Time) error {
	due := s.take(hub, m, now)
	if due == nil {
		return nil
	}
	if err := s.write(ctx, hub, due); err != nil {
		s.giveBack(hub, due)
		return fmt.Errorf("writing which logs arrive at %s: %w", hub, err)
	}
	return nil
}

// take adds the batch's memory to the hub's and returns all of it when it is to be written.
func (s *Store) take(hub string, m *streams.Memory, now time.Time) *streams.Memory {
	every := s.Every
	if every == 0 {
		every = time.Minute
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.hubs[hub]
	if p == nil {
		if s.hubs == nil {
			s.hubs = map[string]*pending{}
		}
		p = &pending{memory: &streams.Memory{}}
		s.hubs[hub] = p
	}
	p.memory.Merge(m)
	if p.memory.Empty() || now.Sub(p.wrote) < every {
		return nil
	}
	due := p.memory
	p.memory, p.wrote = &streams.Memory{}, now
	return due
}

func (s *Store) giveBack(hub string, m *streams.Memory) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hubs[hub].memory.Merge(m)
}

// maxRaces is how many lost races a writer takes before it leaves it to the next minute.
const maxRaces = 4

func (s *Store) write(ctx context.Context, hub string, m *streams.Memory) (err error) {
	for range maxRaces {
		if err = s.try(ctx, hub, m); !errors.Is(err, fault.Conflict) {
			return err
		}
	}
	return err
}

func (s *Store) try(ctx context.Context, hub string, m *streams.Memory) error {
	row, err := s.Table.Get(ctx, partition, hub)
	if errors.Is(err, fault.NotFound) {
		row, err = store.Row{Partition: partition, Key: hub}, nil
	}
	if err != nil {
		return err
	}
	var all streams.Memory
	if row.Data != nil {
		if err := all.UnmarshalBinary(row.Data); err != nil {
			return err
		}
	}
	all.Merge(m)
	data, err := all.MarshalBinary()
	if err != nil || bytes.Equal(data, row.Data) {
		return err
	}
	row.Data = data
	_, err = s.Table.Put(ctx, row)
	return err
}

// maxHubs bounds the rows that are read.
const maxHubs = 100

// Load returns what all hubs brought.
func (s *Store) Load(ctx context.Context) (*streams.Memory, error) {
	rows, _, err := s.Table.List(ctx, partition, "", maxHubs)
	if err != nil {
		return nil, fmt.Errorf("reading which logs arrive: %w", err)
	}
	all := &streams.Memory{}
	for _, row := range rows {
		var m streams.Memory
		if err := m.UnmarshalBinary(row.Data); err != nil {
			return nil, fmt.Errorf("reading which logs arrive at %s: %w", row.Key, err)
		}
		all.Merge(&m)
	}
	return all, nil
}
