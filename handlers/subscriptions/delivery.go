package subscriptions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"rekey/shared/fault"
	"rekey/shared/notice"
	"rekey/shared/store"
)

// delivery is a notice for one subscription.
type delivery struct {
	ID      string          `json:"id"` // the notice's
	Type    string          `json:"type"`
	Subject string          `json:"subject"`
	Body    json.RawMessage `json:"body"`
	Since   time.Time       `json:"since"` // when it began to wait
	Died    time.Time       `json:"died,omitzero"`
	Why     string          `json:"why,omitempty"` // it was given up
	row     store.Row
}

func partitionPending(id string) string { return "pending/" + id }

func partitionDead(id string) string { return "dead/" + id }

// key puts what became so first before what came after it.
func key(n notice.Notice) string {
	return n.Time.UTC().Format("20060102T150405.000000000") + "-" + n.ID
}

// enqueue writes a notice down for a subscription. One that waits already stays as it is.
func (s Store) enqueue(ctx context.Context, id string, n notice.Notice, now time.Time) error {
	body, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("encoding notice %s: %w", n.ID, err)
	}
	data, err := json.Marshal(delivery{ID: n.ID, Type: n.Type, Subject: n.Subject, Body: body, Since: now})
	if err != nil {
		return err
	}
	_, err = s.Deliveries.Put(ctx, store.Row{Partition: partitionPending(id), Key: key(n), Data: data})
	if err != nil && !errors.Is(err, fault.Conflict) {
		return fmt.Errorf("writing notice %s down for subscription %s: %w", n.ID, id, err)
	}
	return nil
}

func (s Store) list(ctx context.Context, partition string, limit int) ([]delivery, bool, error) {
	rows, more, err := s.Deliveries.List(ctx, partition, "", limit)
	if err != nil {
		return nil, false, fmt.Errorf("listing %s: %w", partition, err)
	}
	out := make([]delivery, len(rows))
	for i, row := range rows {
		if out[i], err = open(row); err != nil {
			return nil, false, err
		}
	}
	return out, more != "", nil
}

func open(row store.Row) (delivery, error) {
	d := delivery{row: row}
	if err := json.Unmarshal(row.Data, &d); err != nil {
		return d, fault.Errorf(fault.Denied, "reading notice %s of %s: %v", row.Key, row.Partition, err)
	}
	return d, nil
}

// pending returns the oldest notices that wait, and whether there are more.
func (s Store) pending(ctx context.Context, id string, limit int) ([]delivery, bool, error) {
	return s.list(ctx, partitionPending(id), limit)
}

func (s Store) drop(ctx context.Context, d delivery) error {
	if err := s.Deliveries.Delete(ctx, d.row); err != nil {
		return fmt.Errorf("removing notice %s, which was delivered: %w", d.ID, err)
	}
	return nil
}

// move puts a notice into another partition: first there, then away from here, so that a crash loses nothing.
func (s Store) move(ctx context.Context, d delivery, partition string) error {
	data, err := json.Marshal(d)
	if err != nil {
		return err
	}
	_, err = s.Deliveries.Put(ctx, store.Row{Partition: partition, Key: d.row.Key, Data: data})
	if err != nil && !errors.Is(err, fault.Conflict) {
		return fmt.Errorf("moving notice %s to %s: %w", d.ID, partition, err)
	}
	return s.drop(ctx, d)
}

// bury makes a notice a dead letter.
func (s Store) bury(ctx context.Context, id string, d delivery, why string, now time.Time) error {
	d.Died, d.Why = now, why
	return s.move(ctx, d, partitionDead(id))
}

// clear removes everything that waits for a subscription, and its dead letters.
func (s Store) clear(ctx context.Context, id string) error {
	for _, partition := range []string{partitionPending(id), partitionDead(id)} {
		err := each(ctx, s.Deliveries, partition, func(row store.Row) error { return s.Deliveries.Delete(ctx, row) })
		if err != nil {
			return err
		}
	}
	row, err := s.Deliveries.Get(ctx, partitionProgress, id)
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading how it goes with subscription %s: %w", id, err)
	}
	return s.Deliveries.Delete(ctx, row)
}
