// Package verdicts keeps what people said about principals: orders that the face app writes and the respond app carries
// out. A verdict has a row in its principal's partition for good and, until it is carried out, one in a list that sweep
// looks at. The principal's row comes first: an order that got no further was not confirmed to the client, who repeats it.
package verdicts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"rekey/shared/fault"
	"rekey/shared/store"
	"rekey/shared/verdict"
)

const (
	of      = "of/" // and the principal's key, which a client chose
	pending = "pending"
)

// Store reads and writes verdicts. Without a table there are none.
type Store struct {
	Table store.Table
}

// Order keeps a verdict that is to be carried out.
func (s Store) Order(ctx context.Context, v verdict.Verdict) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	for _, row := range []store.Row{
		{Partition: of + v.Principal, Key: v.ID, Data: data},
		{Partition: pending, Key: v.ID + "-" + v.Principal, Data: []byte(v.Principal)},
	} {
		if _, err := s.Table.Put(ctx, row); err != nil && !errors.Is(err, fault.Conflict) {
			return fmt.Errorf("ordering %s of %s: %w", v.Kind, v.Principal, err)
		}
	}
	return nil
}

// Of returns the verdicts on a principal, the oldest first.
func (s Store) Of(ctx context.Context, principal string) ([]verdict.Verdict, error) {
	if s.Table == nil {
		return nil, nil
	}
	rows, err := store.All(ctx, s.Table, of+principal)
	if err != nil {
		return nil, fmt.Errorf("reading verdicts on %s: %w", principal, err)
	}
	out := make([]verdict.Verdict, len(rows))
	for i, row := range rows {
		if err := json.Unmarshal(row.Data, &out[i]); err != nil {
			return nil, fault.Errorf(fault.Denied, "decoding stored verdict %s: %v", row.Key, err)
		}
	}
	return out, nil
}

// Due returns the verdicts on a principal that are to be carried out, the oldest first. One that a newer program wrote is
// left to it.
func (s Store) Due(ctx context.Context, principal string) ([]verdict.Verdict, error) {
	all, err := s.Of(ctx, principal)
	return slices.DeleteFunc(all, func(v verdict.Verdict) bool { return !v.Done.IsZero() || v.Version > verdict.Version }), err
}

// Done notes that a verdict was carried out.
func (s Store) Done(ctx context.Context, v verdict.Verdict, note string, now time.Time) error {
	row, err := s.Table.Get(ctx, of+v.Principal, v.ID)
	if err != nil {
		return fmt.Errorf("closing verdict %s: %w", v.ID, err)
	}
	v.Done, v.Note = now.UTC(), note
	if row.Data, err = json.Marshal(v); err != nil {
		return err
	}
	if _, err := s.Table.Put(ctx, row); err != nil && !errors.Is(err, fault.Conflict) { // a conflict: somebody else carried it out
		return fmt.Errorf("closing verdict %s: %w", v.ID, err)
	}
	row, err = s.Table.Get(ctx, pending, v.ID+"-"+v.Principal)
	if err == nil {
		err = s.Table.Delete(ctx, row)
	}
	if err != nil && !errors.Is(err, fault.NotFound) {
		return fmt.Errorf("closing verdict %s: %w", v.ID, err)
	}
	return nil
}

// Pending returns the principals with verdicts given before a time that are not carried out, at most limit of them.
func (s Store) Pending(ctx context.Context, before time.Time, limit int) ([]string, error) {
	if s.Table == nil {
		return nil, nil
	}
	rows, _, err := s.Table.List(ctx, pending, "", limit)
	if err != nil {
		return nil, fmt.Errorf("listing verdicts that wait: %w", err)
	}
	var out []string
	for _, row := range rows {
		if row.Key < fmt.Sprintf("%016x", before.UnixMilli()) && !slices.Contains(out, string(row.Data)) {
			out = append(out, string(row.Data))
		}
	}
	return out, nil
}
