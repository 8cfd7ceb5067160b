package triage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"rekey/handlers/operations"
	"rekey/shared/casefile"
	"rekey/shared/detect"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/notice"
	"rekey/shared/remedy"
	"rekey/shared/store"
	"rekey/shared/verdict"
)

// due returns the verdicts on a subject that are to be carried out, the oldest first.
func (t *Triage) due(ctx context.Context, s subject) ([]verdict.Verdict, error) {
	var out []verdict.Verdict
	for _, key := range s.keys {
		vs, err := t.Verdicts.Due(ctx, key)
		if err != nil {
			return nil, err
		}
		out = append(out, vs...)
	}
	slices.SortFunc(out, func(a, b verdict.Verdict) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	return out, nil
}

// judge applies verdicts to everything that was found of a subject. It does not matter how often: a judgement stands until
// a later one.
func (t *Triage) judge(ctx context.Context, s subject, vs []verdict.Verdict) error {
	for _, v := range vs {
		if v.Kind == verdict.ConfirmCompromised && s.inventory != nil {
			if _, err := t.Findings.Keep(ctx, v.Confirmation(s.Principal), v.At); err != nil {
				return err
			}
		}
		if err := t.judgeAll(ctx, s, v.Judge); err != nil {
			return err
		}
	}
	return nil
}

func (t *Triage) judgeAll(ctx context.Context, s subject, judge func(detect.Detection) (detect.Detection, bool)) error {
	for _, key := range s.keys {
		if _, err := t.Findings.Judge(ctx, key, judge); err != nil {
			return err
		}
		store.Nudge(ctx, t.Publish, notice.Principals+key)
	}
	return nil
}

// carriedOut notes that verdicts were carried out, and what came of them.
func (t *Triage) carriedOut(ctx context.Context, s subject, vs []verdict.Verdict) error {
	for _, v := range vs {
		note := ""
		if s.inventory == nil {
			note = "the directory has no such service principal"
		}
		if v.Kind.Clears() {
			for _, key := range s.keys {
				if err := t.Suspects.Remove(ctx, key); err != nil {
					return err
				}
			}
		}
		if t.Announce != nil {
			if err := t.Announce(ctx, v); err != nil {
				return fmt.Errorf("announcing verdict %s: %w", v.ID, err)
			}
		}
		if err := t.Verdicts.Done(ctx, v, note, t.Now()); err != nil {
			return err
		}
		funchost.Count(ctx, "verdicts", 1)
	}
	return nil
}

// aged closes the last case of a subject whose detections are all too old to make one again.
func (t *Triage) aged(ctx context.Context, s subject, vs []verdict.Verdict) error {
	if len(vs) == 0 || len(s.keys) == 0 {
		return nil
	}
	known, err := t.Cases.Of(ctx, s.keys[0])
	if err != nil || len(known) == 0 {
		return err
	}
	c := slices.MaxFunc(known, func(a, b casefile.Case) int { return a.Updated.Compare(b.Updated) })
	last := vs[len(vs)-1]
	if c.Opened.After(last.At) {
		return nil
	}
	c.State, c.Detail, c.Updated = last.Kind.State(), last.Kind.Detail(), t.Now()
	if err := t.Cases.Keep(ctx, c); err != nil {
		return err
	}
	return t.withdraw(ctx, c)
}

// remediated applies the end of a subject's operation, if it has come to a good one: what was found until then is dealt
// with.
func (t *Triage) remediated(ctx context.Context, s subject) error {
	known, err := t.Cases.Of(ctx, s.keys[0])
	if err != nil {
		return err
	}
	for _, c := range known {
		op, err := t.operation(ctx, c)
		if err != nil {
			return err
		}
		if c.Closed() || op == nil || op.State != remedy.StateDone {
			continue
		}
		done := func(d detect.Detection) (detect.Detection, bool) {
			if d.Last.After(op.Updated) || d.Posture || d.Closed() {
				return d, false
			}
			return d.Judge(detect.StateRemediated, detect.DetailNone, op.Updated)
		}
		if err := t.judgeAll(ctx, s, done); err != nil {
			return err
		}
	}
	return nil
}

// operation reads a case's operation, or nil.
func (t *Triage) operation(ctx context.Context, c casefile.Case) (*operations.Stored, error) {
	op, err := t.Operations.Get(ctx, remedy.OperationID(c.ID))
	if errors.Is(err, fault.NotFound) {
		return nil, nil
	}
	return &op, err
}

// withdraw removes a plan that nobody began, so that nobody approves what was dismissed. What has begun goes on: half an
// eviction is worse than a whole one.
func (t *Triage) withdraw(ctx context.Context, c casefile.Case) error {
	op, err := t.operation(ctx, c)
	if err != nil || op == nil || op.State != remedy.StatePlanned && op.State != remedy.StateAwaitingApproval {
		return err
	}
	if err := t.Operations.Withdraw(ctx, *op, t.Now()); err != nil {
		return err
	}
	funchost.Note(ctx, "withdrawn", op.ID)
	return nil
}
