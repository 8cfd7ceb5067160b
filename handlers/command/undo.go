package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"rekey/handlers/inventory"
	apps "rekey/handlers/settings"
	"rekey/handlers/state"
	"rekey/handlers/undo"
	"rekey/shared/azure/graph"
	"rekey/shared/event"
	"rekey/shared/host/config"
	"rekey/shared/remedy"
	"rekey/shared/store"
)

// undoSettings are what comparing needs: the state account, and Microsoft Graph to read what is there now.
type undoSettings struct {
	config.State
	apps.Caller
	config.Tenant
	GraphURL config.URL `envconfig:"REKEY_GRAPH_URL" default:"https://graph.microsoft.com" help:"Microsoft Graph; another host in national clouds"`
}

// Validate implements the check of package config.
func (s *undoSettings) Validate() error { return s.State.Validate() }

// undoArgs are the words of a call.
type undoArgs struct {
	operation string
	diff      bool
	options   remedy.UndoOptions
}

// parseUndo reads the words. The operation may stand before or after the flags.
func parseUndo(args []string, out io.Writer) (undoArgs, error) {
	var a undoArgs
	var only, name string
	f := flag.NewFlagSet("undo", flag.ContinueOnError)
	f.SetOutput(out)
	f.BoolVar(&a.diff, "diff", false, "show what was there before and is not now, and order nothing")
	f.StringVar(&only, "only", "", "ids, separated by commas: put back these alone")
	f.StringVar(&name, "name", "", "ids, separated by commas: put back these although they are suspect")
	f.StringVar(&a.options.SecretTo, "secret-to", "", "https://VAULT/NAME: store a client secret for 24 hours there")
	f.StringVar(&a.options.By, "by", "", "who wants it")
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		a.operation, args = args[0], args[1:]
	}
	if err := f.Parse(args); err != nil {
		return a, ErrUsage
	}
	if rest := f.Args(); a.operation == "" && len(rest) == 1 {
		a.operation = rest[0]
	} else if len(rest) > 0 {
		return a, ErrUsage
	}
	a.options.Only, a.options.Name = words(only), words(name)
	switch {
	case a.operation == "":
		return a, ErrUsage
	case !a.diff && a.options.By == "":
		return a, errors.New("say who wants it with --by: it is in the plan that people approve")
	}
	return a, nil
}

func words(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}

func undoCommand(ctx context.Context, args []string, out io.Writer) error {
	a, err := parseUndo(args, out)
	if err != nil {
		return err
	}
	u, err := openUndo(ctx)
	if err != nil {
		return err
	}
	return takeBack(ctx, u, a, out)
}

// openUndo opens what the command works with.
func openUndo(ctx context.Context) (*undo.Undo, error) {
	var s undoSettings
	if err := config.Load(&s); err != nil {
		return nil, err
	}
	account, err := openAs(ctx, s.State, s.Caller)
	if err != nil {
		return nil, err
	}
	cred, err := state.Person(ctx, s.As, "", s.Identity)
	if err != nil {
		return nil, err
	}
	g := graph.New(string(s.GraphURL), cred, graph.Options{})
	return undo.New(undo.Config{
		Operations: account.Operations(), Bundles: account.Blobs(store.ContainerUndo), Now: time.Now,
		Inventory: func(ctx context.Context, p event.Principal) (remedy.Inventory, error) {
			inv, err := inventory.Gather(ctx, g, string(s.Tenant.ID), p, time.Now())
			if err != nil {
				return inv, err
			}
			return inv, inventory.Surround(ctx, g, &inv)
		},
	}), nil
}

// takeBack shows the diff, or orders an undo and shows its plan.
func takeBack(ctx context.Context, u *undo.Undo, a undoArgs, out io.Writer) error {
	if a.diff {
		op, diff, err := u.Diff(ctx, a.operation)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s, %s: what was there before and is not now\n", op.ID, op.State)
		for _, d := range diff {
			fmt.Fprintf(out, "  %s\n", d.Text())
		}
		if len(diff) == 0 {
			fmt.Fprintln(out, "  nothing")
		}
		return nil
	}
	op, err := u.Order(ctx, a.operation, a.options)
	if err != nil {
		return err
	}
	fmt.Fprint(out, op.Plan.Text())
	if len(op.Plan.Steps) > 0 {
		fmt.Fprintf(out, "\nOperation %s is %s. It is carried out when it is approved, by its hash %s.\n", op.ID, op.State, op.PlanHash)
	}
	return nil
}
