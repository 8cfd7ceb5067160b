package functions

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// queue is what a queue trigger needs of a queue.
type queue interface {
	// receive takes up to n messages that stay hidden for a while. A queue that does not exist is empty.
	receive(ctx context.Context, n int32, hidden time.Duration) ([]*message, error)
	// hide keeps a message hidden for that long from now; 0 shows it. It renews the message's receipt.
	hide(ctx context.Context, m *message, d time.Duration) error
	remove(ctx context.Context, m *message) error
	// bury puts a copy into the poison queue.
	bury(ctx context.Context, m *message) error
}

// message is a message that was received.
type message struct {
	id, receipt, text          string // text as it is stored, maybe base64
	dequeues                   int64
	inserted, expires, visible time.Time
}

// How the real host waits: an empty queue is asked again after a tenth of a second, then after twice as long each
// time; a message is hidden for ten minutes, and again each time half of them are over.
const (
	firstPause = 100 * time.Millisecond
	lease      = 10 * time.Minute
)

// afterwards is how long what must still happen to a message may take once the host is stopping.
const afterwards = 2 * time.Second

// queuePoll runs one function for each message of a queue.
type queuePoll struct {
	function *function
	queue    queue
	options  queueOptions
	runner   runner
	log      *slog.Logger

	running sync.WaitGroup
}

// run polls until the context ends, and then waits for what is running.
func (q *queuePoll) run(ctx context.Context) error {
	defer q.running.Wait()
	slots := make(chan struct{}, q.options.BatchSize+q.options.NewBatchThreshold)
	room := make(chan struct{}, 1) // rung when a message is done
	wait := firstPause
	for ctx.Err() == nil {
		if int32(len(slots)) > q.options.NewBatchThreshold { //nolint:gosec // at most 32 and a threshold
			select {
			case <-room:
			case <-ctx.Done():
			}
			continue
		}
		batch, err := q.queue.receive(ctx, q.options.BatchSize, lease)
		if err != nil && ctx.Err() == nil {
			q.log.WarnContext(ctx, "polling", slog.String("queue", q.function.trigger.QueueName), slog.Any("error", err))
		}
		if len(batch) == 0 {
			pause(ctx, wait)
			wait = min(2*wait, time.Duration(q.options.MaxPollingInterval))
			continue
		}
		wait = firstPause
		for _, m := range batch {
			slots <- struct{}{}
			q.running.Go(func() {
				q.process(ctx, m)
				<-slots
				select {
				case room <- struct{}{}:
				default: // it is known already
				}
			})
		}
	}
	return nil
}

// process runs the function for one message and settles it. Settling outlives the context, so that stopping the host
// gives the message back at once.
func (q *queuePoll) process(ctx context.Context, m *message) {
	payload, err := decodeMessage(m.text, q.options.MessageEncoding)
	poison := err != nil || m.dequeues > q.options.MaxDequeueCount
	if !poison {
		renewing, stop := context.WithCancel(ctx)
		var renewal sync.WaitGroup
		renewal.Go(func() { q.renew(renewing, m) })
		err = q.runner.run(ctx, q.function, func() (delivery, error) { return messageDelivery(q.function, m, payload), nil })
		stop()
		renewal.Wait()
	}
	settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	if ctx.Err() != nil && err != nil {
		poison, m.dequeues = false, 0 // the host's stopping is not the message's fault
	}
	if err := q.settle(settling, m, poison, err); err != nil {
		q.log.WarnContext(ctx, "settling a message", slog.String("queue", q.function.trigger.QueueName), slog.String("id", m.id), slog.Any("error", err))
	}
}

// settle removes a message that succeeded, buries one that failed too often, and shows any other again.
func (q *queuePoll) settle(ctx context.Context, m *message, poison bool, failure error) error {
	buriable := !strings.HasSuffix(q.function.trigger.QueueName, poisonSuffix)
	switch {
	case failure == nil && !poison:
		return q.queue.remove(ctx, m)
	case buriable && (poison || m.dequeues >= q.options.MaxDequeueCount):
		if err := q.queue.bury(ctx, m); err != nil {
			return err
		}
		q.log.WarnContext(ctx, "message is poison", slog.String("queue", q.function.trigger.QueueName), slog.String("id", m.id))
		return q.queue.remove(ctx, m)
	}
	return q.queue.hide(ctx, m, time.Duration(q.options.VisibilityTimeout))
}

// renew keeps a message hidden while it is worked on.
func (q *queuePoll) renew(ctx context.Context, m *message) {
	for pause(ctx, lease/2) {
		// Once sent, a renewal is waited for: the receipt that it returns is needed to settle the message.
		err := q.queue.hide(context.WithoutCancel(ctx), m, lease)
		if err != nil && !errors.Is(err, context.Canceled) {
			q.log.WarnContext(ctx, "keeping a message", slog.String("queue", q.function.trigger.QueueName), slog.String("id", m.id), slog.Any("error", err))
		}
	}
}
