package command

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	apps "rekey/handlers/settings"
	"rekey/handlers/state"
	"rekey/shared/azure/eventhub"
	"rekey/shared/deadletter"
	"rekey/shared/decide"
	"rekey/shared/host/config"
)

// hubSettings say where replayed messages are sent, and as whom.
type hubSettings struct {
	apps.Caller
	ConnectionString config.Secret `envconfig:"REKEY_EVENTHUB" help:"connection string of the Event Hubs namespace"`
	Namespace        string        `envconfig:"REKEY_EVENTHUB__fullyQualifiedNamespace" help:"namespace, like contoso.servicebus.windows.net, reached as the managed identity"`
}

// stateSettings are what every command needs.
type stateSettings struct {
	config.State
	apps.Caller
}

// Validate implements the check of package config.
func (s *stateSettings) Validate() error { return s.State.Validate() }

func deadLetters(ctx context.Context, args []string, out io.Writer) error {
	account, err := openState(ctx)
	if err != nil {
		return err
	}
	box := account.DeadLetters()
	switch {
	case len(args) == 2 && args[0] == "list":
		return listLetters(ctx, box, args[1], out)
	case len(args) >= 4 && args[0] == "show":
		return showLetter(ctx, box, args[1:], out)
	case len(args) == 2 && args[0] == "replay":
		if err := account.Switches().Replayed(ctx, decide.Replay{Hub: args[1], From: time.Now()}); err != nil {
			return err // what it shows must not be acted on alone
		}
		return replayLetters(ctx, box, args[1], out)
	}
	return ErrUsage
}

func openState(ctx context.Context) (*state.Account, error) {
	var s stateSettings
	if err := config.Load(&s); err != nil {
		return nil, err
	}
	return openAs(ctx, s.State, s.Caller)
}

// openAs opens the state account, in the caller's name unless a connection string opens it.
func openAs(ctx context.Context, s config.State, c apps.Caller) (*state.Account, error) {
	if s.ConnectionString != "" {
		return state.Open(s, c.Identity)
	}
	cred, err := state.Person(ctx, c.As, "", c.Identity)
	if err != nil {
		return nil, err
	}
	return state.OpenAs(s, cred)
}

// each calls fn for every letter of a hub.
func each(ctx context.Context, box deadletter.Box, hub string, fn func(deadletter.Letter) error) error {
	const batch = 500
	for from := ""; ; {
		letters, next, err := box.List(ctx, hub, from, batch)
		if err != nil {
			return err
		}
		for _, l := range letters {
			if err := fn(l); err != nil {
				return err
			}
		}
		if next == "" {
			return nil
		}
		from = next
	}
}

func listLetters(ctx context.Context, box deadletter.Box, hub string, out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PARTITION\tSEQUENCE\tRECORD\tSIZE\tSTATUS\tPARKED\tREASON")
	err := each(ctx, box, hub, func(l deadletter.Letter) error {
		_, err := fmt.Fprintf(w, "%s\t%d\t%s\t%d\t%s\t%s\t%s\n", l.Partition, l.Sequence, recordText(l), l.Size, l.Status, l.Parked.Format(time.RFC3339), l.Reason)
		return err
	})
	if err != nil {
		return err
	}
	return w.Flush()
}

func recordText(l deadletter.Letter) string {
	if l.Record < 0 {
		return "all"
	}
	return strconv.Itoa(l.Record)
}

// showLetter writes a letter's bytes as they came.
func showLetter(ctx context.Context, box deadletter.Box, args []string, out io.Writer) error {
	record := "all"
	if len(args) > 3 {
		record = args[3]
	}
	found := 0
	err := each(ctx, box, args[0], func(l deadletter.Letter) error {
		if l.Partition != args[1] || strconv.FormatInt(l.Sequence, 10) != args[2] || recordText(l) != record {
			return nil
		}
		found++
		body, err := box.Body(ctx, l)
		if err != nil {
			return err
		}
		_, err = out.Write(body)
		return err
	})
	if err == nil && found == 0 {
		err = fmt.Errorf("there is no dead letter %v: see rekey dead-letters list %s", args, args[0])
	}
	return err
}

// replayLetters sends every parked letter of a hub back to its partition, the bytes as they came.
func replayLetters(ctx context.Context, box deadletter.Box, hub string, out io.Writer) error {
	sender, err := openHub(ctx, hub)
	if err != nil {
		return err
	}
	defer sender.Close(context.WithoutCancel(ctx))
	sent := 0
	err = each(ctx, box, hub, func(l deadletter.Letter) error {
		if l.Status == deadletter.Replayed {
			return nil
		}
		body, err := box.Body(ctx, l)
		if err != nil {
			return err
		}
		if err := sender.Send(ctx, l.Partition, body); err != nil {
			return err
		}
		sent++
		return box.MarkReplayed(ctx, l, time.Now())
	})
	fmt.Fprintf(out, "%d messages were sent to %s again\n", sent, hub)
	return err
}

func openHub(ctx context.Context, hub string) (*eventhub.Sender, error) {
	var s hubSettings
	if err := config.Load(&s); err != nil {
		return nil, err
	}
	switch {
	case s.ConnectionString != "":
		return eventhub.FromConnectionString(string(s.ConnectionString), hub)
	case s.Namespace == "":
		return nil, fmt.Errorf("the hub is not set: set REKEY_EVENTHUB or REKEY_EVENTHUB__fullyQualifiedNamespace")
	}
	cred, err := state.Person(ctx, s.As, "", s.Identity)
	if err != nil {
		return nil, err
	}
	return eventhub.FromNamespace(s.Namespace, hub, cred)
}
