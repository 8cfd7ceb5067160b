package funchost

import (
	"context"
	"errors"
	"fmt"

	"rekey/shared/fault"
)

// Isolate runs fn on a batch. If it panics, it runs fn event by event, and calls guilty for each event that panics
// alone: one message must not stop a partition for ever. Errors propagate: they are not the event's fault.
func Isolate(ctx context.Context, b Batch, fn func(context.Context, Batch) error, guilty func(Event, error) error) error {
	err := guard(func() error { return fn(ctx, b) })
	if !isPanic(err) {
		return err
	}
	Count(ctx, "isolated", 1)
	for _, e := range b.Events {
		one := b
		one.Events = []Event{e}
		err := guard(func() error { return fn(ctx, one) })
		if isPanic(err) {
			err = guilty(e, fault.Errorf(fault.Poison, "handling message: it makes the program panic: %w", shortPanic(err)))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func isPanic(err error) bool {
	var p *panicked
	return errors.As(err, &p)
}

// shortPanic is the panic without its stack, for people who list dead letters.
func shortPanic(err error) error {
	var p *panicked
	errors.As(err, &p)
	if e, ok := p.value.(error); ok {
		return e
	}
	return fmt.Errorf("%T", p.value)
}
