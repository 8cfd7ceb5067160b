package subscriptions

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/host/webhook"
	"rekey/shared/notice"
	"rekey/shared/store"
	"rekey/shared/subscription"
)

// Config is what callbacks are made with.
type Config struct {
	Store
	Hosts     []string          // that may be called
	Transport http.RoundTripper // webhook.Public, except on one's own machine
	// Moves are the notices of a remediation or rotation up to now, for who waits for it; none if there is no such.
	Moves  func(ctx context.Context, id string) ([]notice.Notice, error)
	Bell   store.Bell // of the queue deliver
	Owner  string     // this instance
	Logger *slog.Logger
	Now    func() time.Time
}

// Deliverer is the handler of the queue deliver.
type Deliverer struct{ Config }

// New makes the handler.
func New(c Config) *Deliverer { return &Deliverer{c} }

const (
	callTime  = 10 * time.Second // how long a callback may take: Logic Apps answers at once and works then
	workTime  = time.Minute      // how long one message may keep an instance
	leaseTerm = workTime + time.Minute
	some      = 50                  // notices that are read at a time
	kept      = 30 * 24 * time.Hour // how long one that ended stays to be looked at
)

// Handle delivers what waits for the subscription that a message names.
func (d *Deliverer) Handle(ctx context.Context, m funchost.Message) error {
	if !strings.HasPrefix(m.Text, "sub-") || len(m.Text) > 64 {
		return fault.Errorf(fault.Poison, "reading message: %.80q is not the id of a subscription", m.Text)
	}
	x, err := d.get(ctx, m.Text)
	if errors.Is(err, fault.NotFound) { // unsubscribed
		return d.clear(ctx, m.Text)
	}
	if err != nil {
		return err
	}
	p, err := d.progress(ctx, x.ID)
	if err != nil {
		return err
	}
	p.Progress = p.Of(x.Subscription)
	if !p.Acquire(d.Owner, d.Now(), leaseTerm) {
		return nil
	}
	if err := d.keep(ctx, &p); err != nil {
		if errors.Is(err, fault.Conflict) {
			return nil // another instance took it
		}
		return err
	}
	w := &work{Deliverer: d, x: x, p: &p}
	err = w.run(ctx)
	if w.gone {
		return err
	}
	p.Lease = subscription.Lease{}
	return errors.Join(err, d.keep(context.WithoutCancel(ctx), &p))
}

// work is one instance's work for one subscription.
type work struct {
	*Deliverer
	x    stored
	p    *progress
	gone bool // it was removed with everything
}

func (w *work) run(ctx context.Context) error {
	now := w.Now()
	switch {
	case w.x.Expired(now), !w.p.Ended.IsZero() && now.Sub(w.p.Ended) > kept:
		return w.finish(ctx)
	case !w.p.Ended.IsZero():
		return w.buryAll(ctx, func(delivery) bool { return true }, w.p.Why)
	}
	if err := errors.Join(w.resend(ctx), w.catchUp(ctx)); err != nil {
		return err
	}
	if w.p.Resting(now) {
		return nil
	}
	client, err := webhook.New(webhook.Config{
		URL: w.x.Callback, Key: []byte(w.x.Key), Hosts: w.Hosts, Transport: w.Transport, Tries: 1, Timeout: callTime, Now: w.Now,
	})
	if err != nil { // the list is another one now: it may be put right
		return w.failed(ctx, err)
	}
	for until := now.Add(workTime); ; {
		list, more, err := w.pending(ctx, w.x.ID, some)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, one := range list {
			if on, err := w.deliver(ctx, client, one); err != nil || !on {
				return err
			}
		}
		if !more {
			return nil
		}
		if w.Now().After(until) {
			return w.Bell.Ring(ctx, w.x.ID) // and let others have their turn
		}
	}
}

// deliver calls back about one notice. It reports whether to go on with the next.
func (w *work) deliver(ctx context.Context, client *webhook.Client, one delivery) (bool, error) {
	err := client.Post(ctx, one.ID, one.Body)
	var refusal *webhook.Refusal
	switch {
	case err == nil:
		funchost.Count(ctx, "callbacks", 1)
		w.p.Arrived(w.Now())
		if w.x.Once {
			return false, w.finish(ctx)
		}
		return true, w.drop(ctx, one)
	case ctx.Err() != nil:
		return false, ctx.Err()
	case errors.As(err, &refusal) && (refusal.Status == http.StatusNotFound || refusal.Status == http.StatusGone):
		return false, w.end(ctx, refusal)
	case errors.As(err, &refusal) && !errors.Is(err, fault.Transient):
		w.p.Error = err.Error()
		return true, w.bury(ctx, one, err.Error())
	}
	return false, w.failed(ctx, err)
}

