package orders

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/ledger"
	"rekey/shared/order"
	"rekey/shared/store"
)

// Config is what orders are carried out with.
type Config struct {
	Orders store.Table
	Ledger store.Blobs
	// Do carries out orders of a kind. It must bear being called again after it was interrupted anywhere. An error of
	// kind Poison, Denied or NotFound ends the order; another kind means that it is tried again.
	Do      map[order.Kind]func(context.Context, *Work) error
	Stopped func(context.Context) (bool, error) // the kill switch, asked before every change
	Now     func() time.Time
	Owner   string // this instance
}

// Runner is the handler.
type Runner struct{ Config }

const (
	// leaseTerm is longer than the slowest call: Conditional Access may have to be asked eight times.
	leaseTerm = 2 * time.Minute
	// patience is how long an order is tried again: nobody expects it to happen after that.
	patience = 24 * time.Hour
	// yesLife is how long a yes counts, as at a terminal, and ahead is how far the clock of whoever wrote it down may be.
	yesLife = 4 * time.Hour
	ahead   = 5 * time.Minute
)

// New makes the handler.
func New(c Config) *Runner { return &Runner{c} }

// Work is one instance's work on one order.
type Work struct {
	order.Order
	runner *Runner
	row    store.Row
	ledger *ledger.Ledger
}

// Handle carries out the order of a message, unless it ended or somebody else is at it.
func (r *Runner) Handle(ctx context.Context, m funchost.Message) error {
	w, err := r.open(ctx, m.Text)
	if err != nil || w == nil {
		return err
	}
	funchost.Note(ctx, "order", w.ID)
	if err := w.Check(); err != nil {
		return w.end(ctx, order.Failed, err.Error())
	}
	do := r.Do[w.Kind]
	if do == nil {
		return w.end(ctx, order.Failed, fmt.Sprintf("this program carries out no orders of the kind %s", w.Kind))
	}
	if age := r.Now().Sub(w.Opened); age > patience && !w.Again() && w.Kind != order.Stop {
		return w.end(ctx, order.Failed, fmt.Sprintf("it was not begun, because it was asked for %s ago: ask again if it is still wanted", age.Round(time.Minute)))
	}
	if err = do(ctx, w); err == nil {
		return w.end(ctx, order.Succeeded, w.Message)
	}
	switch kind := fault.Kind(err); {
	case kind == fault.Poison, kind == fault.Denied, kind == fault.NotFound:
		return w.end(ctx, order.Failed, err.Error())
	case kind != fault.Limit && r.Now().Sub(w.Opened) > patience:
		return w.end(ctx, order.Failed, fmt.Sprintf("gave up after %s: %v", patience, err))
	case kind == fault.Conflict:
		return err // somebody else wrote the row or the ledger: it is theirs
	}
	w.Release(r.Now())
	return errors.Join(err, w.Save(context.WithoutCancel(ctx)))
}

// open reads the order and takes the lease. It returns nil when there is nothing to do.
func (r *Runner) open(ctx context.Context, id string) (*Work, error) {
	row, err := r.Orders.Get(ctx, order.Partition, id)
	if errors.Is(err, fault.NotFound) {
		return nil, fault.Errorf(fault.Poison, "reading order %.80q: there is none", id)
	}
	if err != nil {
		return nil, fmt.Errorf("reading order %s: %w", id, err)
	}
	w := &Work{runner: r, row: row}
	if w.Order, err = decode(row); err != nil || !w.Due() || !w.Acquire(r.Owner, r.Now(), leaseTerm) {
		return nil, err
	}
	if err := w.Save(ctx); err != nil {
		if errors.Is(err, fault.Conflict) {
			return nil, nil // another instance took it
		}
		return nil, err
	}
	w.ledger, err = ledger.Open(ctx, r.Ledger, id)
	return w, err
}

// Save writes the row.
func (w *Work) Save(ctx context.Context) error {
	data, err := json.Marshal(w.Order)
	if err != nil {
		return err
	}
	w.row.Data = data
	tag, err := w.runner.Orders.Put(ctx, w.row)
	if err != nil {
		return fmt.Errorf("writing order %s: %w", w.ID, err)
	}
	w.row.ETag = tag
	return nil
}

// Counts says why the yes of an order does not count, as an error of kind fault.Denied: an application gave it, it is too
// old, or yeses over HTTP do not count here, by the settings. At a terminal they do, by these commands.
func (w *Work) Counts(overHTTP bool, commands string) error {
	age := w.runner.Now().Sub(w.Opened)
	switch {
	case w.Person == "":
		return fault.Errorf(fault.Denied, "order %s is an application's: deciding is for people", w.ID)
	case !overHTTP:
		return fault.Errorf(fault.Denied, "approvals over HTTP do not count here: set REKEY_HTTP_APPROVALS to true, or decide at a terminal: %s", commands)
	case age >= yesLife || age < -ahead:
		return fault.Errorf(fault.Denied, "the yes was given at %s, and one counts for 4 hours: look again, and say it again", w.Opened.Format(time.RFC3339))
	}
	return nil
}

// Again reports whether an earlier attempt may have changed something.
func (w *Work) Again() bool { return w.Attempts > 1 }

// Change makes one change between two entries of the ledger. Without the first it does not happen, nor when the kill
// switch is set.
func (w *Work) Change(ctx context.Context, e ledger.Entry, do func() error) error {
	stopped, err := w.runner.Stopped(ctx)
	if err != nil {
		return err
	}
	if stopped {
		return fault.Errorf(fault.Limit, "order %s: the kill switch is set; it stands before %s", w.ID, e.Step)
	}
	w.Renew(w.runner.Owner, w.runner.Now(), leaseTerm)
	if err := w.Save(ctx); err != nil {
		return err
	}
	e.Kind = ledger.Intent
	if err := w.note(ctx, e); err != nil {
		return err
	}
	err = do()
	e.Kind, e.Text = ledger.Result, "done"
	if err != nil {
		e.Text = "not done: " + err.Error()
	}
	return errors.Join(err, w.note(context.WithoutCancel(ctx), e))
}

// note appends to the ledger: which instance, and who asked.
func (w *Work) note(ctx context.Context, e ledger.Entry) error {
	e.Time, e.Actor = w.runner.Now(), w.runner.Owner+" for "+w.By
	return w.ledger.Append(ctx, e)
}

// end answers what an interrupted instance left open, writes the last entry, and ends the order.
func (w *Work) end(ctx context.Context, s order.Status, message string) error {
	for _, step := range ledger.Unanswered(w.ledger.Entries()) {
		text := "interrupted; found done, or done again"
		if s == order.Failed {
			text = "interrupted; it may have been done"
		}
		if err := w.note(ctx, ledger.Entry{Kind: ledger.Result, Step: step, Text: text}); err != nil {
			return err
		}
	}
	text := fmt.Sprintf("order to %s %s: %s", w.Kind, s, message)
	if w.Reason != "" {
		text += "; asked because: " + w.Reason
	}
	if err := w.note(ctx, ledger.Entry{Kind: ledger.Note, Text: text}); err != nil {
		return err
	}
	funchost.Count(ctx, "orders_"+string(s), 1)
	w.End(s, message, w.runner.Now())
	if err := w.Save(ctx); err != nil {
		return err
	}
	unmark(ctx, w.runner.Orders, w.ID)
	return nil
}
