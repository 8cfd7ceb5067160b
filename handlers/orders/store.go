// Package orders keeps what people asked for, and carries it out on the side that may.
//
// Whoever faces the network writes an order and rings; what it says is decided again where it is carried out. Every
// change goes the same way: the row says that an attempt began, the ledger notes the intent and who asked, the change is
// made, the ledger notes the result, the row says what is done. Without the first ledger entry nothing is changed.
package orders

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/order"
	"rekey/shared/store"
)

// pending is the partition of the marks of orders that are due.
const pending = "pending"

// Store reads and writes orders.
type Store struct {
	Table store.Table
	Bell  store.Bell // rung for a new order; nil: sweep rings
}

// Open writes an order and rings for it. An order that was sent before is returned as it stands now; one of the same key
// that asks for something else is an error of kind fault.Conflict.
func (s Store) Open(ctx context.Context, o order.Order) (order.Order, error) {
	data, err := json.Marshal(o)
	if err != nil {
		return o, err
	}
	_, err = s.Table.Put(ctx, store.Row{Partition: order.Partition, Key: o.ID, Data: data})
	if errors.Is(err, fault.Conflict) {
		return s.again(ctx, o)
	}
	if err != nil {
		return o, fmt.Errorf("writing order %s: %w", o.ID, err)
	}
	if err := s.mark(ctx, o.ID); err != nil {
		return o, err
	}
	if s.Bell != nil && s.Bell.Ring(ctx, o.ID) != nil {
		funchost.Note(ctx, "not_rung", o.ID) // the order is written: sweep rings for it
	}
	return o, nil
}

func (s Store) again(ctx context.Context, o order.Order) (order.Order, error) {
	old, err := s.Get(ctx, o.ID)
	if err == nil && !old.Same(o) {
		err = fault.Errorf(fault.Conflict, "the key of this order was used for another one, %s: choose a new key", o.ID)
	}
	if err == nil && old.Due() { // whoever wrote it may have been interrupted before it was marked
		err = s.mark(ctx, o.ID)
	}
	return old, err
}

// Get returns an order, or an error of kind fault.NotFound.
func (s Store) Get(ctx context.Context, id string) (order.Order, error) {
	row, err := s.Table.Get(ctx, order.Partition, id)
	if err != nil {
		return order.Order{}, fmt.Errorf("reading order %.80s: %w", id, err)
	}
	return decode(row)
}

func decode(row store.Row) (order.Order, error) {
	var o order.Order
	if err := json.Unmarshal(row.Data, &o); err != nil {
		return o, fault.Unreadable("reading order %s: %v", row.Key, err)
	}
	return o, o.Readable()
}

// Stuck returns the orders that are due and have not moved since a time, beside the errors of those that cannot be read. It
// looks at the marks only: orders are kept for good.
func (s Store) Stuck(ctx context.Context, since time.Time) ([]string, error) {
	const batch = 200
	var out []string
	var bad []error
	for from := ""; ; {
		marks, next, err := s.Table.List(ctx, pending, from, batch)
		if err != nil {
			return out, errors.Join(append(bad, fmt.Errorf("listing orders: %w", err))...)
		}
		for _, mark := range marks {
			o, err := s.Get(ctx, mark.Key)
			switch {
			case errors.Is(err, fault.NotFound), err == nil && !o.Due():
				err = s.Table.Delete(ctx, mark) // whoever ended it was interrupted
			case err == nil && o.Updated.Before(since):
				out = append(out, o.ID)
			}
			if err != nil {
				bad = append(bad, err)
			}
		}
		if from = next; from == "" {
			return out, errors.Join(bad...)
		}
	}
}

// mark notes that an order is due, before anybody is told that it is kept.
func (s Store) mark(ctx context.Context, id string) error {
	_, err := s.Table.Put(ctx, store.Row{Partition: pending, Key: id, Data: []byte(id)})
	if err != nil && !errors.Is(err, fault.Conflict) {
		return fmt.Errorf("writing that order %s is due: %w", id, err)
	}
	return nil
}

// unmark takes the mark of an order that ended. If that fails, Stuck does.
func unmark(ctx context.Context, t store.Table, id string) {
	mark, err := t.Get(ctx, pending, id)
	if err == nil {
		err = t.Delete(ctx, mark)
	}
	if err != nil {
		funchost.Note(ctx, "mark_left", err.Error())
	}
}
