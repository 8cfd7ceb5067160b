package triage

import (
	"context"
	"errors"
	"fmt"

	"rekey/handlers/operations"
	"rekey/shared/decide"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/remedy"
)

// operate plans, decides about the case, and makes or updates its operation. One that runs, stands half-way or has ended is
// left alone: what it does is in its own journal. What people said about an earlier plan stays in the journal, and counts for
// the plan they saw.
func (t *Triage) operate(ctx context.Context, d *dossier, s subject) error {
	c := d.Case
	id, now := remedy.OperationID(c.ID), t.Now()
	old, err := t.Operations.Get(ctx, id)
	known := err == nil
	if err != nil && !errors.Is(err, fault.NotFound) {
		return err
	}
	if known && !old.Replans() {
		return nil
	}
	in, err := t.input(ctx, d, s)
	if err != nil {
		return err
	}
	plan := remedy.Build(in)
	v, err := t.Brakes.Decide(ctx, Ask{Case: c, Operation: id, Outlook: OutlookOf(plan)}, now)
	if err != nil {
		return err
	}
	next := operations.Stored{Operation: remedy.OpenPlan(plan, c, v, now), Tag: old.Tag}
	if known {
		next.Operation = old.Replan(next.Operation, c, now)
	}
	if err := t.Operations.Put(ctx, &next); err != nil {
		return err
	}
	funchost.Note(ctx, "operation", next.ID)
	funchost.Note(ctx, "mode", string(v.Mode))
	funchost.Count(ctx, "operations_"+string(next.State), 1)
	if !next.Due() {
		return nil
	}
	if err := t.Evict.Ring(ctx, next.ID); err != nil {
		return fmt.Errorf("ringing for operation %s: %w", next.ID, err)
	}
	return nil
}

// OutlookOf is what a plan tells the brakes.
func OutlookOf(p remedy.Plan) *decide.Outlook {
	return &decide.Outlook{Unknown: p.Unknown(), Obstacles: p.Obstacles()}
}
