package functions

import (
	"context"
	"log/slog"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2"
)

// partition is one partition that this host owns.
type partition interface {
	id() string
	// receive waits for an event and returns it with those that are there already, up to a number of them. It returns
	// none, and no error, when the wait is over first; an error ends the ownership.
	receive(ctx context.Context, most int, wait time.Duration) ([]*azeventhubs.ReceivedEventData, error)
	checkpoint(ctx context.Context, last *azeventhubs.ReceivedEventData) error
}

// hubReader runs one function for the batches of the partitions it is given.
type hubReader struct {
	function *function
	address  hubLocation
	options  eventHubOptions
	runner   runner
	log      *slog.Logger
}

// read runs the function for batch after batch of one partition, strictly one after another, until the context ends or
// the partition is lost. The checkpoint moves after a batch whether or not it succeeded; an event hub has no poison
// queue. It does not move when the host stops, so that what was interrupted comes again.
func (r *hubReader) read(ctx context.Context, p partition) error {
	for batches := 1; ; batches++ {
		batch, err := r.collect(ctx, p)
		if err != nil || ctx.Err() != nil {
			return err
		}
		failure := r.runner.run(ctx, r.function, func() (delivery, error) { return eventDelivery(r.function, r.address, p.id(), batch) })
		if ctx.Err() != nil {
			return nil
		}
		if failure != nil {
			r.log.ErrorContext(ctx, "events are skipped", slog.String("function", r.function.name), slog.String("partition", p.id()),
				slog.Int("events", len(batch)), slog.Int64("sequence", batch[0].SequenceNumber), slog.Any("error", failure))
		}
		if batches%r.options.BatchCheckpointFrequency != 0 {
			continue
		}
		if err := p.checkpoint(ctx, batch[len(batch)-1]); err != nil {
			return err
		}
	}
}

// collect gathers the next batch: one event for cardinality one, else as many as are there. With a minimum, events are
// held until there are enough or the first has waited long enough.
func (r *hubReader) collect(ctx context.Context, p partition) ([]*azeventhubs.ReceivedEventData, error) {
	least, most := r.options.MinEventBatchSize, r.options.MaxEventBatchSize
	if r.function.trigger.Cardinality != "many" {
		least, most = 1, 1
	}
	var batch []*azeventhubs.ReceivedEventData
	var deadline time.Time
	for {
		wait := forEver
		if len(batch) > 0 {
			wait = time.Until(deadline)
		}
		more, err := p.receive(ctx, most-len(batch), wait)
		if err != nil || ctx.Err() != nil {
			return nil, err
		}
		if len(batch) == 0 {
			deadline = time.Now().Add(time.Duration(r.options.MaxWaitTime))
		}
		batch = append(batch, more...)
		if len(batch) >= least || len(batch) > 0 && !time.Now().Before(deadline) {
			return batch, nil
		}
	}
}

// forEver is a wait that only the context ends.
const forEver = time.Duration(1<<63 - 1)
