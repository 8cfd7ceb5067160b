package remediations

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"rekey/handlers/operations"
	"rekey/handlers/orders"
	"rekey/handlers/rotations"
	"rekey/shared/decide"
	"rekey/shared/fault"
	"rekey/shared/order"
	"rekey/shared/remedy"
	"rekey/shared/verdict"
)

// Clerk carries out orders about remediations. It trusts none of them: each is done as if its giver sat at a terminal, by
// the same rules, and a yes counts only where the settings say that yeses over HTTP do.
type Clerk struct {
	People    operations.People
	Rotations rotations.People
	Request   func(ctx context.Context, key string, r verdict.Request) (operations.Stored, error)
	Diff      func(ctx context.Context, id string) (remedy.Operation, []remedy.Deviation, error)
	Undo      func(ctx context.Context, id string, o remedy.UndoOptions) (remedy.Operation, error)
	Stopped   func(ctx context.Context) (bool, error)
	Approvals bool // approvals over HTTP count
	Rest      decide.Windows
}

// Kinds are what the clerk carries out.
func (c Clerk) Kinds() map[order.Kind]func(context.Context, *orders.Work) error {
	return map[order.Kind]func(context.Context, *orders.Work) error{
		order.Remediate: c.remediate, order.Approve: c.approve, order.Reject: c.reject, order.Cancel: c.cancel, order.Undo: c.undo,
		order.ApproveTier: c.word(rotations.Approve), order.DeclineTier: c.word(rotations.Decline), order.Retry: c.word(rotations.Resume),
	}
}

// remediate asks for a plan. What may be done without people is decided by the brakes, as for any other case.
func (c Clerk) remediate(ctx context.Context, w *orders.Work) error {
	body, err := w.Remediation()
	if err != nil {
		return err
	}
	key := w.IDs[0]
	if body.App {
		key = "app:" + key
	}
	o, err := c.Request(ctx, key, verdict.Request{
		Order: w.ID, By: w.By, Reason: w.Reason, Plan: decide.Mode(body.Mode) == decide.ModePlan, At: w.Opened,
	})
	if err != nil {
		return err
	}
	w.Result, w.Message = o.ID, fmt.Sprintf("the plan %s of operation %s is %s", o.PlanHash, o.ID, o.State)
	w.Notes = notes(&o.Operation, decide.Mode(body.Mode))
	return nil
}

// notes say what a request did not bring about, and why.
func notes(o *remedy.Operation, asked decide.Mode) []string {
	var out []string
	switch {
	case o.Underway() || o.State == remedy.StateRunning:
		return append(out, "it is being carried out, or was: "+o.Half().String())
	case len(o.Plan.Steps) == 0:
		out = append(out, "the plan has no steps: it says why")
	case asked != decide.ModePlan && o.State == remedy.StatePlanned:
		out = append(out, "nothing can be approved: the policy of this principal allows a plan and no more, or it is never touched (REKEY_MODE, REKEY_MODES, REKEY_NEVER_TOUCH)")
	}
	if asked == decide.ModeContain || asked == decide.ModeEvict {
		for _, x := range o.Verdict.Checks {
			if !x.Passed {
				out = append(out, fmt.Sprintf("not without a person, %s: %s", x.Name, x.Why))
			}
		}
		if o.Verdict.Asked != asked {
			out = append(out, fmt.Sprintf("the policy of this principal is %q, whatever was asked for", o.Verdict.Asked))
		}
	}
	return out
}

// signed is how a person's reason stands in journals: with who it was, and by which order.
func signed(w *orders.Work) string {
	return strings.TrimSpace(fmt.Sprintf("%s (over HTTP, %s, %s)", w.Reason, w.By, w.ID))
}

// mine reports whether a text was signed by this order: then an earlier attempt came that far.
func mine(w *orders.Work, text string) bool { return strings.Contains(text, w.ID) }

// permitted asks whether a yes counts.
func (c Clerk) permitted(w *orders.Work) error {
	return w.Counts(c.Approvals, "rekey operation approve, rekey rotation approve")
}

func (c Clerk) approve(ctx context.Context, w *orders.Work) error {
	body, err := w.Remediation()
	if err != nil {
		return err
	}
	now := c.People.Now()
	a := remedy.Approval{By: w.Person, PlanHash: body.Hash, Time: w.Opened, Note: signed(w)}
	notBefore := now
	if _, until, on := c.Rest.On(now); on && body.Wait {
		notBefore = until
	}
	o, err := c.People.Get(ctx, w.IDs[0])
	if err != nil {
		return err
	}
	op := o.Operation
	if !slices.ContainsFunc(op.Approvals, func(x remedy.Approval) bool { return mine(w, x.Note) }) {
		if err := c.permitted(w); err != nil {
			return err
		}
		dry := o.Operation
		if err := dry.Approve(a, notBefore, now); err != nil {
			return final(err)
		}
		if op, err = c.People.Approve(ctx, w.IDs[0], a, notBefore); err != nil {
			return again(err)
		}
	}
	w.Result = op.ID
	switch stopped, err := c.Stopped(ctx); {
	case err != nil:
		return err
	case op.Missing(now) > 0 && op.Mandate == nil:
		w.Message = fmt.Sprintf("approved; %d more must approve within 4 hours", op.Missing(now))
	case stopped:
		w.Message = "approved; the kill switch is set: nothing is changed until it is taken back"
	case op.Waits(now):
		w.Message = "approved; it begins when the maintenance window is over"
	default:
		w.Message = "approved; it is carried out now"
	}
	return nil
}

