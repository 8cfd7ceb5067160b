// Package rotate carries rotations out: what a compromised principal could get at is made anew, in the order of the plan
// (shared/rotate), without breaking what uses it more than the plan says.
//
// Every step goes the same way: the journal notes the intent, each change within it is a pair of entries in the ledger with the
// change between them, and the journal notes what the step found. If the ledger cannot be written the change does not
// happen. Whatever ends the process in between, the next one repeats the step, and each step looks for its own work
// before it changes anything (ADR 16). A value is in memory and in vaults, and nowhere else.
//
// A message is the id of a rotation and only a rumour: the first one for an eviction that has cut the principal's access makes the
// plan, later ones look again, take in what people said, and do what is due.
package rotate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"rekey/handlers/findings"
	"rekey/handlers/operations"
	"rekey/handlers/rotations"
	"rekey/shared/azure/arm"
	"rekey/shared/azure/graph"
	"rekey/shared/azure/redact"
	"rekey/shared/azure/vault"
	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/ledger"
	"rekey/shared/reach"
	plan "rekey/shared/rotate"
	"rekey/shared/store"
)

// Secrets is what is done with the secrets of one vault.
type Secrets interface {
	Get(ctx context.Context, name, version string) (vault.Secret, error)
	List(ctx context.Context) ([]vault.Secret, error)
	Versions(ctx context.Context, name string) ([]vault.Secret, error)
	Set(ctx context.Context, name string, v redact.Value, like vault.Secret, tags map[string]string, expires time.Time) (vault.Secret, error)
	Disable(ctx context.Context, name, version string) error
}

// Certificates is what is done with the certificates of one vault.
type Certificates interface {
	Get(ctx context.Context, name string) (vault.Certificate, error)
	Renew(ctx context.Context, name string, tags map[string]string) (vault.Certificate, error)
	Disable(ctx context.Context, name, version string) error
}

// Vault is an open vault.
type Vault struct {
	Secrets      Secrets
	Certificates Certificates
}

// Providers lists and regenerates keys.
type Providers interface {
	Keys(ctx context.Context, id string) ([]arm.Key, error)
	Regenerate(ctx context.Context, id, key string) error
}

// Directory has the client secrets.
type Directory interface {
	Application(ctx context.Context, appID string) (graph.Object, error)
	ServicePrincipals(ctx context.Context, appID string) ([]graph.Object, error)
	AddPassword(ctx context.Context, collection, id, name string, end time.Time) (graph.Secret, error)
	RemovePassword(ctx context.Context, collection, id, keyID string) error
}

// Post delivers a message to somebody outside; a repeated one has the same id.
type Post func(ctx context.Context, id string, value any) error

// Reads are who read what, by vault/secret in lower case.
type Reads map[string][]plan.Reader

// Config is what the handler works with.
type Config struct {
	Rotations  rotations.Store
	Operations operations.Store // the evictions
	Ledger     store.Blobs
	Plans      store.Blobs // a copy of each plan for people, beside what was there before the eviction

	Facts   func(ctx context.Context, s Subject, o plan.Options) (plan.Facts, error)         // everything a plan is made of, as it is now
	Readers func(ctx context.Context, since time.Time) (Reads, error)                        // everybody but Rekey, at least since then; asked often
	Log     func(ctx context.Context, vaultID string, from, to time.Time) (reach.Log, error) // whether a vault's log is whole

	Open      func(ctx context.Context, vaultID string) (Vault, error)
	Providers Providers
	Directory Directory
	Prove     func(ctx context.Context, appID string, secret redact.Value) error
	Webhooks  map[string]Post // rotators of others, by the name in tags
	Tell      Post            // consumers and owners; nil: nobody is set up to be told

	Findings findings.Store                                                // where the cases of linked applications begin; without a table there are none
	Triage   store.Bell                                                    // makes them
	Identify func(ctx context.Context, id string) (event.Principal, error) // by an application's id, or an object's id, as tags have it
	Suspects func(ctx context.Context) ([]string, error)                   // ids of those who are in a case now; nil: nobody knows

	Options plan.Options
	Opening plan.Opening // Cut and Never are filled in
	Stopped func(ctx context.Context) (bool, error)
	Bell    store.Bell
	Now     func() time.Time
	Owner   string                                           // this instance
	Sleep   func(ctx context.Context, d time.Duration) error // default: time passes
	Budget  time.Duration                                    // of one message; default 4 minutes
}

// Rotate is the handler.
type Rotate struct{ Config }

const (
	leaseTerm     = 90 * time.Second
	stepTime      = 45 * time.Second // of one step; the lease outlives it
	lookEvery     = 5 * time.Minute  // how old facts may be
	nap           = 20 * time.Second // what is due within this is waited for
	defaultBudget = 4 * time.Minute
)

