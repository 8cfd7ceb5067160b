package rotate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"rekey/shared/azure/vault"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/ledger"
	plan "rekey/shared/rotate"
)

// round does some steps side by side. An error means that the journal or the ledger could not be written, or that everything
// was stopped; what goes wrong with a step is in the journal.
func (r *run) round(ctx context.Context, works []plan.Work) error {
	r.fresh = false
	group := funchost.NewGroup(ctx, len(works))
	for _, w := range works {
		group.Go(func(ctx context.Context) error { return r.one(ctx, w) })
	}
	return group.Wait()
}

// task is one item's step at work. The item is a copy: the journal's changes only through start and finish.
type task struct {
	*run
	i plan.Item
	w plan.Work
}

// one does one step.
func (r *run) one(ctx context.Context, w plan.Work) error {
	if stopped, err := r.Stopped(ctx); err != nil || stopped {
		return errors.Join(err, r.halted(stopped, w.Step+" of "+w.Key))
	}
	t := &task{run: r, i: r.item(w.Key), w: w}
	short, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	in, failed := t.intent(short)
	if err := r.start(ctx, w.Key, in); err != nil {
		return err
	}
	var f found
	if failed == nil {
		t.i = r.item(w.Key)
		f, failed = t.do(short)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return r.finish(ctx, t, f, failed)
}

func (r *run) halted(stopped bool, what string) error {
	if !stopped {
		return nil
	}
	return fault.Errorf(fault.Limit, "rotation %s: the kill switch is set: not %s", r.j.ID, what)
}

func (r *run) item(key string) plan.Item {
	r.mu.Lock()
	defer r.mu.Unlock()
	return *r.j.Item(key)
}

// start writes the intent, and the lease anew when it might end during the step.
func (r *run) start(ctx context.Context, key string, in plan.Intent) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.Now()
	if r.j.Lease.Until.Sub(now) < stepTime+stepTime/3 {
		r.j.Acquire(r.Owner, now, leaseTerm)
	}
	if err := r.j.Start(key, in, now); err != nil {
		return err
	}
	return r.Rotations.Write(ctx, r.j, key)
}

// found is what a step found. A time to Wait until says that something outside is not finished.
type found struct {
	plan.Outcome
	Wait time.Time
	Why  string

	Unseen bool // it cannot be told who reads the old version
}

// Errors of a step that are no answers of others.
var (
	errPark = errors.New("it cannot go on")    // with the reason; people have to act
	errStop = errors.New("the run has to end") // the kill switch, or the ledger cannot be written
)

func park(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{errPark}, args...)...)
}

// refused is how long, and refusals how often, a step must be refused before it counts: rights that were just given take their
// time, and replicas are behind.
const (
	refusedFor = time.Minute
	refusals   = 4
)

// finish writes what became of a step.
func (r *run) finish(ctx context.Context, t *task, f found, failed error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.Now()
	var err error
	switch kind := fault.Kind(failed); {
	case errors.Is(failed, errStop):
		return failed
	case failed == nil && !f.Wait.IsZero():
		r.j.Look(t.w.Key, !f.Unseen, now)
		err = r.j.Wait(t.w.Key, f.Wait, f.Why, now)
	case failed == nil:
		if err := r.answer(ctx, t); err != nil {
			return err
		}
		err = r.j.Complete(t.w.Key, f.Outcome, now)
	case errors.Is(failed, errPark):
		err = r.j.Park(t.w.Key, strings.TrimPrefix(failed.Error(), errPark.Error()+": "), now)
	case kind == fault.Denied || kind == fault.NotFound:
		i := r.j.Item(t.w.Key)
		if i.Attempts >= refusals && !i.Failing.IsZero() && now.Sub(i.Failing) >= refusedFor {
			err = r.j.Park(t.w.Key, t.w.Step+": "+failed.Error(), now)
			break
		}
		err = r.j.Retry(t.w.Key, failed.Error(), now)
	default:
		err = r.j.Retry(t.w.Key, failed.Error(), now)
	}
	if err != nil {
		return err
	}
	funchost.Count(ctx, "steps_"+outcome(f, failed, r.j.Item(t.w.Key).Status), 1)
	return r.Rotations.Write(ctx, r.j, t.w.Key)
}