// failed notes that nothing arrives at the moment, and gives up what was tried for too long.
func (w *work) failed(ctx context.Context, err error) error {
	var after time.Duration
	var refusal *webhook.Refusal
	if errors.As(err, &refusal) {
		after = refusal.After
	}
	now := w.Now()
	w.p.Failed(err.Error(), after, now)
	funchost.Count(ctx, "callbacks_failed", 1)
	w.warn(ctx, "callback failed", err.Error())
	return w.buryAll(ctx, func(one delivery) bool { return now.Sub(one.Since) > subscription.Patience }, "gave up after a day: "+err.Error())
}

func (w *work) warn(ctx context.Context, what, why string) {
	if w.Logger != nil {
		w.Logger.WarnContext(ctx, what, slog.String("subscription", w.x.ID), slog.String("error", why))
	}
}

// end ends a subscription whose callback is gone. It stays to be looked at, with what it was not told.
func (w *work) end(ctx context.Context, r *webhook.Refusal) error {
	if w.x.Once { // whoever waited waits no more
		return w.finish(ctx)
	}
	w.p.End(fmt.Sprintf("the callback is gone: it answered %d", r.Status), w.Now())
	w.warn(ctx, "subscription ended", w.p.Why)
	if err := w.keep(ctx, w.p); err != nil {
		return err
	}
	return w.buryAll(ctx, func(delivery) bool { return true }, w.p.Why)
}

// finish removes a subscription that is over, and everything of it.
func (w *work) finish(ctx context.Context) error {
	if err := w.remove(ctx, w.x); err != nil {
		if errors.Is(err, fault.Conflict) {
			return nil // it was made anew meanwhile
		}
		return err
	}
	w.gone = true
	return w.clear(ctx, w.x.ID)
}

func (w *work) bury(ctx context.Context, one delivery, why string) error {
	if err := w.Store.bury(ctx, w.x.ID, one, why, w.Now()); err != nil {
		return err
	}
	w.p.Dead++
	funchost.Count(ctx, "callbacks_dead", 1)
	w.warn(ctx, "dead letter "+one.ID, why)
	return nil
}

// buryAll makes dead letters of the notices that wait and that a condition names.
func (w *work) buryAll(ctx context.Context, which func(delivery) bool, why string) error {
	for {
		list, more, err := w.pending(ctx, w.x.ID, page)
		if err != nil {
			return err
		}
		buried := 0
		for _, one := range list {
			if !which(one) {
				continue
			}
			buried++
			if err := w.bury(ctx, one, why); err != nil {
				return err
			}
		}
		if !more || buried == 0 {
			return nil
		}
	}
}

// resend puts the dead letters back that somebody asked for.
func (w *work) resend(ctx context.Context) error {
	if !w.x.Resend.After(w.p.Resent) {
		return nil
	}
	left := 0
	err := each(ctx, w.Deliveries, partitionDead(w.x.ID), func(row store.Row) error {
		one, err := open(row)
		if err != nil {
			return err
		}
		if one.Died.After(w.x.Resend) {
			left++
			return nil
		}
		one.Died, one.Why, one.Since = time.Time{}, "", w.Now()
		return w.move(ctx, one, partitionPending(w.x.ID))
	})
	if err != nil {
		return err
	}
	w.p.Resent, w.p.Dead, w.p.Next = w.x.Resend, left, time.Time{}
	return nil
}

// catchUp looks, for one who waits, whether what is waited for is there already: then nobody would tell.
func (w *work) catchUp(ctx context.Context) error {
	if !w.x.Once || w.p.Caught {
		return nil
	}
	moves, err := w.Moves(ctx, w.x.Remediation)
	if err != nil {
		return err
	}
	if n := len(moves); n > 0 && w.x.Wants(moves[n-1]) {
		if err := w.enqueue(ctx, w.x.ID, moves[n-1], w.Now()); err != nil {
			return err
		}
	}
	w.p.Caught = true
	return nil
}
