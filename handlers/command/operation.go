package command

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"rekey/handlers/operations"
	apps "rekey/handlers/settings"
	"rekey/shared/host/config"
	"rekey/shared/remedy"
)

// operationCommand looks at operations and says yes or no to them.
func operationCommand(ctx context.Context, args []string, out io.Writer) error {
	account, err := openState(ctx)
	if err != nil {
		return err
	}
	var rest apps.Rest
	if err := config.Load(&rest); err != nil {
		return err
	}
	return council{account.People(time.Now), rest}.run(ctx, args, out)
}

// council is where people decide.
type council struct {
	operations.People
	apps.Rest
}

func (d council) run(ctx context.Context, args []string, out io.Writer) error {
	switch {
	case len(args) >= 1 && args[0] == "list":
		return d.list(ctx, args[1:], out)
	case len(args) < 2:
		return ErrUsage
	}
	id, rest := args[1], args[2:]
	switch args[0] {
	case "show":
		return d.show(ctx, id, rest, out)
	case "approve":
		return d.approve(ctx, id, rest, out)
	case "reject":
		return d.decide(rest, out, func(x remedy.Decision) (remedy.Operation, error) { return d.Reject(ctx, id, x) })
	case "cancel":
		return d.decide(rest, out, func(x remedy.Decision) (remedy.Operation, error) { return d.Cancel(ctx, id, x) })
	}
	return ErrUsage
}

func (d council) list(ctx context.Context, args []string, out io.Writer) error {
	var state string
	if err := flags(args, func(fs *flag.FlagSet) { fs.StringVar(&state, "state", "", "") }); err != nil {
		return err
	}
	all, err := d.List(ctx, remedy.State(state))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "OPERATION\tSTATE\tOPENED\tPLAN\tMISSING\tPRINCIPAL")
	for i := range all {
		o := &all[i]
		missing := "-"
		if o.State == remedy.StateAwaitingApproval || o.State == remedy.StateContained {
			missing = fmt.Sprint(o.Missing(d.Now()))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%q\n", o.ID, o.State, o.Opened.Format(time.RFC3339), o.PlanHash, missing, o.Principal.Name)
	}
	if flushErr := w.Flush(); err == nil {
		err = flushErr
	}
	return err
}

func (d council) show(ctx context.Context, id string, args []string, out io.Writer) error {
	format := "text"
	if err := flags(args, func(fs *flag.FlagSet) { fs.StringVar(&format, "format", format, "") }); err != nil {
		return err
	}
	o, err := d.Get(ctx, id)
	if err != nil {
		return err
	}
	switch format {
	case "text":
		_, err = io.WriteString(out, o.Text(d.Now()))
	case "json":
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		err = e.Encode(o.Operation)
	default:
		err = ErrUsage
	}
	return err
}

func (d council) approve(ctx context.Context, id string, args []string, out io.Writer) error {
	var a remedy.Approval
	var wait bool
	err := flags(args, func(fs *flag.FlagSet) {
		fs.StringVar(&a.By, "by", "", "")
		fs.StringVar(&a.PlanHash, "hash", "", "")
		fs.StringVar(&a.Note, "note", "", "")
		fs.BoolVar(&wait, "wait", false, "")
	})
	if err != nil {
		return err
	}
	var notBefore time.Time
	if _, until, on := d.Maintenance.On(d.Now()); on && wait {
		notBefore = until
	}
	o, err := d.Approve(ctx, id, a, notBefore)
	if err != nil {
		return err
	}
	switch missing := o.Missing(d.Now()); {
	case o.Waits(d.Now()):
		fmt.Fprintf(out, "approved; it begins at %s, when the maintenance window is over\n", o.Mandate.NotBefore.Format(time.RFC3339))
	case o.Due():
		fmt.Fprintf(out, "approved; it is carried out now: rekey operation show %s\n", id)
	default:
		fmt.Fprintf(out, "approved; %d more must approve within 4 hours\n", missing)
	}
	return nil
}

// decide reads who and why, and does what that leads to.
func (d council) decide(args []string, out io.Writer, do func(remedy.Decision) (remedy.Operation, error)) error {
	var x remedy.Decision
	err := flags(args, func(fs *flag.FlagSet) {
		fs.StringVar(&x.By, "by", "", "")
		fs.StringVar(&x.Why, "why", "", "")
	})
	if err != nil {
		return err
	}
	o, err := do(x)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s is %s: %s\n%s\n", o.ID, o.State, o.Reason, o.Half())
	return nil
}
