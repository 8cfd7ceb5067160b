package command

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"rekey/handlers/rotations"
	"rekey/shared/fault"
	"rekey/shared/rotate"
	"rekey/shared/store"
)

// rotationCommand looks at rotations and says yes or no to their tiers.
func rotationCommand(ctx context.Context, args []string, out io.Writer) error {
	account, err := openState(ctx)
	if err != nil {
		return err
	}
	return changer{account.RotationPeople(time.Now), account.Blobs(store.ContainerUndo)}.run(ctx, args, out)
}

// changer is where people decide about secrets.
type changer struct {
	rotations.People
	Plans store.Blobs
}

func (c changer) run(ctx context.Context, args []string, out io.Writer) error {
	switch {
	case len(args) == 1 && args[0] == "list":
		return c.list(ctx, out)
	case len(args) < 2:
		return ErrUsage
	}
	id, rest := args[1], args[2:]
	switch args[0] {
	case "show":
		return c.show(ctx, id, rest, out)
	case rotations.Approve, rotations.Decline, rotations.Resume:
		return c.say(ctx, args[0], id, rest, out)
	}
	return ErrUsage
}

func (c changer) list(ctx context.Context, out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ROTATION\tSTATE\tOPENED\tPRINCIPAL\tREASON")
	err := c.Each(ctx, func(h rotate.Head, err error) error {
		if err != nil {
			h.Reason = err.Error()
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%q\t%s\n", h.ID, h.State, h.Opened.Format(time.RFC3339), h.Name, h.Reason)
		return nil
	})
	if flushErr := w.Flush(); err == nil {
		err = flushErr
	}
	return err
}

func (c changer) show(ctx context.Context, id string, args []string, out io.Writer) error {
	format := "text"
	if err := flags(args, func(fs *flag.FlagSet) { fs.StringVar(&format, "format", format, "") }); err != nil {
		return err
	}
	j, err := c.Get(ctx, id)
	if err != nil {
		return err
	}
	switch format {
	case "json":
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(j.Journal)
	case "plan":
		return c.copy(ctx, id+".txt", out)
	case "plan-json":
		return c.copy(ctx, id+".json", out)
	case "reach":
		return c.copy(ctx, id+rotations.ReachText, out)
	case "reach-json":
		return c.copy(ctx, id+rotations.ReachJSON, out)
	case "text":
		return c.text(j.Journal, out)
	}
	return ErrUsage
}

// copy shows what was stored for people when the rotation was planned, or last changed.
func (c changer) copy(ctx context.Context, name string, out io.Writer) error {
	b, err := c.Plans.Read(ctx, name)
	if errors.Is(err, fault.NotFound) {
		return fault.Errorf(fault.NotFound, "reading %s: nothing of that was stored: the rotation is being planned, or was by a program of before", name)
	}
	if err == nil {
		_, err = out.Write(b)
	}
	return err
}

func (c changer) text(j *rotate.Journal, out io.Writer) error {
	j.Advance(c.Now())
	fmt.Fprintf(out, "%s for %q, case %s\n%s\n%s\n", j.ID, j.Name, j.Case, j.Summary(), j.Reason)
	fmt.Fprintf(out, "how far the principal got: rekey rotation show %s --format reach\n", j.ID)
	for _, x := range j.Taken {
		fmt.Fprintf(out, "  it read a credential of %q (%s) in %s: that has a case of its own\n", x.Name, x.Key, x.Secret)
	}
	asks := j.Asks()
	for _, t := range j.Tiers {
		fmt.Fprintf(out, "\nTier %d: %s\n", t.Number, t.Reason)
		if slices.Contains(asks, t.Number) {
			fmt.Fprintf(out, "  waits for people (see the plan: rekey rotation show %s --format plan):\n  rekey rotation approve %s --tier %d --hash %s --by WHO\n", j.ID, j.ID, t.Number, t.Hash)
		}
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		for _, i := range j.Items {
			if i.Tier != t.Number {
				continue
			}
			why := i.Reason
			if why == "" {
				why = i.Note
			}
			if why == "" && i.Kind == rotate.OwnerAction {
				why = i.Why
			}
			fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", i.Status, i.Step(), i.Key, why)
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func (c changer) say(ctx context.Context, what, id string, args []string, out io.Writer) error {
	w := rotations.Word{What: what}
	err := flags(args, func(fs *flag.FlagSet) {
		fs.StringVar(&w.By, "by", "", "")
		fs.StringVar(&w.Why, "why", "", "")
		switch what {
		case rotations.Approve:
			fs.StringVar(&w.Hash, "hash", "", "")
			fallthrough
		case rotations.Decline:
			fs.IntVar(&w.Tier, "tier", 0, "")
		case rotations.Resume:
			fs.StringVar(&w.Target, "target", "", "")
		}
	})
	if err != nil {
		return err
	}
	if err := c.Say(ctx, id, w); err != nil {
		return err
	}
	fmt.Fprintf(out, "written down; it takes effect in a moment: rekey rotation show %s\n", id)
	return nil
}
