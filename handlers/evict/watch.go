package evict

import (
	"context"
	"errors"
	"fmt"

	"rekey/shared/ledger"
	"rekey/shared/remedy"
)

// look is one look in the days after the locks were changed. It holds the lease only while it looks; sweep rings for the
// next one.
func (r *run) look(ctx context.Context) error {
	s, ok := r.watchStep()
	if !ok || r.op.Watch == nil {
		r.op.Fail("its journal is in days of watching that its plan does not have", r.Now())
		return r.end(ctx, r.op.Reason)
	}
	if err := r.mayGoOn(ctx, s); err != nil {
		return err
	}
	if r.op.Failing != "" {
		return r.giveUp(ctx, s, errors.New(r.op.Failing))
	}
	came, err := r.comeBack(ctx, s)
	if err != nil || r.op.State == remedy.StateFailed {
		return err
	}
	var found []remedy.Failure
	if r.Failures != nil {
		if found, err = r.Failures(ctx, r.op.Principal, r.op.Begun(s.ID)); err != nil {
			return err
		}
	}
	news := r.op.Looked(found, r.Now()) || came
	if news && r.Triage != nil { // the case has something new to say
		if err := r.Triage.Ring(ctx, r.op.Principal.Key()); err != nil {
			return fmt.Errorf("operation %s: ringing for triage: %w", r.op.ID, err)
		}
	}
	if !r.Now().Before(r.op.Watch.Until) {
		r.op.EndWatch("watched to the end", r.Now())
		return r.end(ctx, "operation ended: "+string(r.op.State))
	}
	r.op.Release(r.Now())
	return r.save(ctx)
}

func (r *run) watchStep() (remedy.Step, bool) {
	for _, s := range r.op.Plan.Steps {
		if s.Kind == remedy.StepWatch {
			return s, true
		}
	}
	return remedy.Step{}, false
}

// comeBack looks for removed credentials that came back, in two reads that agree, and removes them again. The fourth time it
// gives up: whoever adds them has a way in that nobody knows of.
func (r *run) comeBack(ctx context.Context, s remedy.Step) (bool, error) {
	left, err := r.left(ctx)
	if err != nil || len(left) == 0 {
		return false, err
	}
	if err := r.wait(ctx); err != nil {
		return false, err
	}
	if left, err = r.left(ctx); err != nil || len(left) == 0 {
		return false, err
	}
	tooOften := r.op.Returned(r.Now())
	text := fmt.Sprintf("credentials came back, time %d: %s on %s", r.op.Watch.Returns, left[0].Kind, left[0].Object)
	if err := errors.Join(r.note(ctx, ledger.Entry{Kind: ledger.Note, Step: s.ID, Object: left[0].Object, Text: text}), r.save(ctx)); err != nil {
		return false, err
	}
	if tooOften {
		return true, r.giveUp(ctx, s, errors.New(text+"; they are added again and again"))
	}
	if err := r.clean(ctx, s); err != nil {
		if errors.Is(err, errGiveUp) {
			return true, r.giveUp(ctx, s, err)
		}
		return true, err
	}
	return true, r.answer(ctx)
}
