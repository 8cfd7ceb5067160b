package rotate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/ledger"
	"rekey/shared/reach"
	"rekey/shared/remedy"
	plan "rekey/shared/rotate"
)

// linked opens a case for each application whose credential was read, and says so in the principal's own: a detection is
// kept, and triage is rung for both. Each is told once; after a crash in between it is told again, as the same detection.
func (r *run) linked(ctx context.Context, all []reach.Linked) error {
	if r.Findings.Table == nil {
		return nil
	}
	untold, left := r.j.Untold(all)
	if left > 0 {
		funchost.Note(ctx, "linked_untold", fmt.Sprint(left))
	}
	var told []string
	for _, l := range untold {
		p, err := r.identify(ctx, l.AppID)
		if err != nil {
			return err
		}
		if r.own(l.AppID, p) {
			continue
		}
		if _, err := r.Findings.Keep(ctx, r.j.Tell(l, p), r.Now()); err != nil {
			return err
		}
		if err := r.Triage.Ring(ctx, p.Key()); err != nil {
			return fmt.Errorf("ringing for the case of %s, whose credential was read: %w", p.Key(), err)
		}
		told = append(told, p.Key()+": "+l.Secret)
	}
	if len(told) == 0 {
		return nil
	}
	err := r.note(ctx, ledger.Entry{Kind: ledger.Note, Found: told, Text: "credentials of other applications were read: each has a case of its own now"})
	if err == nil {
		err = r.Rotations.Write(ctx, r.j, "")
	}
	if err == nil {
		err = r.Triage.Ring(ctx, r.subject.Principal.Key()) // its case names them, from what was just written
	}
	return err
}

// identify finds the principal that a tag names. One that the tenant does not have is kept by the id that the tag has.
func (r *run) identify(ctx context.Context, id string) (event.Principal, error) {
	p, err := r.Identify(ctx, id)
	if errors.Is(err, fault.NotFound) {
		return event.Principal{AppID: id}, nil
	}
	if err != nil {
		return p, fmt.Errorf("asking Graph whose credential %s is: %w", id, err)
	}
	return p, nil
}

// own reports whether a tag names the evicted principal itself, or Rekey, by whichever of its ids.
func (r *run) own(id string, p event.Principal) bool {
	mine := append([]string{r.subject.Principal.ObjectID, r.subject.Principal.AppID}, r.Options.Own...)
	return slices.ContainsFunc([]string{id, p.ObjectID, p.AppID}, func(x string) bool {
		return x != "" && slices.ContainsFunc(mine, func(m string) bool { return strings.EqualFold(m, x) })
	})
}

// careful makes the opening as careful as the eviction's: whoever is in a linked case approves nothing, and where an
// administrator of one is still at work, two people have to approve, and nothing runs by itself.
func careful(o plan.Opening, op remedy.Operation) plan.Opening {
	o.Never = append(slices.Clone(o.Never), op.Plan.Needs.Never...)
	for _, l := range op.Plan.Linked {
		if l.Principal != "" && !slices.Contains(o.Never, l.Principal) {
			o.Never = append(o.Never, l.Principal)
		}
		if l.Administrator && l.Active {
			o.Needs, o.Alone = max(o.Needs, 2), false
		}
	}
	return o
}

// bar takes away the approvals of people who are in a case by now, and lets no new one of theirs count.
func (r *run) bar(ctx context.Context, by []string) error {
	if r.Suspects == nil || len(by) == 0 {
		return nil
	}
	suspects, err := r.Suspects(ctx)
	if err != nil {
		return fmt.Errorf("reading who is in a case: %w", err)
	}
	by = slices.DeleteFunc(by, func(p string) bool {
		return !slices.ContainsFunc(suspects, func(s string) bool { return strings.EqualFold(s, strings.TrimPrefix(strings.TrimSpace(p), "user:")) })
	})
	if len(by) == 0 || !r.j.Bar(by...) {
		return nil
	}
	return r.note(ctx, ledger.Entry{Kind: ledger.Note, Found: by, Text: "approvals of these people do not count: they are in a case themselves"})
}
