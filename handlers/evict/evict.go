// Package evict carries operations out: it changes the locks.
//
// Every step goes the same way: the journal notes the intent, the ledger notes the intent, the change is made, the
// ledger notes the result, the journal notes that the step is done. If the ledger cannot be written the step does not
// run. Whatever ends the process in between, the next one, on this instance or another, repeats the step: each looks
// at what is there before it changes anything (steps.go).
//
// An instance works under a lease in the journal, so that two that are given the same operation do it once.
package evict

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"rekey/handlers/operations"
	"rekey/shared/azure/graph"
	"rekey/shared/azure/vault"
	"rekey/shared/decide"
	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/ledger"
	"rekey/shared/remedy"
	"rekey/shared/rotate"
	"rekey/shared/store"
)

// Config is what the handler works with.
type Config struct {
	Operations operations.Store
	Ledger     store.Blobs
	Undo       store.Blobs
	Directory  Directory
	Azure      Azure // nil: no step may need it
	// Inventory reads what opens the door; Survey also everything that surrounds it, for the bundle and the last look. A nil
	// Survey is the Inventory.
	Inventory func(ctx context.Context, p event.Principal) (remedy.Inventory, error)
	Survey    func(ctx context.Context, p event.Principal) (remedy.Inventory, error)
	Vault     Vault
	Prove     func(ctx context.Context, appID string, c vault.Certificate) error
	// Decide decides again, from state, before anything is changed: a message is only a rumour. What people approved is asked
	// about, too: the never-touch list and the policy may be others by now.
	Decide  func(ctx context.Context, op remedy.Operation) (decide.Verdict, error)
	Rotate  store.Bell                              // is rung with the id of the case's rotation when the locks are changed; nil: nothing is rotated
	Stopped func(ctx context.Context) (bool, error) // the kill switch, asked before every step and every change
	// Failures are a principal's failed sign-ins since a time, by network; nil knows of none.
	Failures func(ctx context.Context, p event.Principal, since time.Time) ([]remedy.Failure, error)
	// Holder returns the key of a certificate that is on an object, where there is one (see FromVault), and Roller rolls
	// certificates with it where Graph does not take the list back as it was read. Both may be nil.
	Holder func(ctx context.Context, o remedy.Object) (graph.Holder, error)
	Roller Roller
	// What undo needs; nil where nothing is taken back.
	Restorer      Restorer
	AzureRestorer AzureRestorer
	Secrets       func(vaultURL string) (SecretStore, error)
	Triage        store.Bell // rung when the days of watching showed something new; may be nil
	Now           func() time.Time
	Owner         string // this instance
	// Pause is how long to wait between reads that must agree, and between tries to prove.
	Pause time.Duration
}

// Evict is the handler.
type Evict struct{ Config }

const (
	leaseTerm    = 60 * time.Second
	defaultPause = time.Second
)

// New makes the handler.
func New(c Config) *Evict {
	if c.Pause == 0 {
		c.Pause = defaultPause
	}
	if c.Survey == nil {
		c.Survey = c.Inventory
	}
	return &Evict{c}
}

// Handle works on the operation of a message until it ends, or until somebody else is at it.
func (e *Evict) Handle(ctx context.Context, m funchost.Message) error {
	r, err := e.open(ctx, m.Text)
	if err != nil || r == nil {
		return err
	}
	funchost.Note(ctx, "operation", r.op.ID)
	err = r.work(ctx)
	funchost.Count(ctx, "operations_"+string(r.op.State), 1)
	if err == nil || errors.Is(err, fault.Conflict) {
		return err
	}
	r.op.Release(e.Now())
	return errors.Join(err, r.save(context.WithoutCancel(ctx))) // let another instance go on at once
}

// run is one instance's work on one operation.
type run struct {
	*Evict
	op     remedy.Operation
	tag    string       // of the row, as it was read or written last
	lease  remedy.Lease // as it was written last
	ledger *ledger.Ledger
	begun  map[string]time.Time // when this instance began a step
	remark string               // of the step at work, for the journal
}

// open reads the operation, decides again, and takes the lease. It returns nil when there is nothing to do.
func (e *Evict) open(ctx context.Context, id string) (*run, error) {
	o, err := e.Operations.Get(ctx, id)
	if errors.Is(err, fault.NotFound) {
		return nil, fault.Errorf(fault.Poison, "reading operation %.80q: there is none", id)
	}
	if err != nil {
		return nil, err
	}
	r := &run{Evict: e, op: o.Operation, tag: o.Tag, begun: map[string]time.Time{}}
	if now := e.Now(); !r.op.Due() && !r.op.Watching() || r.op.Waits(now) || !r.op.Acquire(e.Owner, now, leaseTerm) {
		return nil, nil
	}
	if err := r.allowed(ctx); err != nil {
		return nil, err
	}
	if err := r.save(ctx); err != nil {
		if errors.Is(err, fault.Conflict) {
			return nil, nil // another instance took it, or a person has just written: sweep rings again
		}
		return nil, err
	}
	if r.ledger, err = ledger.Open(ctx, e.Ledger, id); err != nil {
		return nil, err
	}
	return r, nil
}

