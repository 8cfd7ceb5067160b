package command

import (
	"context"
	"errors"
	"flag"
	"io"
	"time"

	"rekey/handlers/cases"
	"rekey/handlers/inquiries"
	"rekey/shared/store"
)

// Desk is what RunCase works with.
type Desk struct {
	Cases     cases.Store
	Inquiries inquiries.Store
	Triage    store.Bell
	Now       time.Time
}

// RunCase is `rekey case` over stores of a test's own.
func RunCase(ctx context.Context, d Desk, args []string, out io.Writer) error {
	w, err := parseCase(args, out)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	return desk{cases: d.Cases, inquiries: d.Inquiries, triage: d.Triage, now: func() time.Time { return d.Now }}.run(ctx, w, out)
}
