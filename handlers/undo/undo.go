// Package undo takes an operation back, as far as that is possible and wanted: it compares what there is now with what was
// saved before the first change, and orders the rest to be put back.
//
// It changes nothing itself. What it orders is an operation like any other, with a plan of its own, a journal and a ledger;
// package evict carries it out when as many people have approved it as the operation that it takes back needed.
package undo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rekey/handlers/operations"
	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/remedy"
	"rekey/shared/store"
)

// Config is what undo works with.
type Config struct {
	Operations operations.Store
	Bundles    store.Blobs // what was saved
	Inventory  func(ctx context.Context, p event.Principal) (remedy.Inventory, error)
	Now        func() time.Time
}

// Undo compares and orders.
type Undo struct{ Config }

// New makes it.
func New(c Config) *Undo { return &Undo{c} }

// Diff reads an operation and says what was there before it and is not there now. An operation that has not ended, or has
// changed nothing, is an error of kind fault.Denied.
func (u *Undo) Diff(ctx context.Context, id string) (remedy.Operation, []remedy.Deviation, error) {
	o, err := u.Operations.Get(ctx, id)
	op := o.Operation
	if err != nil {
		return op, nil, err
	}
	if err := op.Undoable(); err != nil {
		return op, nil, err
	}
	data, err := u.Bundles.Read(ctx, remedy.BundleName(id))
	if errors.Is(err, fault.NotFound) {
		return op, nil, fault.Errorf(fault.Denied, "operation %s saved nothing: it ended before its first change", id)
	}
	if err != nil {
		return op, nil, fmt.Errorf("reading the bundle of %s: %w", id, err)
	}
	b, err := remedy.ReadBundle(data)
	if err != nil {
		return op, nil, err
	}
	inv, err := u.Inventory(ctx, op.Principal)
	if err != nil {
		return op, nil, fmt.Errorf("reading what there is now: %w", err)
	}
	return op, remedy.Diff(b, op, inv, u.Now()), nil
}

// Order makes the operation that puts back what is wanted, and stores it: it awaits approval. Ordering the same again returns
// the one that is there. A wish for nothing stores nothing.
func (u *Undo) Order(ctx context.Context, id string, o remedy.UndoOptions) (remedy.Operation, error) {
	op, diff, err := u.Diff(ctx, id)
	if err != nil {
		return remedy.Operation{}, err
	}
	plan, err := remedy.UndoPlan(op, diff, o, u.Now())
	if err != nil {
		return remedy.Operation{}, err
	}
	out := remedy.OpenUndo(op, plan, u.Now())
	if len(plan.Steps) == 0 {
		return out, nil
	}
	err = u.Operations.Put(ctx, &operations.Stored{Operation: out})
	if errors.Is(err, fault.Conflict) {
		there, err := u.Operations.Get(ctx, out.ID)
		return there.Operation, err
	}
	return out, err
}