// allowed asks the brakes again, unless a change was made already: half an eviction is worse than a whole one, and
// only the kill switch stops it. An operation that people approved is not underway before its first step since then.
func (r *run) allowed(ctx context.Context) error {
	g := r.op.Mandate
	if r.op.Underway() && (g == nil || !g.Begun.IsZero()) {
		return nil
	}
	v, err := r.Decide(ctx, r.op)
	if err != nil {
		return err
	}
	if g == nil && !v.Acts() || g != nil && !v.Approvable() {
		r.op.Verdict = v
		return r.ask(ctx, "decided again before acting: approval is needed")
	}
	r.op.Verdict = v
	if s, more := r.op.Next(); more {
		return r.permitted(ctx, s)
	}
	return nil
}

// permitted asks whether the mode or people allow a step, and otherwise gives the operation back to people.
func (r *run) permitted(ctx context.Context, s remedy.Step) error {
	if err := r.op.Permits(s, r.Now()); err != nil {
		return errors.Join(err, r.ask(ctx, err.Error()))
	}
	return nil
}

// ask gives the operation back to people.
func (r *run) ask(ctx context.Context, why string) error {
	r.op.Ask(why, r.Now())
	return errors.Join(fault.Errorf(fault.Limit, "operation %s awaits approval: %s", r.op.ID, why), r.save(ctx))
}

// save writes the journal. What a person wrote into it meanwhile is taken over: the lease says that nobody else works on it.
func (r *run) save(ctx context.Context) error {
	for range peopleLimit {
		o := operations.Stored{Operation: r.op, Tag: r.tag}
		err := r.Operations.Put(ctx, &o)
		if err == nil {
			r.tag, r.lease, r.op.Moves = o.Tag, r.op.Lease, o.Moves
			return nil
		}
		if !errors.Is(err, fault.Conflict) || r.lease.Owner == "" {
			return err
		}
		now, readErr := r.Operations.Get(ctx, r.op.ID)
		if readErr != nil || now.Lease.Owner != r.lease.Owner || !now.Lease.Until.Equal(r.lease.Until) {
			return errors.Join(err, readErr)
		}
		r.op.Adopt(now.Operation)
		r.tag = now.Tag
	}
	return fault.Errorf(fault.Conflict, "writing operation %s: others write it all the time", r.op.ID)
}

// peopleLimit is how often people may write into a journal during one write of ours.
const peopleLimit = 8

// work does step after step.
func (r *run) work(ctx context.Context) error {
	if r.op.Watching() {
		return r.look(ctx)
	}
	for {
		s, more := r.op.Next()
		if !more {
			r.op.Finish(r.Now())
			return r.locked(ctx, strings.TrimSuffix("operation ended: "+string(r.op.State)+": "+r.op.Reason, ": "))
		}
		if err := r.mayGoOn(ctx, s); err != nil {
			return err
		}
		switch {
		case r.op.Failing != "":
			return r.giveUp(ctx, s, errors.New(r.op.Failing))
		case s.Kind == remedy.StepWatch:
			r.op.StartWatch(s, r.Now())
			return r.locked(ctx, r.op.Reason)
		}
		if err := r.permitted(ctx, s); err != nil {
			return err
		}
		if err := r.step(ctx, s); err != nil || r.op.State != remedy.StateRunning {
			return err
		}
	}
}

// mayGoOn asks the kill switch.
func (r *run) mayGoOn(ctx context.Context, s remedy.Step) error {
	stopped, err := r.Stopped(ctx)
	if err != nil {
		return err
	}
	if stopped {
		r.op.Halt()
		return fault.Errorf(fault.Limit, "operation %s: the kill switch is set; it stands before or in step %s", r.op.ID, s.ID)
	}
	return nil
}

