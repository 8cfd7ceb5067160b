// Package triage turns a principal's detections into a case, the case into a verdict, and the verdict into an
// operation with a plan. It runs in the respond app and trusts no message: an id rings, everything is read from state
// again.
package triage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"rekey/handlers/cases"
	"rekey/handlers/findings"
	"rekey/handlers/principals"
	"rekey/shared/casefile"
	"rekey/shared/decide"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/remedy"
	"rekey/shared/store"
)

// recent is how long a detection counts towards a case.
const recent = 14 * 24 * time.Hour

// Config is what the handler works with.
type Config struct {
	Principals principals.Store
	Findings   findings.Store
	Cases      cases.Store
	Operations store.Table
	Brakes     Brakes
	Inventory  func(ctx context.Context, p event.Principal) (remedy.Inventory, error)
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
	c, ok, err := t.build(ctx, m.Text)
	if err != nil || !ok {
		return err
	}
	if err := t.Cases.Keep(ctx, c); err != nil {
		return err
	}
	funchost.Note(ctx, "case", c.ID)
	if c.Principal.IsUser() { // the case is for people to read: there is no workload to plan for
		return nil
	}
	return t.operate(ctx, c)
}

// build makes the principal's case from state, and false when nothing is held against it.
func (t *Triage) build(ctx context.Context, key string) (casefile.Case, bool, error) {
	now := t.Now()
	detections, err := t.Findings.Of(ctx, key)
	if err != nil {
		return casefile.Case{}, false, err
	}
	detections = since(detections, now.Add(-recent))
	if len(detections) == 0 {
		return casefile.Case{}, false, nil
	}
	state, err := t.Principals.Load(ctx, key)
	if err != nil {
		return casefile.Case{}, false, err
	}
	f := casefile.Facts{
		Principal: newest(detections).Principal, Detections: detections,
		Profile: &state.Profile, Notes: state.Evidence.Notes(), Exposure: &state.Exposure,
	}
	if app := f.Principal.AppID; app != "" {
		more, err := t.Principals.Load(ctx, event.Principal{AppID: app}.Key())
		if err != nil {
			return casefile.Case{}, false, err
		}
		f.Notes = append(f.Notes, more.Evidence.Notes()...)
		f.Users = more.Users
	}
	c := casefile.Build(f, now)
	c, err = t.Cases.Join(ctx, c)
	return c, true, err
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

// operate decides about the case and makes or updates its operation. An operation that runs or has ended is left
// alone: what it does is in its own journal.
func (t *Triage) operate(ctx context.Context, c casefile.Case) error {
	id := remedy.OperationID(c.ID)
	row, err := t.Operations.Get(ctx, remedy.Partition, id)
	if err != nil && !errors.Is(err, fault.NotFound) {
		return fmt.Errorf("reading operation %s: %w", id, err)
	}
	var op remedy.Operation
	if err == nil {
		if err := json.Unmarshal(row.Data, &op); err != nil {
			return fmt.Errorf("reading operation %s: %w", id, err)
		}
		if err := op.Readable(); err != nil {
			return err
		}
		if op.State != remedy.StatePlanned && op.State != remedy.StateAwaitingApproval {
			return nil
		}
	}
	v, err := t.Brakes.Decide(ctx, c, id, t.Now())
	if err != nil {
		return err
	}
	inv, err := t.Inventory(ctx, c.Principal)
	if errors.Is(err, fault.NotFound) { // deleted, or the tenant as a whole: the case says so, and there is nothing to change
		funchost.Note(ctx, "inventory", "not found")
		return nil
	}
	if err != nil {
		return fmt.Errorf("planning for case %s: %w", c.ID, err)
	}
	return t.store(ctx, row, remedy.Open(inv, c, v, t.Now()), v)
}

func (t *Triage) store(ctx context.Context, row store.Row, op remedy.Operation, v decide.Verdict) error {
	data, err := json.Marshal(op)
	if err != nil {
		return err
	}
	row.Partition, row.Key, row.Data = remedy.Partition, op.ID, data
	if _, err := t.Operations.Put(ctx, row); err != nil {
		return fmt.Errorf("writing operation %s: %w", op.ID, err)
	}
	funchost.Note(ctx, "operation", op.ID)
	funchost.Note(ctx, "mode", string(v.Mode))
	if !v.Acts() {
		return nil
	}
	return t.Evict.Ring(ctx, op.ID)
}