// New makes the handler.
func New(c Config) *Rotate {
	if c.Budget == 0 {
		c.Budget = defaultBudget
	}
	if c.Sleep == nil {
		c.Sleep = sleep
	}
	return &Rotate{c}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// run is one instance's work on one rotation.
type run struct {
	*Rotate
	j       *rotations.Stored
	subject Subject
	ledger  *ledger.Ledger
	vaults  map[string]Vault
	fresh   bool // the facts were gathered since the last change
	ends    time.Time

	mu   sync.Mutex // of all above, and of the journal
	book sync.Mutex // of the ledger
}

// Handle works on the rotation of a message until nothing is due, or until somebody else is at it.
func (h *Rotate) Handle(ctx context.Context, m funchost.Message) error {
	r, err := h.open(ctx, m.Text)
	if err != nil || r == nil {
		return err
	}
	funchost.Note(ctx, "rotation", r.j.ID)
	more, err := r.work(ctx)
	funchost.Count(ctx, "operations_"+string(r.j.State), 1)
	if err == nil {
		r.j.Release(h.Now())
		err = h.Rotations.Write(ctx, r.j, "")
		funchost.Note(ctx, "progress", r.j.Summary())
		if err == nil && more {
			err = h.Bell.Ring(ctx, r.j.ID)
		}
		return err
	}
	if errors.Is(err, fault.Conflict) { // somebody else has the lease, or the ledger
		return err
	}
	return errors.Join(err, h.release(context.WithoutCancel(ctx), r.j.ID)) // let another instance go on at once
}

// release gives the lease back from what is stored: what is in memory may be half of something.
func (h *Rotate) release(ctx context.Context, id string) error {
	j, err := h.Rotations.Get(ctx, id)
	if err != nil || j.Lease.Owner != h.Owner {
		return err
	}
	j.Release(h.Now())
	return h.Rotations.Write(ctx, j, "")
}

// open reads the rotation, or makes it, and takes the lease. It returns nil when there is nothing to do.
func (h *Rotate) open(ctx context.Context, id string) (*run, error) {
	caseID, ok := strings.CutPrefix(id, rotations.Prefix)
	if !ok || caseID == "" || len(id) > store.MaxKey/2 || strings.Contains(id, "/") {
		return nil, fault.Errorf(fault.Poison, "reading message: %.80q is no id of a rotation", id)
	}
	s, err := h.subjectOf(ctx, caseID)
	if err != nil {
		return nil, err
	}
	now := h.Now()
	j, err := h.Rotations.Get(ctx, id)
	switch {
	case errors.Is(err, fault.NotFound) && s.Cut.IsZero():
		return nil, fault.Errorf(fault.Poison, "opening rotation %s: the eviction has not cut the principal's access", id)
	case errors.Is(err, fault.NotFound):
		j, err = h.Rotations.Claim(ctx, plan.Head{
			Version: plan.Version, ID: id, Case: caseID, Principal: s.Principal.ObjectID, Name: s.Principal.Name, State: plan.StateRunning,
			Lease: plan.Lease{Owner: h.Owner, Until: now.Add(leaseTerm)}, Updated: now,
		})
	case err == nil && (!j.Due() || !j.Acquire(h.Owner, now, leaseTerm)):
		return nil, nil
	case err == nil:
		err = h.Rotations.Write(ctx, j, "")
	}
	if errors.Is(err, fault.Conflict) {
		return nil, nil // another instance took it: sweep rings again
	}
	if err != nil {
		return nil, err
	}
	r := &run{Rotate: h, j: j, subject: s, vaults: map[string]Vault{}, ends: now.Add(h.Budget)}
	if r.ledger, err = ledger.Open(ctx, h.Ledger, id); err != nil {
		return nil, errors.Join(err, h.release(context.WithoutCancel(ctx), id))
	}
	if j.Claimed() {
		if err := r.make(ctx); err != nil {
			return nil, errors.Join(err, h.release(context.WithoutCancel(ctx), id))
		}
	}
	return r, nil
}

// make plans.
func (r *run) make(ctx context.Context) error {
	f, err := r.Facts(ctx, r.subject, r.Options)
	if err != nil {
		return fmt.Errorf("gathering facts for rotation %s: %w", r.j.ID, err)
	}
	now := r.Now()
	p, o := plan.Build(f), careful(r.Opening, r.subject.eviction)
	o.Cut = r.subject.Cut
	if err := r.keep(ctx, p, f.Radius); err != nil {
		return err
	}
	j := plan.Open(p, o, now)
	j.Lease, j.Looked = r.j.Lease, now
	j.Close(f.Radius, now)
	if err := r.note(ctx, ledger.Entry{Kind: ledger.Note, Plan: hashes(p), Text: "planned the rotation: " + j.Summary()}); err != nil {
		return err
	}
	stored, err := r.Rotations.Plan(ctx, r.j, j)
	if err != nil {
		return err
	}
	r.j, r.fresh = stored, true
	return r.linked(ctx, f.Radius.Linked)
}

func hashes(p plan.Plan) string {
	var out []string
	for _, t := range p.Tiers {
		out = append(out, t.Hash)
	}
	return strings.Join(out, " ")
}

// keep stores the plan as it is now, and how far the principal got, for people.
func (r *run) keep(ctx context.Context, p plan.Plan, radius reach.Radius) error {
	planned, err1 := p.JSON()
	reached, err2 := radius.JSON()
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	return errors.Join(
		r.Plans.Write(ctx, r.j.ID+".json", planned), r.Plans.Write(ctx, r.j.ID+".txt", []byte(p.Text())),
		r.Plans.Write(ctx, r.j.ID+rotations.ReachJSON, reached), r.Plans.Write(ctx, r.j.ID+rotations.ReachText, []byte(radius.Text())),
	)
}

// work does what is due. more says that the time of this message is over and there is more to do.
func (r *run) work(ctx context.Context) (more bool, err error) {
	if err := r.look(ctx, false); err != nil {
		return false, err
	}
	for {
		if err := r.undone(ctx); err != nil {
			return false, err
		}
		if err := r.hear(ctx); err != nil {
			return false, err
		}
		now := r.Now()
		r.j.Advance(now)
		if r.j.State == plan.StateDone && !r.fresh { // a last look, because nobody looks afterwards
			if err := r.look(ctx, true); err != nil {
				return false, err
			}
			continue
		}
		works := r.j.Next(now)
		switch due := r.j.NextDue(now); {
		case len(works) > 0 && now.After(r.ends):
			return true, nil
		case len(works) > 0:
			if err := r.round(ctx, works); err != nil {
				return false, err
			}
		case r.j.State == plan.StateDone:
			return false, r.end(ctx)
		case !due.IsZero() && due.Sub(now) <= nap && !now.After(r.ends):
			if err := r.pause(ctx, due.Sub(now)); err != nil {
				return false, err
			}
		default:
			return false, nil
		}
	}
}

// pause waits for what is due in a moment.
func (r *run) pause(ctx context.Context, d time.Duration) error {
	r.j.Acquire(r.Owner, r.Now(), leaseTerm)
	if err := r.Rotations.Write(ctx, r.j, ""); err != nil {
		return err
	}
	return r.Sleep(ctx, max(d, time.Millisecond))
}

func (r *run) end(ctx context.Context) error {
	return r.note(ctx, ledger.Entry{Kind: ledger.Note, Text: "rotation ended: " + r.j.Summary() + ": " + r.j.Reason})
}

// look gathers the facts again when they are old, and takes in what they say. Without facts the rotation goes on with what
// is known; only its end waits for them (force).
func (r *run) look(ctx context.Context, force bool) error {
	now := r.Now()
	if !force && now.Sub(r.j.Looked) < lookEvery {
		return nil
	}
	f, err := r.Facts(ctx, r.subject, r.Options)
	if err != nil {
		if force || ctx.Err() != nil {
			return fmt.Errorf("gathering facts for rotation %s: %w", r.j.ID, err)
		}
		funchost.Note(ctx, "facts", fault.Kind(err).Error())
		return nil
	}
	p := plan.Build(f)
	changed := r.j.Again(p, now)
	if len(changed) > 0 {
		if err := errors.Join(r.keep(ctx, p, f.Radius), r.note(ctx, ledger.Entry{Kind: ledger.Note, Found: changed, Text: "read since, or found to have been read: added"})); err != nil {
			return err
		}
	}
	if err := r.linked(ctx, f.Radius.Linked); err != nil {
		return err
	}
	r.j.Close(f.Radius, now)
	r.j.Looked, r.fresh = now, true
	return r.Rotations.Write(ctx, r.j, "")
}

// undone takes in that people take the eviction back: that comes before what they said about the rotation.
func (r *run) undone(ctx context.Context) error {
	if r.subject.eviction.ID == "" {
		return nil
	}
	undos, err := r.Operations.Undos(ctx, r.subject.eviction.ID)
	if err != nil {
		return err
	}
	for _, o := range undos {
		if !o.TakesBack() || !r.j.Undo(o.ID, r.Now()) {
			continue
		}
		if err := r.note(ctx, ledger.Entry{Kind: ledger.Note, Object: o.ID, Text: "the eviction is taken back: what is begun is ended, and no further tier begins without a new approval"}); err != nil {
			return err
		}
		if err := r.Rotations.Write(ctx, r.j, ""); err != nil {
			return err
		}
	}
	return nil
}

// hear takes in what people said. A word is noted in the head before its row goes, so that it counts once.
func (r *run) hear(ctx context.Context) error {
	words, err := r.Rotations.Words(ctx, r.j.ID)
	if err != nil {
		return err
	}
	by := r.j.Approvers()
	for _, w := range words {
		if w.What == rotations.Approve {
			by = append(by, w.By)
		}
	}
	if err := r.bar(ctx, by); err != nil || len(words) == 0 {
		return err
	}
	for _, w := range words {
		if !r.j.Hear(w.ID) {
			continue
		}
		if err := w.Apply(r.j.Journal, r.Now()); err != nil {
			if err := r.note(ctx, ledger.Entry{Kind: ledger.Note, Text: "did not count: " + w.What + " by " + w.By + ": " + err.Error()}); err != nil {
				return err
			}
		}
	}
	r.j.Advance(r.Now())
	if err := r.Rotations.Write(ctx, r.j, ""); err != nil {
		return err
	}
	for _, w := range words {
		if err := r.Rotations.Drop(ctx, w); err != nil {
			return err
		}
	}
	return nil
}
