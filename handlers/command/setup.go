package command

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	apps "rekey/handlers/settings"
	"rekey/handlers/setup"
	"rekey/handlers/state"
	"rekey/shared/azure/arm"
	"rekey/shared/azure/graph"
	"rekey/shared/host/config"
)

// setupArgs are the words of a call.
type setupArgs struct {
	config              setup.Config
	apply, json         bool
	as, outputs, oneHub string
	only, identities    string
	give, without       string
}

func setupFlags(a *setupArgs) func(*flag.FlagSet) {
	return func(f *flag.FlagSet) {
		a.world(f)
		f.BoolVar(&a.apply, "apply", false, "make the calls")
		f.StringVar(&a.only, "only", "", "parts, separated by commas")
		f.BoolVar(&a.config.Prune, "prune", false, "take away permissions of Graph that an identity does not need")
	}
}

// world are the words that setup and doctor share: what there is, and how it was chosen to be.
func (a *setupArgs) world(f *flag.FlagSet) {
	f.BoolVar(&a.json, "json", false, "print JSON")
	f.StringVar(&a.as, "as", cmp.Or(os.Getenv("REKEY_AS"), state.AsCLI), "cli, identity or environment: who you are")
	f.StringVar(&a.outputs, "outputs", "", "a file with what `tofu output -json` printed")
	f.StringVar(&a.identities, "identity", "", "APP=OBJECT_ID,..: instead of the outputs")
	f.StringVar(&a.oneHub, "one-hub", "", "send all of Entra's logs to this hub in one setting")
	f.StringVar(&a.give, "give", "", "permissions by which an identity can give itself anything, and that it is to have")
	f.StringVar(&a.without, "without", "", "permissions that are needed and not to be given: what they are for is left to people")
	f.StringVar(&a.config.Name, "name", "", "unique name of the API's registration")
	f.StringVar(&a.config.URI, "uri", "", "identifier URI of the API")
	f.StringVar(&a.config.Prefix, "prefix", "", "of the names of diagnostic settings")
}

// complete reads what the words name.
func (a *setupArgs) complete() error {
	if a.outputs != "" {
		data, err := os.ReadFile(a.outputs)
		if err != nil {
			return fmt.Errorf("reading the outputs: %w", err)
		}
		if err := a.config.ReadOutputs(data); err != nil {
			return err
		}
	}
	for _, text := range words(a.identities) {
		if err := a.config.AddIdentity(text); err != nil {
			return err
		}
	}
	if a.oneHub != "" {
		if err := a.config.OneHub(a.oneHub); err != nil {
			return err
		}
	}
	for _, part := range words(a.only) {
		a.config.Parts = append(a.config.Parts, setup.Part(part))
	}
	return a.config.Choose(words(a.give), words(a.without))
}

// setupCommand plans, and with --apply does, what is in Entra.
func setupCommand(ctx context.Context, args []string, out io.Writer) error {
	var a setupArgs
	if err := flags(args, setupFlags(&a)); err != nil {
		return err
	}
	if err := a.complete(); err != nil {
		return err
	}
	if err := openTenant(ctx, a.as, &a.config); err != nil {
		return err
	}
	return setUp(ctx, a, out)
}

// openTenant opens Graph and Resource Manager for the person who calls.
func openTenant(ctx context.Context, as string, c *setup.Config) error {
	var s apps.Tenancy
	if err := config.Load(&s); err != nil {
		return err
	}
	cred, err := state.Person(ctx, as, string(s.Tenant.ID), s.Identity)
	if err != nil {
		return err
	}
	c.Graph = graph.New(string(s.GraphURL), cred, graph.Options{})
	c.ARM, err = arm.New(string(s.ARMURL), cred, arm.Options{})
	return err
}

// setUp plans, applies if it is to, and prints. A problem is an error at the end, after everything else was said.
func setUp(ctx context.Context, a setupArgs, out io.Writer) error {
	s := setup.New(a.config)
	p, err := s.Plan(ctx)
	if err != nil {
		return err
	}
	if a.apply {
		err = s.Apply(ctx, p, func(c setup.Call, err error) {
			if !a.json && err == nil {
				fmt.Fprintf(out, "%s %s: %s\n", c.Method, c.Path, c.What)
			}
		})
		if after, again := s.Values(ctx); again == nil {
			p.Values = after
		}
	}
	if a.json {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		err = errors.Join(err, e.Encode(p))
	} else {
		p.Text(out, a.apply)
		if !a.apply && len(p.Calls) > 0 {
			fmt.Fprintln(out, "\nnothing was changed: --apply makes these calls")
		}
	}
	if len(p.Problems) > 0 {
		err = errors.Join(err, fmt.Errorf("%d parts could not be planned, see STOP", len(p.Problems)))
	}
	return err
}
