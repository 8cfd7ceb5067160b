package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"rekey/handlers/operations"
	"rekey/handlers/switches"
	"rekey/shared/remedy"
)

// stopCommand sets the kill switch and says what is half done.
func stopCommand(ctx context.Context, args []string, out io.Writer) error {
	account, err := openState()
	if err != nil {
		return err
	}
	return lever{account.Switches(), account.Operations(), time.Now}.stop(ctx, args, out)
}

// resumeCommand takes the kill switch back.
func resumeCommand(ctx context.Context, args []string, out io.Writer) error {
	account, err := openState()
	if err != nil {
		return err
	}
	return lever{account.Switches(), account.Operations(), time.Now}.resume(ctx, args, out)
}

// lever is what the kill switch is set with.
type lever struct {
	switches   switches.Store
	operations operations.Store
	now        func() time.Time
}

func (l lever) stop(ctx context.Context, args []string, out io.Writer) error {
	k := switches.Kill{Time: l.now()}
	var status bool
	err := flags(args, func(fs *flag.FlagSet) {
		fs.StringVar(&k.By, "by", "", "")
		fs.StringVar(&k.Why, "why", "", "")
		fs.BoolVar(&status, "status", false, "")
	})
	if err != nil {
		return err
	}
	if !status {
		err := l.switches.Stop(ctx, k)
		return errors.Join(err, l.status(ctx, out)) // what is half done is told whatever became of it
	}
	return l.status(ctx, out)
}

func (l lever) resume(ctx context.Context, args []string, out io.Writer) error {
	k := switches.Kill{Time: l.now()}
	err := flags(args, func(fs *flag.FlagSet) {
		fs.StringVar(&k.By, "by", "", "")
		fs.StringVar(&k.Why, "why", "", "")
	})
	if err != nil {
		return err
	}
	if err := l.switches.Resume(ctx, k); err != nil {
		return err
	}
	fmt.Fprintln(out, "The kill switch is off. Operations that stand go on within minutes.")
	return l.status(ctx, out)
}

// status says whether everything stands, what is half done, and who is disabled now.
func (l lever) status(ctx context.Context, out io.Writer) error {
	k, err := l.switches.Kill(ctx)
	if err != nil {
		return err
	}
	if k.On {
		fmt.Fprintf(out, "STOPPED by %q at %s: %q. Nothing is changed; a request that was on its way may still arrive.\n", k.By, k.Time.Format(time.RFC3339), k.Why)
	} else {
		fmt.Fprintln(out, "Not stopped.")
	}
	all, err := l.operations.List(ctx, "")
	var off []remedy.Step
	running := 0
	for i := range all {
		o := &all[i]
		h := o.Half()
		off = append(off, h.Off...)
		if o.State == remedy.StateRunning {
			running++
			fmt.Fprintf(out, "  running: %s of %q, %s\n", o.ID, o.Principal.Name, h)
		}
	}
	if running == 0 {
		fmt.Fprintln(out, "No operation runs.")
	}
	for _, s := range off {
		fmt.Fprintf(out, "  disabled by Rekey: %s %q\n", s.Object, s.Name)
	}
	if len(off) == 0 {
		fmt.Fprintln(out, "No principal is disabled by Rekey.")
	}
	return err
}
