package operations

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"rekey/shared/fault"
	"rekey/shared/ledger"
	"rekey/shared/remedy"
	"rekey/shared/store"
)

// People is what people do with operations. What they say stands in the ledger before it counts.
type People struct {
	Store
	Ledger store.Blobs
	Evict  store.Bell
	Now    func() time.Time
}

// Approve adds a yes to the plan with the approval's hash, and rings when enough people have said it. NotBefore asks to wait
// until then; the zero time does not.
func (p People) Approve(ctx context.Context, id string, a remedy.Approval, notBefore time.Time) (remedy.Operation, error) {
	e := ledger.Entry{Actor: a.By, Plan: a.PlanHash, Text: join("approved the plan", a.Note)}
	o, err := p.say(ctx, id, e, func(o *remedy.Operation) error { return o.Approve(a, notBefore, p.Now()) })
	if err != nil || !o.Due() || o.Waits(p.Now()) {
		return o, err
	}
	if err := p.Evict.Ring(ctx, id); err != nil {
		return o, fmt.Errorf("ringing for operation %s, which is approved and will be rung for again within minutes: %w", id, err)
	}
	return o, nil
}

// Reject says no to a plan that nothing was done of.
func (p People) Reject(ctx context.Context, id string, d remedy.Decision) (remedy.Operation, error) {
	d.Time = p.Now().UTC()
	return p.say(ctx, id, ledger.Entry{Actor: d.By, Text: join("rejected the plan", d.Why)}, func(o *remedy.Operation) error { return o.Reject(d) })
}

// Cancel stops an operation: at once, or after the step in flight when an instance may be at work on it. That instance holds
// the ledger then, and writes down who cancelled.
func (p People) Cancel(ctx context.Context, id string, d remedy.Decision) (remedy.Operation, error) {
	d.Time = p.Now().UTC()
	o, err := p.Get(ctx, id)
	if err != nil {
		return o.Operation, err
	}
	if o.Due() && (o.Underway() || o.Lease.Owner != "") {
		op, err := p.Change(ctx, id, func(o *remedy.Operation) error { return o.Stop(d) })
		if err == nil {
			err = p.Evict.Ring(ctx, id) // whoever was at work on it may be gone
		}
		return op, err
	}
	return p.say(ctx, id, ledger.Entry{Actor: d.By, Text: join("cancelled the operation", d.Why)}, func(o *remedy.Operation) error { return o.Stop(d) })
}

// say makes a change that a person wants: first it is tried without effect, then written down, then made. What was written
// down and then came too late is written down, too.
func (p People) say(ctx context.Context, id string, e ledger.Entry, change func(*remedy.Operation) error) (remedy.Operation, error) {
	o, err := p.Get(ctx, id)
	if err == nil {
		err = change(&o.Operation)
	}
	if err != nil {
		return o.Operation, err
	}
	e.Kind, e.Time = ledger.Note, p.Now()
	if err := ledger.Write(ctx, p.Ledger, id, e); err != nil {
		return o.Operation, fmt.Errorf("it does not count, because it cannot be written down: %w", err)
	}
	err = p.Put(ctx, &o)
	if !errors.Is(err, fault.Conflict) {
		return o.Operation, err
	}
	op, err := p.Change(ctx, id, change) // somebody else wrote meanwhile
	if err == nil {
		return op, nil
	}
	e.Text = "did not count: " + e.Text
	return op, errors.Join(err, ledger.Write(ctx, p.Ledger, id, e))
}

func join(what, why string) string {
	if strings.TrimSpace(why) == "" {
		return what
	}
	return what + ": " + why
}
