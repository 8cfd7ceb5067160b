// Package operations keeps the journals of operations, one row each. Triage opens them, evict carries them out under a
// lease, people approve, reject and cancel them, and sweep looks which of them stand still: all through this one place, so
// that a journal of a newer program is refused by all of them alike.
package operations

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"rekey/shared/fault"
	"rekey/shared/notice"
	"rekey/shared/remedy"
	"rekey/shared/store"
)

// Store reads and writes operations.
type Store struct {
	Table   store.Table
	Publish store.Bell // rung when an operation is in another state; nil: nobody is told
}

// Stored is an operation and the version of its row that was read; the zero Tag is of one that is not stored yet.
type Stored struct {
	remedy.Operation
	Tag string `json:"-"`
}

// Get returns an operation. Errors: fault.NotFound; fault.Denied for a journal that this program cannot work with.
func (s Store) Get(ctx context.Context, id string) (Stored, error) {
	if id == "" || len(id) > store.MaxKey {
		return Stored{}, fault.Errorf(fault.NotFound, "reading operation %.80q: there is none", id)
	}
	row, err := s.Table.Get(ctx, remedy.Partition, id)
	if err != nil {
		return Stored{}, fmt.Errorf("reading operation %s: %w", id, err)
	}
	return decode(row)
}

func decode(row store.Row) (Stored, error) {
	o := Stored{Tag: row.ETag}
	if err := json.Unmarshal(row.Data, &o.Operation); err != nil {
		return o, fault.Unreadable("reading operation %s: %v", row.Key, err)
	}
	return o, o.Readable()
}

// Put writes an operation over the version that was read and leaves the new version in it. An error of kind
// fault.Conflict says that somebody else wrote it meanwhile.
func (s Store) Put(ctx context.Context, o *Stored) error {
	next := o.Operation
	moved := false
	next.Moves, moved = next.Track()
	data, err := json.Marshal(next)
	if err != nil {
		return err
	}
	if o.Tag == "" {
		if err := s.index(ctx, o.Operation); err != nil {
			return err
		}
	}
	tag, err := s.Table.Put(ctx, store.Row{Partition: remedy.Partition, Key: o.ID, ETag: o.Tag, Data: data})
	if err != nil {
		return fmt.Errorf("writing operation %s: %w", o.ID, err)
	}
	o.Tag, o.Moves = tag, next.Moves
	if moved {
		store.Nudge(ctx, s.Publish, notice.Operations+o.ID)
	}
	return nil
}

// races is how often a change is tried when others write the same row.
const races = 8

// Change reads an operation, changes it, and writes it. When somebody else wrote it meanwhile the change is made again on
// what is there then; it must have no other effect. It returns the operation as written.
func (s Store) Change(ctx context.Context, id string, change func(*remedy.Operation) error) (remedy.Operation, error) {
	for range races {
		o, err := s.Get(ctx, id)
		if err != nil {
			return o.Operation, err
		}
		if err := change(&o.Operation); err != nil {
			return o.Operation, err
		}
		if err = s.Put(ctx, &o); err == nil || !errors.Is(err, fault.Conflict) {
			return o.Operation, err
		}
	}
	return remedy.Operation{}, fault.Errorf(fault.Transient, "changing operation %s: others write it, too; try again", id)
}

// Each calls fn for every operation, in the order of their ids, until it returns an error. A journal that cannot be read
// is passed with the error of Get, so that one does not hide the others.
func (s Store) Each(ctx context.Context, fn func(Stored, error) error) error {
	const page = 200
	for from := ""; ; {
		rows, next, err := s.Table.List(ctx, remedy.Partition, from, page)
		if err != nil {
			return fmt.Errorf("listing operations: %w", err)
		}
		for _, row := range rows {
			o, err := decode(row)
			if err != nil {
				o.ID = row.Key
			}
			if err := fn(o, err); err != nil {
				return err
			}
		}
		if next == "" {
			return nil
		}
		from = next
	}
}

// Undos returns the operations that take another one back, in the order of their ids.
func (s Store) Undos(ctx context.Context, id string) ([]remedy.Operation, error) {
	const few = 50
	prefix := remedy.UndoPrefix(id)
	rows, _, err := s.Table.List(ctx, remedy.Partition, prefix, few)
	if err != nil {
		return nil, fmt.Errorf("listing the undos of %s: %w", id, err)
	}
	var out []remedy.Operation
	for _, row := range rows {
		if !strings.HasPrefix(row.Key, prefix) {
			break
		}
		o, err := decode(row)
		if err != nil {
			return nil, err
		}
		out = append(out, o.Operation)
	}
	return out, nil
}

// List returns the operations in a state, or all for "", the newest first. Those that could be read are returned beside the
// error of one that could not.
func (s Store) List(ctx context.Context, state remedy.State) ([]remedy.Operation, error) {
	var out []remedy.Operation
	var bad []error
	err := s.Each(ctx, func(o Stored, err error) error {
		if err != nil {
			bad = append(bad, err)
		} else if state == "" || o.State == state {
			out = append(out, o.Operation)
		}
		return nil
	})
	slices.SortStableFunc(out, func(a, b remedy.Operation) int { return b.Opened.Compare(a.Opened) })
	return out, errors.Join(append(bad, err)...)
}
