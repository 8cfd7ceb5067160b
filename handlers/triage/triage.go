// Package triage turns a principal's detections into a case, the case into a verdict, and the verdict into an
// operation with a plan. It runs in the respond app and trusts no message: an id rings, everything is read from state
// again.
package triage

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"rekey/handlers/cases"
	"rekey/handlers/findings"
	"rekey/handlers/inquiries"
	"rekey/handlers/operations"
	"rekey/handlers/principals"
	"rekey/handlers/rotations"
	"rekey/handlers/suspects"
	"rekey/handlers/verdicts"
	"rekey/shared/baseline"
	"rekey/shared/casefile"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/remedy"
	"rekey/shared/rule"
	"rekey/shared/store"
	"rekey/shared/streams"
	"rekey/shared/verdict"
)

// recent is how long a detection counts towards a case.
const recent = 14 * 24 * time.Hour

// Config is what the handler works with.
type Config struct {
	Principals principals.Store
	Findings   findings.Store
	Cases      cases.Store
	Suspects   suspects.Store                                     // who may vouch for nobody any more
	Verdicts   verdicts.Store                                     // what people said
	Announce   func(ctx context.Context, v verdict.Verdict) error // tells others of a verdict that was carried out, maybe twice; nil: nobody
	Operations operations.Store
	Rotations  rotations.Store // whose credentials a principal read; without a table nobody knows
	Brakes     Brakes
	Inventory  func(ctx context.Context, p event.Principal) (remedy.Inventory, error)
	Inquiries  inquiries.Store
	World      *rule.World                                        // what the tenant declares; nil declares nothing
	Streams    func(ctx context.Context) (*streams.Memory, error) // which logs come in; nil when nobody knows
	Looked     func(ctx context.Context) (time.Time, error)       // when everything the directory has was last looked at; nil: never
	Hasher     baseline.Hasher
	Options    remedy.Options // what plans may do beside changing credentials, and in which vault
	Evict      store.Bell
	Now        func() time.Time
}

// Triage is the handler.
type Triage struct{ Config }

// New makes the handler.
func New(c Config) *Triage { return &Triage{c} }

// maxKey bounds a principal's key in a message; longer ones are not ours.
const maxKey = 300

// Handle looks at one principal again.
func (t *Triage) Handle(ctx context.Context, m funchost.Message) error {
	if m.Text == "" || len(m.Text) > maxKey {
		return fault.Errorf(fault.Poison, "reading message: a principal's key of 1 to %d bytes is expected, not %d bytes", maxKey, len(m.Text))
	}
	s, asked := t.identify(ctx, m.Text)
	if _, isApp := cutApp(m.Text); isApp && asked != nil {
		return asked // whose application it is decides where the case is kept
	}
	vs, err := t.due(ctx, s)
	if err != nil {
		return err
	}
	if err := errors.Join(t.judge(ctx, s, vs), t.remediated(ctx, s)); err != nil {
		return err
	}
	d, err := t.build(ctx, s)
	if err != nil {
		return err
	}
	if d != nil {
		err = t.hold(ctx, d.Case, s)
	} else {
		err = t.aged(ctx, s, vs)
	}
	if err != nil || asked != nil {
		return errors.Join(err, asked) // a verdict that did not reach all keys is carried out again
	}
	if err := t.carriedOut(ctx, s, vs); err != nil || d == nil {
		return err
	}
	return t.act(ctx, d, s)
}

// hold keeps the case, and who is suspect for it.
func (t *Triage) hold(ctx context.Context, c casefile.Case, s subject) error {
	if err := t.Cases.Keep(ctx, c, s.keys...); err != nil {
		return err
	}
	funchost.Note(ctx, "case", c.ID)
	if c.Principal.ObjectID == t.Brakes.Policy.Tenant || c.Closed() && c.State != detect.StateRemediated { // the tenant as a whole acts nowhere
		return nil
	}
	return t.Suspects.Keep(ctx, c, t.Now())
}

// act decides about the case, if there is anything to decide.
func (t *Triage) act(ctx context.Context, d *dossier, s subject) error {
	c := d.Case
	switch {
	case c.Closed():
		return t.withdraw(ctx, c)
	case c.Principal.IsUser(): // the case is for people to read: there is no workload to plan for
		return nil
	case s.inventory == nil: // deleted, or the tenant as a whole: the case says so, and there is nothing to change
		funchost.Note(ctx, "inventory", "not found")
		return nil
	}
	return t.operate(ctx, d, s)
}

func cutApp(key string) (string, bool) { return strings.CutPrefix(key, "app:") }

// dossier is a case and what it was built from.
type dossier struct {
	casefile.Case
	facts casefile.Facts
}

// build makes the subject's case from state, and nil when nothing is held against it.
func (t *Triage) build(ctx context.Context, s subject) (*dossier, error) {
	found, err := t.detections(ctx, s)
	if err != nil || len(detect.Happened(found)) == 0 { // what a look at the inventory found opens no case
		return nil, err
	}
	if s.Name == "" || s.AppID == "" { // Graph does not know it any more; the records do
		last := newest(found).Principal
		s.Name, s.AppID = cmp.Or(s.Name, last.Name), cmp.Or(s.AppID, last.AppID)
	}
	f, err := t.facts(ctx, s, found)
	if err != nil {
		return nil, err
	}
	if err := t.related(ctx, &f); err != nil {
		return nil, err
	}
	now := t.Now()
	c, err := t.Cases.Join(ctx, casefile.Build(f, now))
	if err != nil {
		return nil, err
	}
	if f.Inquiry, err = t.Inquiries.Last(ctx, c.ID); err == nil {
		err = t.readFrom(ctx, &f, c.ID)
	}
	if err != nil || f.Inquiry == nil && len(f.ReadFrom) == 0 {
		return &dossier{c, f}, err
	}
	c, err = t.Cases.Join(ctx, casefile.Build(f, now)) // what the owner said, and what was rotated, is found by the case's id
	return &dossier{c, f}, err
}

func since(ds []detect.Detection, t time.Time) []detect.Detection {
	var out []detect.Detection
	for _, d := range ds {
		if d.Last.After(t) {
			out = append(out, d)
		}
	}
	return out
}

func newest(ds []detect.Detection) detect.Detection {
	out := ds[0]
	for _, d := range ds {
		if d.Last.After(out.Last) {
			out = d
		}
	}
	return out
}
