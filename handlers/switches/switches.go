// Package switches keeps what stops Rekey: the kill switch, and when parked messages were sent again. People write it, the
// respond app reads it before everything it changes.
//
// The kill switch (kill.go) is one row, so that setting it is one write that nothing can delay. Who set it, when and why
// stands in the row and, for good, in the ledger "brakes".
package switches

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"rekey/shared/decide"
	"rekey/shared/fault"
	"rekey/shared/ledger"
	"rekey/shared/store"
)

// Store reads and writes switches. Ledger may be nil for who only reads.
type Store struct {
	Table  store.Table
	Ledger store.Blobs
}

// Record is the name of the ledger in which it stands who stopped Rekey and let it go on.
const Record = "brakes"

const (
	partition = "switch"
	kill      = "kill"
	replays   = "replay"
)

const races = 8

func (s Store) note(ctx context.Context, e ledger.Entry) error {
	if s.Ledger == nil {
		return nil
	}
	e.Kind = ledger.Note
	return ledger.Write(ctx, s.Ledger, Record, e)
}

// remembered is for how long it matters that something was sent again.
const remembered = 24 * time.Hour

// Replayed notes that parked messages of a hub are sent again from a moment on, before the first is: what they show is not
// acted on alone.
func (s Store) Replayed(ctx context.Context, r decide.Replay) error {
	r.From = r.From.UTC()
	for range races {
		row, old, err := s.replaysOf(ctx, r.Hub)
		if err != nil {
			return err
		}
		old = slices.DeleteFunc(old, func(o decide.Replay) bool { return r.From.Sub(o.From) > remembered })
		if row.Data, err = json.Marshal(append(old, r)); err != nil {
			return err
		}
		if _, err = s.Table.Put(ctx, row); err == nil {
			return nil
		}
		if !errors.Is(err, fault.Conflict) {
			return fmt.Errorf("noting that %s is sent again: %w", r.Hub, err)
		}
	}
	return fault.Errorf(fault.Transient, "noting that %s is sent again: others do, too; try again", r.Hub)
}

func (s Store) replaysOf(ctx context.Context, hub string) (store.Row, []decide.Replay, error) {
	row, err := s.Table.Get(ctx, replays, hub)
	if errors.Is(err, fault.NotFound) {
		return store.Row{Partition: replays, Key: hub}, nil, nil
	}
	if err != nil {
		return row, nil, fmt.Errorf("reading when %s was sent again: %w", hub, err)
	}
	old, err := decode(row)
	return row, old, err
}

func decode(row store.Row) ([]decide.Replay, error) {
	var out []decide.Replay
	if err := json.Unmarshal(row.Data, &out); err != nil {
		return nil, fault.Errorf(fault.Denied, "decoding when %s was sent again: %v", row.Key, err)
	}
	return out, nil
}

// Replays returns when parked messages were sent again lately.
func (s Store) Replays(ctx context.Context) ([]decide.Replay, error) {
	rows, err := store.All(ctx, s.Table, replays)
	if err != nil {
		return nil, fmt.Errorf("reading what was sent again: %w", err)
	}
	var out []decide.Replay
	for _, row := range rows {
		of, err := decode(row)
		if err != nil {
			return nil, err
		}
		out = append(out, of...)
	}
	return out, nil
}
