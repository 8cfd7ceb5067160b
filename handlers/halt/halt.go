// Package halt is the kill switch for whoever reaches for it: the command line writes it directly, a request over HTTP is an
// order, because the app that faces the network may write nothing that lets Rekey act. What is half done is told either
// way.
package halt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"rekey/handlers/operations"
	"rekey/handlers/orders"
	"rekey/handlers/switches"
	"rekey/shared/order"
	"rekey/shared/remedy"
)

// Lever is what the kill switch is set with.
type Lever struct {
	Switches   switches.Store
	Operations operations.Store
	Approvals  bool // of orders: yeses over HTTP count, and to resume is one
	Now        func() time.Time
}

// Do carries out an order to stop or to go on, and says what is half done. It changes nothing that the kill switch stops.
// Of two who want the opposite, who asked last counts. Once the switch is as it was asked for, the order has succeeded: what
// could not be read or written beside is a note.
func (l Lever) Do(ctx context.Context, w *orders.Work) error {
	k := switches.Kill{By: w.By, Why: w.Reason, Time: l.Now(), Order: w.ID, Asked: w.Opened}
	set := l.Switches.Stop
	if w.Kind == order.Resume {
		if err := w.Counts(l.Approvals, "rekey resume"); err != nil {
			return err
		}
		set = l.Switches.Resume
	}
	err := set(ctx, k)
	if err != nil && !errors.Is(err, switches.ErrUnrecorded) {
		return err
	}
	text, listing := l.Status(ctx)
	w.Message = strings.TrimSpace(cmp.Or(text, "the kill switch was changed"))
	w.Notes = nil
	for _, err := range []error{err, listing} {
		if err != nil {
			w.Notes = append(w.Notes, strings.Split(err.Error(), "\n")...)
		}
	}
	w.Notes = w.Notes[:min(len(w.Notes), maxNotes)]
	return nil
}

// maxNotes bounds what an order's row holds of operations that could not be read.
const maxNotes = 50

// Status says whether everything stands, what is half done, and who is disabled now. What could be read is told in spite of
// an error.
func (l Lever) Status(ctx context.Context) (string, error) {
	k, err := l.Switches.Kill(ctx)
	if err != nil {
		return "", err
	}
	all, err := l.Operations.List(ctx, "")
	var b strings.Builder
	if k.On {
		fmt.Fprintf(&b, "STOPPED by %q at %s: %q. Nothing is changed; a request that was on its way may still arrive.\n", k.By, k.Time.Format(time.RFC3339), k.Why)
	} else {
		b.WriteString("Not stopped.\n")
	}
	running(&b, all)
	return b.String(), err
}

// running lists the operations that are at work, and what they disabled.
func running(b *strings.Builder, all []remedy.Operation) {
	var off []remedy.Step
	n := 0
	for i := range all {
		o := &all[i]
		h := o.Half()
		off = append(off, h.Off...)
		if o.State == remedy.StateRunning {
			n++
			fmt.Fprintf(b, "  running: %s of %q, %s\n", o.ID, o.Principal.Name, h)
		}
	}
	if n == 0 {
		b.WriteString("No operation runs.\n")
	}
	for _, s := range off {
		fmt.Fprintf(b, "  disabled by Rekey: %s %q\n", s.Object, s.Name)
	}
	if len(off) == 0 {
		b.WriteString("No principal is disabled by Rekey.\n")
	}
}
