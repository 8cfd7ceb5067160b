package triage

import (
	"context"
	"errors"
	"fmt"
	"time"

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
}

// Stopped reports whether the kill switch is set: a row "kill" whose data is not "off".
func (b Brakes) Stopped(ctx context.Context) (bool, error) {
	row, err := b.Switches.Get(ctx, "switch", "kill")
	if errors.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading the kill switch: %w", err)
	}
	return string(row.Data) != "off", nil
}

// Decide asks the chain and, when the verdict is to act alone, takes a slot of the hour for the operation. An
// operation that has a slot keeps it.
func (b Brakes) Decide(ctx context.Context, c casefile.Case, operation string, now time.Time) (decide.Verdict, error) {
	stopped, err := b.Stopped(ctx)
	if err != nil {
		return decide.Verdict{}, err
	}
	in := decide.Input{Case: c, Policy: b.Policy, Stopped: stopped, Now: now}
	for {
		mine, others, err := b.slots(ctx, operation, now)
		if err != nil {
			return decide.Verdict{}, err
		}
		in.RecentActs = others
		if mine { // its act is counted already
			in.RecentActs = 0
		}
		v := decide.Decide(in)
		if !v.Acts() || mine {
			return v, nil
		}
		taken, err := b.take(ctx, operation, others, now)
		if err != nil || taken {
			return v, err
		}
	}
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