// step does one step: intent, change, result.
func (r *run) step(ctx context.Context, s remedy.Step) error {
	r.op.Start(s.ID, r.Now())
	r.op.Acquire(r.Owner, r.Now(), leaseTerm)
	if err := r.save(ctx); err != nil {
		return err
	}
	if _, ok := r.begun[s.ID]; !ok {
		r.begun[s.ID] = r.Now()
	}
	r.remark = ""
	err := do(ctx, r, s)
	switch {
	case err == nil:
		if err := r.answer(ctx); err != nil {
			return err
		}
		r.op.Complete(s.ID, r.remark, r.Now())
		funchost.Count(ctx, "steps_done", 1)
		return r.save(ctx)
	case errors.Is(err, errGiveUp):
		return r.giveUp(ctx, s, err)
	case fault.Kind(err) != fault.Denied:
		funchost.Count(ctx, "steps_retried", 1)
		return fmt.Errorf("operation %s, step %s: %w", r.op.ID, s.ID, err)
	case !final(err) && r.op.Refuse(s.ID, r.Now()) < refusals:
		return r.wait(ctx) // a replica that is behind refuses what another would take
	case required(s):
		return r.giveUp(ctx, s, needing(s, err))
	}
	return r.goOnWithout(ctx, s, err)
}

// refusals is how often a step must be refused before it counts.
const refusals = 5

// answer gives the intents that an interrupted instance left behind their results: this one looked, and found the
// change made.
func (r *run) answer(ctx context.Context) error {
	for _, step := range ledger.Unanswered(r.ledger.Entries()) {
		err := r.note(ctx, ledger.Entry{Kind: ledger.Result, Step: step, Text: "found done after an interruption"})
		if err != nil {
			return err
		}
	}
	return nil
}

// errGiveUp marks a step that cannot succeed any more.
var errGiveUp = errors.New("gave up")

// giveUp ends an operation that cannot go on. Whatever was enabled again is disabled; nothing is ever added back. That it
// gives up is in the journal first, so that whoever comes after an interruption gives up, too.
func (r *run) giveUp(ctx context.Context, s remedy.Step, reason error) error {
	if r.op.Failing == "" {
		funchost.Count(ctx, "steps_failed", 1)
		r.op.Failing = fmt.Sprintf("step %s: %v", s.ID, reason)
		r.op.State = remedy.StateRunning
		if err := r.save(ctx); err != nil {
			return err
		}
	}
	after := "the principal stays disabled, people have to act"
	if s.Kind == remedy.StepDisable {
		after = "the principal is NOT disabled, people have to act at once"
	}
	for _, back := range r.op.Plan.Steps {
		if back.Kind != remedy.StepEnable {
			continue
		}
		switch err := disable(ctx, r, back); {
		case fault.Kind(err) == fault.Denied:
			after = "the principal could NOT be disabled (" + err.Error() + "), people have to act at once"
		case err != nil:
			return fmt.Errorf("operation %s: containing after step %s: %w", r.op.ID, s.ID, err)
		}
	}
	if err := r.answer(ctx); err != nil {
		return err
	}
	r.op.Fail(r.op.Failing+"; "+after, r.Now())
	err := r.end(ctx, r.op.Reason)
	return errors.Join(fault.Errorf(fault.Limit, "operation %s failed: %s", r.op.ID, r.op.Reason), err)
}

// end writes the last entry and the journal.
func (r *run) end(ctx context.Context, text string) error {
	if err := r.note(ctx, ledger.Entry{Kind: ledger.Note, Text: text}); err != nil {
		return err
	}
	return r.save(ctx)
}

// locked ends the changing of locks, and rings for the rotation of what the principal could get at.
func (r *run) locked(ctx context.Context, text string) error {
	if err := r.end(ctx, text); err != nil || r.Rotate == nil || !r.op.AccessCut() {
		return err
	}
	return r.Rotate.Ring(ctx, rotate.OperationID(r.op.Case)) // if that is lost, sweep rings
}

// note appends to the ledger.
func (r *run) note(ctx context.Context, e ledger.Entry) error {
	e.Time, e.Actor = r.Now(), r.Owner
	if g := r.op.Mandate; g != nil {
		e.Approved, e.Plan = g.By, g.Hash
	}
	return r.ledger.Append(ctx, e)
}

// change makes one change between two entries of the ledger. Without the first it does not happen, nor with the kill switch
// set.
func (r *run) change(ctx context.Context, s remedy.Step, e ledger.Entry, do func() error) error {
	if err := r.mayGoOn(ctx, s); err != nil {
		return err
	}
	e.Kind, e.Step, e.Object = ledger.Intent, s.ID, s.Object
	if err := r.note(ctx, e); err != nil {
		return err
	}
	err := do()
	if errors.Is(err, fault.Conflict) { // of the service: the journal and the ledger are not concerned
		err = fault.Errorf(fault.Transient, "%v", err)
	}
	e.Kind, e.Text = ledger.Result, "done"
	if err != nil {
		e.Text = "not done: " + err.Error()
	}
	return errors.Join(err, r.note(ctx, e))
}
