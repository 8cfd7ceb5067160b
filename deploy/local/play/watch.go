package play

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/shared/decide"
	"rekey/shared/detect"
	"rekey/shared/fault"
	"rekey/shared/remedy"
)

// patience is how long detection and eviction may take together before the play is over.
const patience = 90 * time.Second

// watch tells what Rekey does until the operation ends.
func (p *Play) watch(ctx context.Context, r *Result) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	w := watcher{Play: p, result: r}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		done, err := w.look(ctx)
		if err != nil && !errors.Is(err, fault.Transient) && ctx.Err() == nil {
			return err // else a part of the stack is being started again
		}
		if done {
			return nil
		}
		select {
		case <-ctx.Done():
			p.say("Nothing more happened within %s.", patience)
			return nil
		case <-tick.C:
		}
	}
}

// watcher remembers what was told already.
type watcher struct {
	*Play
	result  *Result
	planned bool
	told    int // steps
}

func (w *watcher) look(ctx context.Context) (done bool, err error) {
	if !w.result.Detected {
		return false, w.detection(ctx)
	}
	op, err := w.operation(ctx)
	if err != nil || op == nil {
		return false, err
	}
	if !w.planned {
		w.planned = true
		w.plan(op)
	}
	w.steps(op)
	if w.result.SecondsToContain == 0 {
		w.contained()
	}
	switch op.State {
	case remedy.StateDone, remedy.StateWatching:
		w.result.SecondsToEviction = time.Since(w.begun).Seconds()
		w.say("  %5.2f s  done\n", w.result.SecondsToEviction)
		return true, w.rotation(context.WithoutCancel(ctx), w.result, op.Case)
	case remedy.StateAwaitingApproval:
		return false, w.approve(ctx, op)
	case remedy.StateFailed, remedy.StateContained, remedy.StatePlanned, remedy.StateRejected, remedy.StateCancelled:
		w.say("The operation is %s: %s\n", op.State, op.Reason)
		for _, c := range op.Verdict.Checks {
			if !c.Passed {
				w.say("  stands in the way: %s (%s)", c.Name, c.Why)
			}
		}
		return true, nil
	}
	return false, nil
}

// detection looks for a detection of the attack.
func (w *watcher) detection(ctx context.Context) error {
	found, err := w.stack.State.Findings().Of(ctx, w.tenant.Victim.ObjectID)
	if err != nil {
		return err
	}
	for _, d := range found {
		if d.Last.Before(w.begun.Add(-time.Minute)) || d.Level != "high" {
			continue
		}
		w.result.Detected = true
		w.result.SecondsToDetection = max(0, d.Detected.Sub(w.begun).Seconds())
		w.describe(d)
		return nil
	}
	return nil
}

func (w *watcher) describe(d detect.Detection) {
	w.say("Detected after %.2f s: %s, level %s, %.1f bits, against fleet %s", w.result.SecondsToDetection, d.Type, d.Level, d.Bits, d.Fleet)
	for _, c := range d.Contributions {
		w.say("  %5.1f bits  %-14s %s", c.Bits, c.Name, c.Value)
		w.say("  %10s  %-14s %s", "", "", c.Why)
	}
	w.say("")
}

func (w *watcher) operation(ctx context.Context) (*remedy.Operation, error) {
	found, err := w.stack.State.Cases().Of(ctx, w.tenant.Victim.ObjectID)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	op, err := w.stack.State.Operations().Get(ctx, remedy.OperationID(found[0].ID))
	if errors.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil || op.Updated.Before(w.begun) || op.Verdict.Mode == decide.ModePlan && !ofHigh(op.Verdict) {
		return nil, err // a low case from before is planned for, and is not about the attack
	}
	return &op.Operation, nil
}

// ofHigh reports whether a verdict is about a case of level high.
func ofHigh(v decide.Verdict) bool {
	return slices.ContainsFunc(v.Checks, func(c decide.Check) bool { return c.Name == "level high" && c.Passed })
}

func (w *watcher) plan(op *remedy.Operation) {
	w.say("%s", strings.TrimRight(op.Plan.Text(), "\n"))
	w.say("\nVerdict: %s. Every brake was asked:", op.Verdict.Mode)
	for _, c := range op.Verdict.Checks {
		mark := "ok"
		if !c.Passed {
			mark = "NO"
		}
		w.say("  %-2s %-32s %s", mark, c.Name, c.Why)
	}
	w.say("\nEviction:")
}

// approve says yes in the place of the people who would be called: Rekey acts alone only when every brake lets it.
func (w *watcher) approve(ctx context.Context, op *remedy.Operation) error {
	people := w.stack.State.People(time.Now)
	for _, who := range []string{"ann@contoso.example", "ben@contoso.example"}[:op.Missing(time.Now())] {
		_, err := people.Approve(ctx, op.ID, remedy.Approval{By: who, PlanHash: op.PlanHash, Note: "on the local stack"}, time.Time{})
		if errors.Is(err, fault.Conflict) {
			return nil // the plan is another one by now: look again
		}
		if err != nil {
			return err
		}
		w.say("  %5.2f s  approved by %s: a brake above says that a person has to", time.Since(w.begun).Seconds(), who)
	}
	return nil
}

// steps tells the steps that were completed since the last look.
func (w *watcher) steps(op *remedy.Operation) {
	for w.told < len(op.Progress) && op.Progress[w.told].Status == remedy.Done {
		s, pr := op.Plan.Steps[w.told], op.Progress[w.told]
		w.told++
		again := ""
		if pr.Attempts > 1 {
			again = fmt.Sprintf(" (attempt %d)", pr.Attempts)
		}
		w.say("  %5.2f s  [%d/%d] %s%s", pr.Ended.Sub(w.begun).Seconds(), w.told, len(op.Progress), s.What, again)
	}
}

// contained notes when the first principal was disabled.
func (w *watcher) contained() {
	for _, c := range w.stack.Cloud.Directory.Changes() {
		if c.What == "accountEnabled" && c.Time.After(w.begun) {
			w.result.SecondsToContain = c.Time.Sub(w.begun).Seconds()
			return
		}
	}
}
