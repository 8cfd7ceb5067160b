// Package subscriptions calls back whoever asked for it: workflows that begin with a notice, and steps that wait for one.
//
// Who asks is answered by the app that faces the network, which writes a row and rings. Each notice becomes a row for every
// subscription that wants it, and is delivered from there, oldest first, under a lease; the row goes when the callback was answered.
// After a crash in between it is delivered again, under the same id. A callback that fails is tried again with growing pauses for
// a day, and is a dead letter then; one that is gone (404 or 410) ends its subscription. So a receiver that is down keeps nobody
// else waiting: not the event hub, not other receivers.
//
// Addresses of callbacks are secrets. They are in the rows of subscriptions and nowhere else.
package subscriptions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"rekey/shared/fault"
	"rekey/shared/store"
	"rekey/shared/subscription"
)

// Store reads and writes subscriptions, and how it goes with delivering to them.
type Store struct {
	Subscriptions store.Table
	Deliveries    store.Table
}

// stored is a subscription and the version of its row.
type stored struct {
	subscription.Subscription
	tag string
}

// get returns a subscription, or an error of kind fault.NotFound.
func (s Store) get(ctx context.Context, id string) (stored, error) {
	if id == "" || len(id) > store.MaxKey {
		return stored{}, fault.Errorf(fault.NotFound, "reading subscription %.80q: there is none", id)
	}
	row, err := s.Subscriptions.Get(ctx, subscription.Partition, id)
	if err != nil {
		return stored{}, fmt.Errorf("reading subscription %s: %w", id, err)
	}
	return decode(row)
}

func decode(row store.Row) (stored, error) {
	x := stored{tag: row.ETag}
	if json.Unmarshal(row.Data, &x.Subscription) != nil { // the text of its error could quote the address
		return x, fault.Errorf(fault.Denied, "reading subscription %s: the row is not one of a subscription", row.Key)
	}
	return x, x.Readable()
}

func (s Store) put(ctx context.Context, x stored) error {
	data, err := json.Marshal(x.Subscription)
	if err != nil {
		return err
	}
	_, err = s.Subscriptions.Put(ctx, store.Row{Partition: subscription.Partition, Key: x.ID, ETag: x.tag, Data: data})
	if err != nil {
		return fmt.Errorf("writing subscription %s: %w", x.ID, err)
	}
	return nil
}

func (s Store) remove(ctx context.Context, x stored) error {
	err := s.Subscriptions.Delete(ctx, store.Row{Partition: subscription.Partition, Key: x.ID, ETag: x.tag})
	if err != nil {
		return fmt.Errorf("removing subscription %s: %w", x.ID, err)
	}
	return nil
}

// page is how many rows are read at a time.
const page = 500

// all returns every subscription that can be read.
func (s Store) all(ctx context.Context) ([]stored, error) {
	var out []stored
	err := each(ctx, s.Subscriptions, subscription.Partition, func(row store.Row) error {
		if x, err := decode(row); err == nil { // one of a newer program is that program's
			out = append(out, x)
		}
		return nil
	})
	return out, err
}

// each calls fn for every row of a partition.
func each(ctx context.Context, t store.Table, partition string, fn func(store.Row) error) error {
	rows, err := store.All(ctx, t, partition)
	if err != nil {
		return fmt.Errorf("listing %s: %w", partition, err)
	}
	for _, row := range rows {
		if err := fn(row); err != nil {
			return err
		}
	}
	return nil
}

// partitionProgress is where it is kept how it goes.
const partitionProgress = "progress"

// progress is how it goes with a subscription, and the version of its row.
type progress struct {
	subscription.Progress
	id, tag string
}

func (s Store) progress(ctx context.Context, id string) (progress, error) {
	row, err := s.Deliveries.Get(ctx, partitionProgress, id)
	p := progress{id: id, tag: row.ETag}
	if errors.Is(err, fault.NotFound) {
		return p, nil
	}
	if err != nil {
		return p, fmt.Errorf("reading how it goes with subscription %s: %w", id, err)
	}
	if err := json.Unmarshal(row.Data, &p.Progress); err != nil {
		return p, fault.Errorf(fault.Denied, "reading how it goes with subscription %s: %v", id, err)
	}
	return p, nil
}

func (s Store) keep(ctx context.Context, p *progress) error {
	data, err := json.Marshal(p.Progress)
	if err != nil {
		return err
	}
	tag, err := s.Deliveries.Put(ctx, store.Row{Partition: partitionProgress, Key: p.id, ETag: p.tag, Data: data})
	if err != nil {
		return fmt.Errorf("noting how it goes with subscription %s: %w", p.id, err)
	}
	p.tag = tag
	return nil
}
