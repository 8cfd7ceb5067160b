package triage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rekey/handlers/switches"
	"rekey/shared/casefile"
	"rekey/shared/decide"
	"rekey/shared/fault"
	"rekey/shared/store"
)

// Brakes reads the brakes that live in state and asks the chain of package decide.
//
// The cap holds whatever number of instances decide at the same time: an automatic act needs a slot, a row that only
// one operation can insert. Slots are counted by the clock hour.
type Brakes struct {
	Switches store.Table
	Policy   decide.Policy
	Reread   func(ctx context.Context, c casefile.Case) (decide.Reread, error) // asks Graph for the records, where the mode is one to act alone; nil: nobody asks
}

// Ask is what a verdict is wanted about.
type Ask struct {
	Case      casefile.Case
	Operation string
	Outlook   *decide.Outlook // of its plan
}

// Stopped reports whether the kill switch is set.
func (b Brakes) Stopped(ctx context.Context) (bool, error) {
	k, err := switches.Store{Table: b.Switches}.Kill(ctx)
	return k.On, err
}

// Decide asks the chain and, when the verdict is to act alone, takes a slot of the hour for the operation. An
// operation that has a slot keeps it.
func (b Brakes) Decide(ctx context.Context, a Ask, now time.Time) (decide.Verdict, error) {
	in, err := b.input(ctx, a, now)
	if err != nil {
		return decide.Verdict{}, err
	}
	for {
		v, mine, others, err := b.ask(ctx, in, a.Operation)
		if err != nil || !v.Acts() || mine {
			return v, err
		}
		taken, err := b.take(ctx, a.Operation, others, now)
		if err != nil || taken {
			return v, err
		}
	}
}

// Judge asks the chain about what people approved: it takes no slot, because the cap is on what is done without them.
func (b Brakes) Judge(ctx context.Context, a Ask, now time.Time) (decide.Verdict, error) {
	in, err := b.input(ctx, a, now)
	if err != nil {
		return decide.Verdict{}, err
	}
	v, _, _, err := b.ask(ctx, in, a.Operation)
	return v, err
}

// input gathers what the chain wants to know, but the slots.
func (b Brakes) input(ctx context.Context, a Ask, now time.Time) (in decide.Input, err error) {
	in = decide.Input{Case: a.Case, Policy: b.Policy, Outlook: a.Outlook, Now: now}
	s := switches.Store{Table: b.Switches}
	if in.Replays, err = s.Replays(ctx); err != nil {
		return in, err
	}
	if mode := b.Policy.ModeFor(a.Case.Principal.Key()); b.Reread != nil && mode != decide.ModePlan && mode != decide.ModeApprove {
		if in.Reread, err = b.Reread(ctx, a.Case); err != nil {
			return in, err
		}
	}
	in.Stopped, err = b.Stopped(ctx) // last: it is what may have changed a moment ago
	return in, err
}

// ask counts the slots and asks the chain.
func (b Brakes) ask(ctx context.Context, in decide.Input, operation string) (v decide.Verdict, mine bool, others int, err error) {
	mine, others, err = b.slots(ctx, operation, in.Now)
	if err != nil {
		return v, mine, others, err
	}
	if in.RecentActs = others; mine { // its act is counted already
		in.RecentActs = 0
	}
	return decide.Decide(in), mine, others, nil
}

// slots counts the hour's slots and looks for the operation's own, of this hour or the one before.
func (b Brakes) slots(ctx context.Context, operation string, now time.Time) (mine bool, others int, err error) {
	for back := range 2 {
		rows, _, err := b.Switches.List(ctx, slotPartition(now.Add(-time.Duration(back)*time.Hour)), "", 100)
		if err != nil {
			return false, 0, fmt.Errorf("counting acts within the hour: %w", err)
		}
		for _, row := range rows {
			switch {
			case string(row.Data) == operation:
				mine = true
			case back == 0:
				others++
			}
		}
	}
	return mine, others, nil
}

func slotPartition(t time.Time) string { return "acts-" + t.UTC().Format("2006010215") }

// take inserts the next slot; false says that another operation was faster.
func (b Brakes) take(ctx context.Context, operation string, n int, now time.Time) (bool, error) {
	row := store.Row{Partition: slotPartition(now), Key: fmt.Sprintf("%03d", n), Data: []byte(operation)}
	_, err := b.Switches.Put(ctx, row)
	switch {
	case errors.Is(err, fault.Conflict):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("taking a slot for an automatic act: %w", err)
	}
	return true, nil
}
