package command

import (
	"context"
	"fmt"
	"io"
	"strings"

	"rekey/shared/ledger"
	"rekey/shared/store"
)

func ledgerCommand(ctx context.Context, args []string, out io.Writer) error {
	account, err := openState()
	if err != nil {
		return err
	}
	blobs := account.Blobs(store.ContainerLedger)
	switch {
	case len(args) == 1 && args[0] == "list":
		names, err := blobs.List(ctx, "")
		for _, name := range names {
			fmt.Fprintln(out, strings.TrimSuffix(name, ledger.Suffix))
		}
		return err
	case len(args) == 2 && args[0] == "verify":
		l, err := ledger.Open(ctx, blobs, args[1])
		if err != nil {
			return err
		}
		for _, e := range l.Entries() {
			fmt.Fprintf(out, "%3d %s %-6s %-20s %s\n", e.Seq, e.Time.Format("15:04:05.000"), e.Kind, e.Step, e.Text)
		}
		for _, step := range ledger.Unanswered(l.Entries()) {
			fmt.Fprintf(out, "step %s has an intent and no result: it may be in flight\n", step)
		}
		fmt.Fprintf(out, "%d entries, the chain holds\n", len(l.Entries()))
		return nil
	}
	return ErrUsage
}
