// Package ledgers checks the record of what Rekey changed: the chains, the daily heads, and that the records tell the same
// story as the journals. The command line asks for it, and sweep closes each day with a head.
package ledgers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/handlers/operations"
	"rekey/handlers/rotations"
	"rekey/handlers/switches"
	"rekey/shared/decide"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/ledger"
	"rekey/shared/remedy"
	"rekey/shared/rotate"
	"rekey/shared/store"
)

// Checker looks at everything.
type Checker struct {
	Blobs      store.Blobs
	Operations operations.Store
}

// Report is what it found.
type Report struct {
	ledger.Audit
	Operations int
	InFlight   []string // steps without a result of operations that run: no problem yet
}

// All checks all records against the heads and the journals. Problems are in the report; an error means that the look was
// not finished.
func (c Checker) All(ctx context.Context) (Report, error) {
	var r Report
	var err error
	if r.Audit, err = ledger.AuditAll(ctx, c.Blobs); err != nil {
		return r, err
	}
	known := map[string]bool{switches.Record: true}
	err = c.Operations.Each(ctx, func(o operations.Stored, err error) error {
		known[o.ID] = true
		r.Operations++
		if err != nil {
			r.Problems = append(r.Problems, err.Error())
			return nil
		}
		entries, ok := r.Records[o.ID]
		problems, flight := Compare(o.Operation, entries, ok)
		r.Problems, r.InFlight = append(r.Problems, problems...), append(r.InFlight, flight...)
		return nil
	})
	err = errors.Join(err, c.rotations(ctx, &r, known))
	for id := range r.Records {
		if !known[id] {
			r.Problems = append(r.Problems, fmt.Sprintf("%s%s: there is no operation of that name: its journal is gone", id, ledger.Suffix))
		}
	}
	slices.Sort(r.Problems)
	return r, err
}

// rotations looks at the records of rotations, which are kept in the same table.
func (c Checker) rotations(ctx context.Context, r *Report, known map[string]bool) error {
	return rotations.Store{Table: c.Operations.Table}.Each(ctx, func(h rotate.Head, err error) error {
		known[h.ID] = true
		r.Operations++
		if err != nil {
			r.Problems = append(r.Problems, err.Error())
			return nil
		}
		for _, step := range ledger.Unanswered(r.Records[h.ID]) {
			if h.State == rotate.StateDone {
				r.Problems = append(r.Problems, fmt.Sprintf("rotation %s: step %s has an intent and no result, and it is done", h.ID, step))
			} else {
				r.InFlight = append(r.InFlight, h.ID+" "+step)
			}
		}
		return nil
	})
}

// Compare holds a record against the journal of its operation. Flight are the steps without a result of one that runs.
func Compare(o remedy.Operation, entries []ledger.Entry, exists bool) (problems, flight []string) {
	say := func(format string, args ...any) {
		problems = append(problems, "operation "+o.ID+": "+fmt.Sprintf(format, args...))
	}
	if !exists {
		if o.Underway() {
			say("it was begun and has no ledger")
		}
		return problems, nil
	}
	running := o.Due() || o.State == remedy.StateAwaitingApproval // given back half-way: somebody will go on
	for _, step := range ledger.Unanswered(entries) {
		if running {
			flight = append(flight, o.ID+" "+step)
			continue
		}
		say("step %s has an intent and no result, and the operation is %s", step, o.State)
	}
	for i, p := range o.Progress {
		s := o.Plan.Steps[i]
		if p.Status == remedy.Pending && slices.ContainsFunc(entries, func(e ledger.Entry) bool { return e.Step == s.ID && e.Kind != ledger.Note }) {
			say("step %s is in the ledger and was never begun in the journal", s.ID)
		}
	}
	if o.State != remedy.StateDone && !o.Watching() {
		return problems, flight
	}
	var kept []string
	for _, k := range o.Plan.Kept {
		kept = append(kept, k.KeyID)
	}
	a := ledger.AccountOf(entries)
	if left := a.Unaccounted(append(kept, o.NewKeyID)); len(left) > 0 {
		say("found and neither kept nor removed: %s", strings.Join(left, ", "))
	}
	return problems, flight
}

// Close writes yesterday's head when it is missing. Its hash is noted in the invocation's log record: who has the log can
// prove what the ledger was. Broken records are concerns for people.
func Close(ctx context.Context, blobs store.Blobs, now time.Time) ([]decide.Concern, error) {
	h, made, err := ledger.CloseDay(ctx, blobs, now)
	if err != nil {
		return Broken("heads", h.Day, err), err
	}
	if made {
		funchost.Note(ctx, "ledger_day", h.Day)
		funchost.Note(ctx, "ledger_head", h.Hash)
	}
	var out []decide.Concern
	for _, name := range h.Broken {
		out = append(out, concern(name, "its chain does not hold", h.Made))
	}
	return out, nil
}

// Broken returns the concern that an error of opening a record is, if it says that the record does not hold.
func Broken(record, day string, err error) []decide.Concern {
	if !errors.Is(err, fault.Denied) {
		return nil
	}
	since, parseErr := time.Parse(time.DateOnly, day)
	if parseErr != nil {
		since = time.Unix(0, 0)
	}
	return []decide.Concern{concern(record, "its chain does not hold", since)}
}

func concern(record, detail string, since time.Time) decide.Concern {
	return decide.Concern{Reason: decide.PageLedgerBroken, Subject: record, Detail: detail, Since: since}
}