// final makes a refusal one that is not tried again: the plan is another one by now, or there is nothing to say yes to.
func final(err error) error { return fault.Errorf(fault.Denied, "%v", err) }

// again makes a race that was lost one more try.
func again(err error) error {
	if fault.Kind(err) == fault.Conflict {
		return fault.Errorf(fault.Transient, "%v", err)
	}
	return err
}

func (c Clerk) reject(ctx context.Context, w *orders.Work) error {
	return c.say(ctx, w, c.People.Reject, func(o *remedy.Operation) *remedy.Decision { return o.Rejected })
}

func (c Clerk) cancel(ctx context.Context, w *orders.Work) error {
	return c.say(ctx, w, c.People.Cancel, func(o *remedy.Operation) *remedy.Decision { return o.Cancel })
}

// say makes a decision, unless an earlier attempt made it.
func (c Clerk) say(ctx context.Context, w *orders.Work, do func(context.Context, string, remedy.Decision) (remedy.Operation, error), said func(*remedy.Operation) *remedy.Decision) error {
	o, err := c.People.Get(ctx, w.IDs[0])
	if err != nil {
		return err
	}
	op := o.Operation
	if d := said(&op); d == nil || !mine(w, d.Why) {
		if op, err = do(ctx, w.IDs[0], remedy.Decision{By: w.Person, Why: signed(w)}); err != nil {
			return again(err)
		}
	}
	w.Result, w.Message = op.ID, fmt.Sprintf("%s is %s: %s", op.ID, op.State, op.Half())
	return nil
}

// maxNotes bounds what an order's row holds of a diff.
const maxNotes = 200

// undo says what would come back and, if asked to, opens the operation that brings it back. That one awaits approval.
func (c Clerk) undo(ctx context.Context, w *orders.Work) error {
	body, err := w.Remediation()
	if err != nil {
		return err
	}
	if body.Apply && w.Person == "" {
		return fault.Errorf(fault.Denied, "order %s is an application's: it may ask what would come back, and not that it does", w.ID)
	}
	op, diff, err := c.Diff(ctx, w.IDs[0])
	if err != nil {
		return err
	}
	w.Result, w.Message, w.Notes = op.ID, fmt.Sprintf("of what was there before %s, so much is not there now: %d", op.ID, len(diff)), nil
	for i, d := range diff {
		if i == maxNotes {
			w.Notes = append(w.Notes, fmt.Sprintf("and %d more: rekey undo %s --diff", len(diff)-i, op.ID))
			break
		}
		w.Notes = append(w.Notes, d.Text())
	}
	if !body.Apply {
		return nil
	}
	back, err := c.Undo(ctx, op.ID, remedy.UndoOptions{Only: body.Only, Name: body.Suspect, SecretTo: body.SecretTo, By: w.By})
	if err != nil {
		return err
	}
	if len(back.Plan.Steps) == 0 {
		w.Message = "nothing comes back: nothing is missing of what was asked for"
		return nil
	}
	w.Result, w.Message = back.ID, fmt.Sprintf("operation %s puts it back when its plan %s is approved", back.ID, back.PlanHash)
	return nil
}

// word says something about a rotation. The word has the order's id, so it counts once, however often the order is tried.
func (c Clerk) word(what string) func(context.Context, *orders.Work) error {
	return func(ctx context.Context, w *orders.Work) error {
		body, err := w.Remediation()
		if err != nil {
			return err
		}
		w.Result = ownerOf(w.IDs[0]) + rotationPart
		w.Message = "written down; it takes effect in a moment"
		j, err := c.Rotations.Get(ctx, w.IDs[0])
		if err != nil {
			return err
		}
		word := rotations.Word{ID: w.ID, What: what, Tier: body.Tier, Hash: body.Hash, Target: body.Target, By: w.Person, Why: signed(w), Time: w.Opened}
		said, err := c.Rotations.Said(ctx, j, word.ID)
		if err == nil && !said {
			err = c.sayable(w, j, word)
		}
		if err != nil {
			return err
		}
		return again(c.Rotations.Say(ctx, w.IDs[0], word))
	}
}

// sayable asks whether a word counts, and would take effect on the rotation as it is.
func (c Clerk) sayable(w *orders.Work, j *rotations.Stored, word rotations.Word) error {
	if word.What != rotations.Decline { // going on with what was parked is a yes, too
		if err := c.permitted(w); err != nil {
			return err
		}
	}
	if j.Claimed() {
		return nil
	}
	if err := word.Apply(j.Journal, c.Rotations.Now()); err != nil { // on a copy that is not written
		return final(err)
	}
	return nil
}
