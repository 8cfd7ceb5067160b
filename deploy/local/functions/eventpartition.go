package functions

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2"
)

// processorPartition is a partition of the real Processor.
type processorPartition struct {
	client *azeventhubs.ProcessorPartitionClient
}

// glance is how long the client may look for more events once it has one: they are in its buffer, or they are not.
const glance = 10 * time.Millisecond

func (p *processorPartition) id() string { return p.client.PartitionID() }

// receive asks twice, because the client waits until it has all that were asked for: for one event as long as it
// takes, then briefly for more.
func (p *processorPartition) receive(ctx context.Context, most int, wait time.Duration) ([]*azeventhubs.ReceivedEventData, error) {
	first, err := p.within(ctx, 1, wait)
	if err != nil || len(first) == 0 || most == 1 {
		return first, err
	}
	more, err := p.within(ctx, most-1, glance)
	if err != nil {
		return first, nil // the next call meets the error again, with nothing in its hands
	}
	return append(first, more...), nil
}

// within receives until the time is over, which is no error.
func (p *processorPartition) within(ctx context.Context, most int, wait time.Duration) ([]*azeventhubs.ReceivedEventData, error) {
	limited, cancel := ctx, func() {}
	if wait != forEver {
		limited, cancel = context.WithTimeout(ctx, max(wait, glance))
	}
	defer cancel()
	events, err := p.client.ReceiveEvents(limited, most, nil)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return nil, nil
	}
	return events, err
}

func (p *processorPartition) checkpoint(ctx context.Context, last *azeventhubs.ReceivedEventData) error {
	return p.client.UpdateCheckpoint(ctx, last, nil)
}

// sorted gives a map's entries in the order of their names.
func sorted(m map[string]any) object {
	var out object
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, member{name, m[name]})
	}
	return out
}
