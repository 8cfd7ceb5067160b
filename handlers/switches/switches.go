// Package switches keeps what stops Rekey: the kill switch, and when parked messages were sent again. People write it, the
// respond app reads it before everything it changes.
//
// The kill switch is one row, so that setting it is one write that nothing can delay. Who set it, when and why stands in
// the row and, for good, in the ledger "brakes".
package switches

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
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
	off       = "off"
	replays   = "replay"
)

// Kill is the kill switch.
type Kill struct {
	On   bool      `json:"on"`
	By   string    `json:"by,omitempty"`
	Why  string    `json:"why,omitempty"`
	Time time.Time `json:"time,omitzero"`
}

// Kill reads the kill switch. Whatever stands in the row and is not "off" stops: a row that somebody wrote by hand in a
// hurry stops, too.
func (s Store) Kill(ctx context.Context) (Kill, error) {
	row, err := s.Table.Get(ctx, partition, kill)
	if errors.Is(err, fault.NotFound) {
		return Kill{}, nil
	}
	if err != nil {
		return Kill{}, fmt.Errorf("reading the kill switch: %w", err)
	}
	k := Kill{Why: string(row.Data)}
	if string(row.Data) == off {
		return Kill{}, nil
	}
	if err := json.Unmarshal(row.Data, &k); err != nil {
		k = Kill{Why: string(row.Data)}
	}
	k.On = true
	return k, nil
}

// Stop sets the kill switch, first of all, and then writes down who did. Setting it again changes the reason.
func (s Store) Stop(ctx context.Context, k Kill) error {
	if strings.TrimSpace(k.By) == "" || strings.TrimSpace(k.Why) == "" {
		return fault.Errorf(fault.Denied, "stopping: say who you are and why (--by, --why)")
	}
	k.On, k.Time = true, k.Time.UTC()
	data, err := json.Marshal(k)
	if err != nil {
		return err
	}
	if err := s.set(ctx, data); err != nil {
		return fmt.Errorf("setting the kill switch: %w", err)
	}
	return s.note(ctx, ledger.Entry{Time: k.Time, Actor: k.By, Text: "stopped everything: " + k.Why})
}

// Resume lets Rekey go on. It is written down first: without a record nothing is let loose.
func (s Store) Resume(ctx context.Context, k Kill) error {
	if strings.TrimSpace(k.By) == "" {
		return fault.Errorf(fault.Denied, "resuming: say who you are (--by)")
	}
	if err := s.note(ctx, ledger.Entry{Time: k.Time, Actor: k.By, Text: strings.TrimSuffix("let everything go on: "+k.Why, ": ")}); err != nil {
		return err
	}
	if err := s.set(ctx, []byte(off)); err != nil {
		return fmt.Errorf("taking back the kill switch: %w", err)
	}
	return nil
}

const races = 8

func (s Store) set(ctx context.Context, data []byte) error {
	return s.put(ctx, store.Row{Partition: partition, Key: kill, Data: data})
}

// put writes a row whatever is there.
func (s Store) put(ctx context.Context, row store.Row) error {
	for range races {
		old, err := s.Table.Get(ctx, row.Partition, row.Key)
		if err != nil && !errors.Is(err, fault.NotFound) {
			return err
		}
		row.ETag = old.ETag
		if _, err = s.Table.Put(ctx, row); !errors.Is(err, fault.Conflict) {
			return err
		}
	}
	return fault.Errorf(fault.Transient, "writing row %s: others write it, too; try again", row.Key)
}

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