// outcome is what a step came to, in the words of the metrics.
func outcome(f found, failed error, now plan.Status) string {
	switch {
	case failed == nil && f.Wait.IsZero():
		return "done"
	case now == plan.Parked:
		return "failed"
	}
	return "retried"
}

// mark names a step in the ledger.
func (t *task) mark(what string) string {
	out := t.w.Mark + "/" + t.w.Step
	if what != "" {
		out += "/" + what
	}
	return out
}

// answer gives the intents that an interrupted try left behind their results: this one looked, and found the step done.
func (r *run) answer(ctx context.Context, t *task) error {
	r.book.Lock()
	open := ledger.Unanswered(r.ledger.Entries())
	r.book.Unlock()
	for _, step := range open {
		if step == t.mark("") || strings.HasPrefix(step, t.mark("")+"/") {
			if err := r.note(ctx, ledger.Entry{Kind: ledger.Result, Step: step, Object: t.w.Key, Text: "found done after an interruption"}); err != nil {
				return err
			}
		}
	}
	return nil
}

// note appends to the ledger. People may write there, too.
func (r *run) note(ctx context.Context, e ledger.Entry) error {
	r.book.Lock()
	defer r.book.Unlock()
	e.Time, e.Actor = r.Now(), r.Owner
	err := r.ledger.Append(ctx, e)
	if !errors.Is(err, fault.Conflict) {
		return err
	}
	if r.ledger, err = ledger.Open(ctx, r.Ledger, r.j.ID); err != nil {
		return err
	}
	return r.ledger.Append(ctx, e)
}

// change makes one change between two entries of the ledger. Without the first it does not happen, nor with the kill switch, nor
// if settings say since that the target must not be touched.
func (t *task) change(ctx context.Context, what string, e ledger.Entry, do func() error) error {
	stopped, err := t.Stopped(ctx)
	if err != nil || stopped {
		return errors.Join(errStop, err, t.halted(stopped, e.Text))
	}
	if why := t.Options.Forbids(&t.i.Target); why != "" {
		return park("%s", why)
	}
	e.Kind, e.Step = ledger.Intent, t.mark(what)
	if e.Object == "" {
		e.Object = t.w.Key
	}
	e.Approved = t.approved()
	if err := t.note(ctx, e); err != nil {
		return errors.Join(errStop, err)
	}
	failed := do()
	e.Kind, e.Text = ledger.Result, "done"
	if failed != nil {
		e.Text = "not done, or not known to be: " + failed.Error()
	}
	if err := t.note(ctx, e); err != nil {
		return errors.Join(errStop, failed, err)
	}
	return failed
}

// approved is on whose approval a target is rotated.
func (t *task) approved() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.j.Tiers[t.i.Tier-1].By
}

// open opens the vault of a copy, once.
func (t *task) open(ctx context.Context, c plan.Copy) (Vault, error) {
	key := strings.ToLower(c.VaultID)
	t.mu.Lock()
	v, ok := t.vaults[key]
	t.mu.Unlock()
	if ok {
		return v, nil
	}
	v, err := t.Open(ctx, c.VaultID)
	if err != nil {
		return v, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.vaults[key] = v
	return v, nil
}

// newest reads the newest version of a copy, with its value.
func (t *task) newest(ctx context.Context, c plan.Copy) (vault.Secret, Vault, error) {
	v, err := t.open(ctx, c)
	if err != nil {
		return vault.Secret{}, v, err
	}
	s, err := v.Secrets.Get(ctx, c.Secret, "")
	return s, v, err
}
