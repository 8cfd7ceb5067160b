// Package cases keeps the cases that triage builds.
package cases

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"rekey/shared/casefile"
	"rekey/shared/fault"
	"rekey/shared/store"
)

// Store reads and writes cases, one row each in the principal's partition. What else the principal is known by (its
// application, "app:" and its id) has a partition with one row that refers to it.
type Store struct {
	Table store.Table
	Index store.Table // see index.go; nil: nobody lists cases
}

// Join gives a case the id of an earlier one of the same principal whose window it overlaps, so that later evidence
// joins it even after its first detection has aged away. What is found after a case was closed begins a new one: what was
// done about the closed one is done.
func (s Store) Join(ctx context.Context, c casefile.Case) (casefile.Case, error) {
	earlier, err := s.Of(ctx, c.Principal.Key())
	if err != nil {
		return c, err
	}
	for _, old := range earlier {
		if old.ID == c.ID || !old.Window.To.Before(c.Window.From) && (c.Closed() || !old.Closed()) {
			c.ID, c.Opened = old.ID, old.Opened
			return c, nil
		}
	}
	return c, nil
}

// Get returns one case, or an error of kind fault.NotFound.
func (s Store) Get(ctx context.Context, principal, id string) (casefile.Case, error) {
	row, err := s.Table.Get(ctx, principal, id)
	if err != nil {
		return casefile.Case{}, fmt.Errorf("reading case %s: %w", id, err)
	}
	return decode(row)
}

// reference is the key of the row that says under which principal the cases of another key are kept.
const reference = "kept-under"

// Of returns the cases of a principal, by any of its keys.
func (s Store) Of(ctx context.Context, principal string) ([]casefile.Case, error) {
	rows, err := store.All(ctx, s.Table, principal)
	if err == nil && len(rows) == 1 && rows[0].Key == reference {
		rows, err = store.All(ctx, s.Table, string(rows[0].Data))
	}
	if err != nil {
		return nil, fmt.Errorf("reading cases of %s: %w", principal, err)
	}
	rows = slices.DeleteFunc(rows, func(r store.Row) bool { return r.Key == reference })
	out := make([]casefile.Case, len(rows))
	for i, row := range rows {
		if out[i], err = decode(row); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func decode(row store.Row) (casefile.Case, error) {
	var c casefile.Case
	if err := json.Unmarshal(row.Data, &c); err != nil {
		return c, fault.Errorf(fault.Denied, "decoding stored case %s: %v", row.Key, err)
	}
	return c, nil
}

// Keep writes the case if anything but the time of writing changed, and makes it findable by the principal's other keys.
// Whoever loses a race built the case from older state and need not repeat it.
func (s Store) Keep(ctx context.Context, c casefile.Case, keys ...string) error {
	for _, key := range keys {
		if err := s.refer(ctx, key, c.Principal.Key()); err != nil {
			return err
		}
	}
	before, err := s.keep(ctx, c)
	if err != nil || s.Index == nil {
		return err
	}
	return s.index(ctx, c, before)
}

// refer makes the cases of a principal findable by another of its keys.
func (s Store) refer(ctx context.Context, from, to string) error {
	if from == to {
		return nil
	}
	_, err := s.Table.Put(ctx, store.Row{Partition: from, Key: reference, Data: []byte(to)})
	if err != nil && !errors.Is(err, fault.Conflict) { // a conflict: it refers already
		return fmt.Errorf("referring from %s to case of %s: %w", from, to, err)
	}
	return nil
}

// keep writes the case and returns what was stored before, or nil.
func (s Store) keep(ctx context.Context, c casefile.Case) (*casefile.Case, error) {
	var before *casefile.Case
	row, err := s.Table.Get(ctx, c.Principal.Key(), c.ID)
	switch {
	case errors.Is(err, fault.NotFound):
		row = store.Row{Partition: c.Principal.Key(), Key: c.ID}
	case err != nil:
		return nil, fmt.Errorf("reading case %s: %w", c.ID, err)
	default:
		old, err := decode(row)
		if err != nil {
			return nil, err
		}
		before = &old
		same := old
		if same.Updated = c.Updated; reflect.DeepEqual(same, c) {
			return before, nil
		}
	}
	if row.Data, err = json.Marshal(c); err != nil {
		return nil, err
	}
	if _, err = s.Table.Put(ctx, row); err != nil {
		return nil, fmt.Errorf("writing case %s: %w", c.ID, err)
	}
	return before, nil
}

// All returns every case, in no order.
func (s Store) All(ctx context.Context) ([]casefile.Case, error) {
	var out []casefile.Case
	var bad error
	err := s.Table.Scan(ctx, func(row store.Row) bool {
		if row.Key == reference {
			return true
		}
		var c casefile.Case
		if c, bad = decode(row); bad == nil {
			out = append(out, c)
		}
		return bad == nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing cases: %w", err)
	}
	return out, bad
}
