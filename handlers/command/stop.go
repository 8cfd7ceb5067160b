package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"rekey/handlers/halt"
	"rekey/handlers/switches"
)

// stopCommand sets the kill switch and says what is half done.
func stopCommand(ctx context.Context, args []string, out io.Writer) error {
	account, err := openState(ctx)
	if err != nil {
		return err
	}
	return lever{halt.Lever{Switches: account.Switches(), Operations: account.Operations(), Now: time.Now}}.stop(ctx, args, out)
}

// resumeCommand takes the kill switch back.
func resumeCommand(ctx context.Context, args []string, out io.Writer) error {
	account, err := openState(ctx)
	if err != nil {
		return err
	}
	return lever{halt.Lever{Switches: account.Switches(), Operations: account.Operations(), Now: time.Now}}.resume(ctx, args, out)
}

// lever is the kill switch at the command line.
type lever struct{ halt.Lever }

func (l lever) stop(ctx context.Context, args []string, out io.Writer) error {
	k := switches.Kill{Time: l.Now()}
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
		err := l.Switches.Stop(ctx, k)
		return errors.Join(err, l.status(ctx, out)) // what is half done is told whatever became of it
	}
	return l.status(ctx, out)
}

func (l lever) resume(ctx context.Context, args []string, out io.Writer) error {
	k := switches.Kill{Time: l.Now()}
	err := flags(args, func(fs *flag.FlagSet) {
		fs.StringVar(&k.By, "by", "", "")
		fs.StringVar(&k.Why, "why", "", "")
	})
	if err != nil {
		return err
	}
	if err := l.Switches.Resume(ctx, k); err != nil {
		return err
	}
	fmt.Fprintln(out, "The kill switch is off. Operations that stand go on within minutes.")
	return l.status(ctx, out)
}

// status writes what the lever says.
func (l lever) status(ctx context.Context, out io.Writer) error {
	text, err := l.Status(ctx)
	fmt.Fprint(out, text)
	return err
}
