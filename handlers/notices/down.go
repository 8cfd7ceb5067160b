package notices

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rekey/shared/fault"
	"rekey/shared/store"
)

// downPartition has a row for each sink that takes nothing, since when. While it is there sweep rings for a few of the subjects
// that it was not told of, to see whether the sink is back: more would fill the queue faster than failures empty it.
const downPartition = "down"

// probes is how many subjects are rung for while a sink is down.
const probes = 2

// mark notes that a sink takes nothing. What one notice is refused for says nothing about the others.
func (n *Notices) mark(ctx context.Context, s Sink, failed error) error {
	if fault.Kind(failed) == fault.Limit {
		return nil
	}
	row := store.Row{Partition: downPartition, Key: s.Name(), Data: []byte(n.Now().UTC().Format(time.RFC3339))}
	if _, err := n.Noted.Put(ctx, row); err != nil && !errors.Is(err, fault.Conflict) {
		return fmt.Errorf("noting that %s is down: %w", s.Name(), err)
	}
	return nil
}

// unmark notes that a sink took something.
func (n *Notices) unmark(ctx context.Context, s Sink) error {
	row, err := n.Noted.Get(ctx, downPartition, s.Name())
	if err == nil {
		err = n.Noted.Delete(ctx, row)
	}
	if errors.Is(err, fault.NotFound) || errors.Is(err, fault.Conflict) {
		return nil
	}
	return err
}

// apart tells the sinks that take something from those that are down.
func (n *Notices) apart(ctx context.Context, sinks []Sink) (up, down []Sink, err error) {
	for _, s := range sinks {
		switch _, err := n.Noted.Get(ctx, downPartition, s.Name()); {
		case errors.Is(err, fault.NotFound):
			up = append(up, s)
		case err != nil:
			return nil, nil, fmt.Errorf("reading whether %s is down: %w", s.Name(), err)
		default:
			down = append(down, s)
		}
	}
	return up, down, nil
}
