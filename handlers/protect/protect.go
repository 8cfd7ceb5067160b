// Package protect tells Identity Protection what people found out: that service principals are compromised, or that
// their risk is none.
//
// Confirm and Dismiss are for whoever has a record of its own, like an operation; Orders carries out what people asked
// for, batch by batch, so that another instance can go on where one ended.
package protect

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"rekey/shared/azure/graph"
	"rekey/shared/fault"
	"rekey/shared/order"
)

// Batch is how many principals one request names.
const Batch = 60

// Risk is what is called in Identity Protection, at its pace of one request a second.
type Risk interface {
	ConfirmCompromised(ctx context.Context, ids ...string) error
	Dismiss(ctx context.Context, ids ...string) error
}

// Outcome is what came of telling Identity Protection.
type Outcome struct {
	Done     []string     // principals it was told of
	Left     []order.Left // principals it does not take, and why
	FellAway string       // why nothing was told at all: the tenant has no licence for it; "" when it was
}

// Confirm says that principals are compromised. What is confirmed already stays so. An error leaves it open for which
// principals it happened; confirming again does no harm.
func Confirm(ctx context.Context, r Risk, ids []string) (Outcome, error) {
	return tell(ctx, r.ConfirmCompromised, ids)
}

// Dismiss says that the risk of principals is none. One without a risk is left as it is.
func Dismiss(ctx context.Context, r Risk, ids []string) (Outcome, error) {
	return tell(ctx, r.Dismiss, ids)
}

// unlicensed is what people are told.
const unlicensed = "the tenant has no Workload ID Premium, so Identity Protection takes no word on service principals: nothing was told to it; " +
	"cases and evictions of Rekey do not need it"

func tell(ctx context.Context, call func(context.Context, ...string) error, ids []string) (Outcome, error) {
	var out Outcome
	for batch := range slices.Chunk(ids, Batch) {
		if err := out.part(ctx, call, batch); err != nil {
			return out, err
		}
	}
	return out, nil
}

// part tells of some principals. Identity Protection refuses a batch whole when it does not take one of its principals,
// and does not say which: the batch is halved until that one stands alone.
func (o *Outcome) part(ctx context.Context, call func(context.Context, ...string) error, ids []string) error {
	err := call(ctx, ids...)
	switch {
	case err == nil:
		o.Done = append(o.Done, ids...)
		return nil
	case errors.Is(err, graph.ErrUnlicensed):
		o.FellAway = unlicensed
		return nil
	case !errors.Is(err, graph.ErrNotTaken):
		return err
	case len(ids) == 1:
		o.Left = append(o.Left, order.Left{ID: ids[0], Reason: "Identity Protection does not take it: there is no such service principal, or it is a managed identity"})
		return nil
	}
	half := len(ids) / 2
	if err := o.part(ctx, call, ids[:half]); err != nil {
		return err
	}
	return o.part(ctx, call, ids[half:])
}

// Principals finds service principals.
type Principals interface {
	ServicePrincipal(ctx context.Context, id string) (graph.Object, error)
	ServicePrincipals(ctx context.Context, appID string) ([]graph.Object, error)
}

// Untouchable returns the object ids of the service principals that must never be touched, with the reason, by ids of
// applications or of principals. Ids of nothing are passed over: the list outlives what it names.
func Untouchable(ctx context.Context, p Principals, ids map[string]string) (map[string]string, error) {
	out := map[string]string{}
	for id, reason := range ids {
		found, err := p.ServicePrincipals(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("looking up what is never touched: %w", err)
		}
		for _, sp := range found {
			out[sp.ID] = reason
		}
		_, err = p.ServicePrincipal(ctx, id)
		switch {
		case err == nil:
			out[id] = reason
		case !errors.Is(err, fault.NotFound):
			return nil, fmt.Errorf("looking up what is never touched: %w", err)
		}
	}
	return out, nil
}
