package subscriptions

import (
	"context"
	"errors"
	"fmt"

	"rekey/shared/host/funchost"
	"rekey/shared/store"
)

// Missed rings for what waits although it is time: a ring was lost, a pause is over, or an instance died.
func (d *Deliverer) Missed(ctx context.Context) error {
	all, err := d.all(ctx)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	var errs []error
	for _, x := range all {
		known[x.ID] = true
		due, err := d.due(ctx, x)
		if err == nil && due {
			err = d.ring(ctx, x.ID)
		}
		errs = append(errs, err)
	}
	// What is left of one that was removed is cleared away.
	err = each(ctx, d.Deliveries, partitionProgress, func(row store.Row) error {
		if known[row.Key] {
			return nil
		}
		return d.ring(ctx, row.Key)
	})
	return errors.Join(append(errs, err)...)
}

func (d *Deliverer) ring(ctx context.Context, id string) error {
	if err := d.Bell.Ring(ctx, id); err != nil {
		return fmt.Errorf("ringing for subscription %s: %w", id, err)
	}
	funchost.Count(ctx, "rung_deliver", 1)
	return nil
}

func (d *Deliverer) due(ctx context.Context, x stored) (bool, error) {
	p, err := d.progress(ctx, x.ID)
	if err != nil {
		return false, err
	}
	now := d.Now()
	p.Progress = p.Of(x.Subscription)
	switch {
	case now.Before(p.Lease.Until) && p.Lease.Owner != "":
		return false, nil
	case x.Expired(now), x.Once && !p.Caught, x.Resend.After(p.Resent), !p.Ended.IsZero() && now.Sub(p.Ended) > kept:
		return true, nil
	case p.Resting(now):
		return false, nil
	}
	list, _, err := d.pending(ctx, x.ID, 1)
	return len(list) > 0, err
}
