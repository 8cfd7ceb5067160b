package evict

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/shared/azure/graph"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/ledger"
	"rekey/shared/remedy"
)

// act carries a step out. It may be repeated: it looks before it changes, or changes what makes no difference the second time.
type act func(ctx context.Context, r *run, s remedy.Step) error

// actOf returns how a kind of step is done, nil for one that this program does not know. Kinds are in the order of a plan.
func actOf(kind string) act {
	return map[string]act{
		remedy.StepSnapshot:               snapshot,
		remedy.StepConfirm:                confirm,
		remedy.StepDisable:                disable,
		remedy.StepRemoveAzureRoles:       removeAzureRoles,
		remedy.StepRemoveVaultPolicies:    removeVaultPolicies,
		remedy.StepRemoveMemberships:      removeMemberships,
		remedy.StepCertificate:            makeCertificate,
		remedy.StepReplaceKeys:            replaceKeys,
		remedy.StepRemovePasswords:        removePasswords,
		remedy.StepRemoveFederated:        removeFederated,
		remedy.StepRemoveManagedFederated: removeManagedFederated,
		remedy.StepRemoveOwners:           removeOwners,
		remedy.StepRemoveRedirects:        removeRedirects,
		remedy.StepRemoveGrants:           removeGrants,
		remedy.StepRemoveAppRoles:         removeAppRoles,
		remedy.StepRemoveDirectoryRoles:   removeDirectoryRoles,
		remedy.StepDetach:                 detach,
		remedy.StepRemovePlanted:          removePlanted,
		remedy.StepVerify:                 verify,
		remedy.StepEnable:                 enable,
		remedy.StepProve:                  prove,
		remedy.StepDismiss:                dismiss,

		remedy.StepRestoreRedirects:      restoreRedirects,
		remedy.StepRestoreOwners:         restoreOwners,
		remedy.StepRestoreMemberships:    restoreMemberships,
		remedy.StepRestoreGrants:         restoreGrants,
		remedy.StepRestoreAppRoles:       restoreAppRoles,
		remedy.StepRestoreDirectoryRoles: restoreDirectoryRoles,
		remedy.StepRestoreAzureRoles:     restoreAzureRoles,
		remedy.StepRestoreVaultPolicies:  restoreVaultPolicies,
		remedy.StepRestoreFederated:      restoreFederated,
		remedy.StepRestoreKeys:           restoreKeys,
		remedy.StepIssueSecret:           issueSecret,
		remedy.StepRestoreEnabled:        restoreEnabled,
	}[kind]
}

// do carries a step out, by its kind.
func do(ctx context.Context, r *run, s remedy.Step) error {
	if a := actOf(s.Kind); a != nil {
		return a(ctx, r, s)
	}
	return fault.Errorf(fault.Denied, "this program does not know steps of kind %q: upgrade it", s.Kind)
}

// required reports whether an operation ends with a step that is refused for good: nothing is removed where nothing can be
// added, and nothing is let in again that was not looked at. Without any other step the rest goes on.
func required(s remedy.Step) bool {
	switch s.Kind {
	case remedy.StepSnapshot, remedy.StepDisable, remedy.StepCertificate, remedy.StepVerify, remedy.StepEnable, remedy.StepProve:
		return true
	case remedy.StepReplaceKeys:
		return s.ObjectKind == remedy.KindApplication
	}
	return actOf(s.Kind) == nil
}

// final reports whether a refusal is no question of time.
func final(err error) bool {
	return errors.Is(err, graph.ErrLocked) || errors.Is(err, graph.ErrUnlicensed) || errors.Is(err, graph.ErrCredentialType)
}

// goOnWithout notes that a step is refused for good, and goes on with the next.
func (r *run) goOnWithout(ctx context.Context, s remedy.Step, err error) error {
	why := fmt.Sprintf("%s on %s: %v", s.Kind, s.Object, err)
	switch {
	case errors.Is(err, graph.ErrLocked):
		why += "; only the application's home tenant can lift the lock"
	case errors.Is(err, graph.ErrUnlicensed):
		why += "; it takes Workload ID Premium, and nothing else of the plan needs it"
	default:
		why = fmt.Sprintf("%s on %s: %v", s.Kind, s.Object, needing(s, err))
	}
	if err := r.answer(ctx); err != nil {
		return err
	}
	if err := r.note(ctx, ledger.Entry{Kind: ledger.Result, Step: s.ID, Object: s.Object, Text: "not done, the rest goes on: " + why}); err != nil {
		return err
	}
	if !errors.Is(err, graph.ErrUnlicensed) {
		r.op.Block(s, why, r.Now())
	}
	r.op.Complete(s.ID, "not done: "+why, r.Now())
	funchost.Count(ctx, "steps_refused", 1)
	return r.save(ctx)
}

// needing says which permission a refused step needs.
func needing(s remedy.Step, err error) error {
	if s.Permission == "" {
		return err
	}
	return fmt.Errorf("%w; it needs %s", err, s.Permission)
}

// say adds to what the journal says of the step at work.
func (r *run) say(format string, args ...any) {
	if r.remark != "" {
		r.remark += "; "
	}
	r.remark += fmt.Sprintf(format, args...)
}

// gone makes an object that is not there any more a success: what was on it opens nothing.
func (r *run) gone(s remedy.Step, err error) error {
	if errors.Is(err, fault.NotFound) {
		r.say("%s %s is gone", s.ObjectKind, s.Object)
		return nil
	}
	return err
}

// find returns an object of the present inventory.
func (r *run) find(ctx context.Context, s remedy.Step) (remedy.Object, error) {
	inv, err := r.Inventory(ctx, r.op.Principal)
	if err != nil {
		return remedy.Object{}, err
	}
	for _, o := range inv.Objects() {
		if o.ID == s.Object {
			return o, nil
		}
	}
	return remedy.Object{}, fault.Errorf(fault.NotFound, "%s %s is gone", s.ObjectKind, s.Object)
}

// kept returns the ids of an object's credentials of a type that stay. A key and a secret may share an id.
func (r *run) kept(o remedy.Object, kind string) []string {
	var out []string
	for _, k := range r.op.Keeps(o) {
		if k.Type == kind {
			out = append(out, k.KeyID)
		}
	}
	return out
}

// has compares ids without regard to case, as Graph does.
func has(ids []string, id string) bool {
	return slices.ContainsFunc(ids, func(s string) bool { return strings.EqualFold(s, id) })
}

func collection(kind string) string {
	if kind == remedy.KindApplication {
		return graph.Applications
	}
	return graph.ServicePrincipals
}

// pause waits a little between two tries of a step. It gives up when this instance has been at the step for longer than its
// limit; that the invocation ends is no reason to.
func (r *run) pause(ctx context.Context, s remedy.Step, limit time.Duration) error {
	from, ok := r.begun[s.ID]
	if !ok {
		from = r.Now()
		r.begun[s.ID] = from
	}
	if r.Now().Sub(from) > limit {
		return fmt.Errorf("%w after %s", errGiveUp, limit)
	}
	return r.wait(ctx)
}

// wait waits a little, and holds the lease meanwhile.
func (r *run) wait(ctx context.Context) error {
	timer := time.NewTimer(r.Pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return fault.As(fault.Transient, ctx.Err())
	case <-timer.C:
	}
	if now := r.Now(); r.op.Lease.Until.Sub(now) < leaseTerm/2 {
		r.op.Acquire(r.Owner, now, leaseTerm)
		return r.save(ctx)
	}
	return nil
}
