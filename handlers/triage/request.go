package triage

import (
	"context"
	"errors"

	"rekey/handlers/operations"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/remedy"
	"rekey/shared/verdict"
)

// Request takes a request for a remediation: what is wanted is kept as a detection, the principal is looked at as after any
// other, and the operation of its case is returned. The brakes are asked as ever. Taken twice, it is one request. A
// principal that the directory does not have is an error of kind fault.NotFound.
func (t *Triage) Request(ctx context.Context, key string, r verdict.Request) (operations.Stored, error) {
	s, err := t.identify(ctx, key)
	switch {
	case err != nil:
		return operations.Stored{}, err
	case s.inventory == nil || s.ObjectID == "":
		return operations.Stored{}, fault.Errorf(fault.NotFound, "asking for a remediation of %s: the directory has no such service principal: name one by its object id or its application's id", key)
	}
	if _, err := t.Findings.Keep(ctx, r.Detection(s.Principal), r.At); err != nil {
		return operations.Stored{}, err
	}
	if err := t.Handle(ctx, funchost.Message{Text: s.ObjectID}); err != nil {
		return operations.Stored{}, err
	}
	c, err := t.Cases.Newest(ctx, s.ObjectID)
	if err != nil {
		return operations.Stored{}, err
	}
	o, err := t.Operations.Get(ctx, remedy.OperationID(c.ID))
	if errors.Is(err, fault.NotFound) {
		err = fault.Errorf(fault.Denied, "asking for a remediation of %s: case %s is %s, and there is no plan for it: ask again with another Idempotency-Key", key, c.ID, c.RiskState())
	}
	return o, err
}
