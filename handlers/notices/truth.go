package notices

import (
	"context"
	"errors"
	"slices"

	"rekey/shared/fault"
	"rekey/shared/notice"
	"rekey/shared/remedy"
)

// The groups of notes. Those of detections are kept by principal, because they are read together.
const (
	groupOperations = "operations"
	groupRotations  = "rotations"
)

// Moves returns the notices of a remediation or a rotation up to now, the earliest first; none if there is no such.
func (n *Notices) Moves(ctx context.Context, id string) ([]notice.Notice, error) {
	o, err := n.operation(ctx, id)
	if err != nil || len(o.notices) > 0 {
		return o.notices, err
	}
	r, err := n.rotation(ctx, id)
	return r.notices, err
}

// principal reads a principal's detections.
func (n *Notices) principal(ctx context.Context, key string) (truth, error) {
	t := truth{group: notice.Principals + key}
	found, err := n.Findings.Of(ctx, key)
	for _, d := range found {
		if d.Worth() {
			t.notices = append(t.notices, notice.OfDetection(n.Tenant, d))
		}
	}
	slices.SortStableFunc(t.notices, func(a, b notice.Notice) int { return a.Time.Compare(b.Time) })
	return t, err
}

// operation reads an operation, and those of the same case that were withdrawn before it.
func (n *Notices) operation(ctx context.Context, id string) (truth, error) {
	t := truth{group: groupOperations}
	left, err := n.Operations.Withdrawn(ctx, id)
	if err != nil {
		return t, err
	}
	o, err := n.Operations.Get(ctx, id)
	there := err == nil
	if err != nil && !errors.Is(err, fault.NotFound) {
		return t, err
	}
	for _, w := range left {
		same := there && w.Opened.Equal(o.Opened)
		if !same {
			t.notices = append(t.notices, notice.OfOperation(n.Tenant, w.Operation)...)
		}
		// One that is still there may be removed in a moment, unless it has gone on: then it will not be.
		if !same || o.State != remedy.StatePlanned && o.State != remedy.StateAwaitingApproval {
			t.withdrawn = append(t.withdrawn, w)
		}
	}
	if there {
		t.notices = append(t.notices, notice.OfOperation(n.Tenant, o.Operation)...)
	}
	return t, nil
}

// rotation reads a rotation.
func (n *Notices) rotation(ctx context.Context, id string) (truth, error) {
	t := truth{group: groupRotations}
	h, err := n.Rotations.Head(ctx, id)
	if errors.Is(err, fault.NotFound) {
		return t, nil
	}
	t.notices = notice.OfRotation(n.Tenant, h)
	return t, err
}

// forget removes what is left of withdrawn operations, because everybody was told.
func (n *Notices) forget(ctx context.Context, t truth) error {
	var errs []error
	for _, w := range t.withdrawn {
		if err := n.Operations.Forget(ctx, w); !errors.Is(err, fault.Conflict) { // a conflict: it was withdrawn anew
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
