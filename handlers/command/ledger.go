package command

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"

	"rekey/handlers/ledgers"
	"rekey/shared/fault"
	"rekey/shared/ledger"
	"rekey/shared/store"
)

func ledgerCommand(ctx context.Context, args []string, out io.Writer) error {
	account, err := openState(ctx)
	if err != nil {
		return err
	}
	return book{ledgers.Checker{Blobs: account.Blobs(store.ContainerLedger), Operations: account.Operations()}}.run(ctx, args, out)
}

// book is the record of what was changed.
type book struct{ ledgers.Checker }

func (b book) run(ctx context.Context, args []string, out io.Writer) error {
	switch {
	case len(args) == 1 && args[0] == "list":
		names, err := ledger.Records(ctx, b.Blobs)
		for _, name := range names {
			fmt.Fprintln(out, name)
		}
		return err
	case len(args) == 2 && args[0] == "verify" && !strings.HasPrefix(args[1], "-"):
		return b.one(ctx, args[1], out)
	case len(args) >= 2 && args[0] == "verify":
		return b.all(ctx, args[1:], out)
	}
	return ErrUsage
}

// one shows a record, entry by entry, and checks it against its journal.
func (b book) one(ctx context.Context, id string, out io.Writer) error {
	data, err := b.Blobs.Read(ctx, id+ledger.Suffix)
	if err != nil {
		return fmt.Errorf("reading ledger of %.80q (see rekey ledger list): %w", id, err)
	}
	entries, broken := ledger.Verify(data)
	for _, e := range entries {
		fmt.Fprintf(out, "%3d %s %-6s %-20s %s%s\n", e.Seq, e.Time.Format("2006-01-02 15:04:05.000"), e.Kind, e.Step, e.Text, by(e))
	}
	if broken != nil {
		return fault.Errorf(fault.Denied, "the ledger of %s does not hold: %w", id, broken)
	}
	o, err := b.Operations.Get(ctx, id)
	var problems, flight []string
	if err == nil {
		problems, flight = ledgers.Compare(o.Operation, entries, true)
	} else {
		fmt.Fprintf(out, "not compared with the journal: %v\n", err)
	}
	return verdict(out, fmt.Sprintf("%d entries, the chain holds", len(entries)), problems, flight)
}

// by says who was behind an entry.
func by(e ledger.Entry) string {
	switch {
	case len(e.Approved) > 0:
		return fmt.Sprintf(" (approved by %s, plan %s)", strings.Join(e.Approved, " and "), e.Plan)
	case e.Plan != "":
		return fmt.Sprintf(" (%s, plan %s)", e.Actor, e.Plan)
	}
	return ""
}

// all checks everything; a head that somebody kept elsewhere must be among the heads.
func (b book) all(ctx context.Context, args []string, out io.Writer) error {
	var all bool
	var head string
	err := flags(args, func(fs *flag.FlagSet) {
		fs.BoolVar(&all, "all", false, "")
		fs.StringVar(&head, "head", "", "")
	})
	if err != nil || !all {
		return ErrUsage
	}
	r, err := b.All(ctx)
	if err != nil {
		return err
	}
	last, found := "there is none yet", head == ""
	for _, h := range r.Heads {
		last = h.Day + " " + h.Hash
		found = found || h.Hash == head
	}
	if !found {
		r.Problems = append(r.Problems, "no head has the hash that was asked for: heads were removed or written anew")
	}
	fmt.Fprintf(out, "newest head: %s\n", last)
	return verdict(out, fmt.Sprintf("%d records, %d heads and %d operations agree", len(r.Records), len(r.Heads), r.Operations), r.Problems, r.InFlight)
}

// verdict says what was found; problems are an error, so that a script notices.
func verdict(out io.Writer, good string, problems, flight []string) error {
	for _, f := range flight {
		fmt.Fprintf(out, "in flight: %s\n", f)
	}
	if len(problems) == 0 {
		fmt.Fprintln(out, good)
		return nil
	}
	for _, p := range problems {
		fmt.Fprintf(out, "PROBLEM: %s\n", p)
	}
	return fault.Errorf(fault.Denied, "%d problems in the ledger: see docs/playbooks/ledger-broken.md", len(problems))
}
