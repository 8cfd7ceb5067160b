package functions

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2"
	"github.com/google/go-cmp/cmp"
)

// arrival is an event that arrives some time after the one before.
type arrival struct {
	after time.Duration
	n     int64
}

// memoryPartition is a partition in memory, with events that arrive as virtual time goes by.
type memoryPartition struct {
	arrivals    []arrival
	next        time.Time
	checkpoints []int64
	refuse      error
}

func (p *memoryPartition) id() string { return "0" }

func (p *memoryPartition) receive(ctx context.Context, most int, wait time.Duration) ([]*azeventhubs.ReceivedEventData, error) {
	limit := ctx
	if wait != forEver {
		var cancel context.CancelFunc
		limit, cancel = context.WithTimeout(ctx, wait)
		defer cancel()
	}
	var out []*azeventhubs.ReceivedEventData
	for len(p.arrivals) > 0 && len(out) < most {
		if p.next.IsZero() {
			p.next = time.Now().Add(p.arrivals[0].after)
		}
		if len(out) > 0 && p.next.After(time.Now()) {
			return out, nil
		}
		if !pause(limit, time.Until(p.next)) {
			return out, ctx.Err()
		}
		out = append(out, &azeventhubs.ReceivedEventData{SequenceNumber: p.arrivals[0].n})
		p.arrivals, p.next = p.arrivals[1:], time.Time{}
	}
	if len(out) == 0 {
		<-limit.Done()
	}
	return out, ctx.Err()
}

func (p *memoryPartition) checkpoint(_ context.Context, last *azeventhubs.ReceivedEventData) error {
	p.checkpoints = append(p.checkpoints, last.SequenceNumber)
	return p.refuse
}

// batches is a runner that notes each batch's sequence numbers.
type batches struct {
	ran    [][]int64
	at     []time.Duration
	start  time.Time
	answer func(ctx context.Context, n int) error
}

func (b *batches) run(ctx context.Context, _ *function, build func() (delivery, error)) error {
	d, err := build()
	if err != nil {
		return err
	}
	var numbers []int64
	for _, m := range d.metadata {
		if m.name == "SequenceNumberArray" {
			for _, v := range m.value.(array) {
				numbers = append(numbers, v.(int64))
			}
		}
		if m.name == "SequenceNumber" {
			numbers = append(numbers, m.value.(int64))
		}
	}
	b.ran, b.at = append(b.ran, numbers), append(b.at, time.Since(b.start))
	if b.answer == nil {
		return nil
	}
	return b.answer(ctx, len(b.ran))
}

// hubRead reads a partition for an hour of virtual time.
func hubRead(t *testing.T, p *memoryPartition, b *batches, change func(*hubReader)) error {
	t.Helper()
	options := defaults().Extensions.EventHubs
	options.MaxEventBatchSize = 3
	b.start = time.Now()
	r := &hubReader{
		function: &function{name: "signins", trigger: binding{Name: "e", Cardinality: "many", DataType: "binary"}},
		options:  options, runner: b, log: discard(),
	}
	if change != nil {
		change(r)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	err := r.read(ctx, p)
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

func numbers(n ...int64) []int64 { return n }

func TestBatchesRunOneAfterAnotherAndAreCheckpointed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &memoryPartition{arrivals: []arrival{{0, 1}, {0, 2}, {0, 3}, {0, 4}, {time.Second, 5}}}
		b := &batches{}
		if err := hubRead(t, p, b, nil); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([][]int64{{1, 2, 3}, {4}, {5}}, b.ran); diff != "" {
			t.Error(diff)
		}
		if !slices.Equal(p.checkpoints, numbers(3, 4, 5)) {
			t.Errorf("checkpoints %v", p.checkpoints)
		}
	})
}

func TestCardinalityOneRunsEachEventByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &memoryPartition{arrivals: []arrival{{0, 1}, {0, 2}}}
		b := &batches{}
		if err := hubRead(t, p, b, func(r *hubReader) { r.function.trigger.Cardinality = "" }); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([][]int64{{1}, {2}}, b.ran); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTheCheckpointMovesOnWhenABatchFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &memoryPartition{arrivals: []arrival{{0, 1}, {time.Second, 2}}}
		b := &batches{answer: func(context.Context, int) error { return errors.New("no") }}
		if err := hubRead(t, p, b, nil); err != nil || !slices.Equal(p.checkpoints, numbers(1, 2)) {
			t.Errorf("checkpoints %v, %v", p.checkpoints, err)
		}
	})
}

func TestTheCheckpointDoesNotMoveWhenTheHostStopsDuringABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &memoryPartition{arrivals: []arrival{{0, 1}, {time.Second, 2}}}
		b := &batches{answer: func(ctx context.Context, n int) error {
			if n == 2 {
				<-ctx.Done() // answered after the stop
			}
			return nil
		}}
		if err := hubRead(t, p, b, nil); err != nil || !slices.Equal(p.checkpoints, numbers(1)) {
			t.Errorf("checkpoints %v, %v", p.checkpoints, err)
		}
	})
}

func TestTheCheckpointFrequencyCountsBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &memoryPartition{}
		for i := range int64(7) {
			p.arrivals = append(p.arrivals, arrival{time.Second, i + 1})
		}
		if err := hubRead(t, p, &batches{}, func(r *hubReader) { r.options.BatchCheckpointFrequency = 3 }); err != nil {
			t.Error(err)
		}
		if !slices.Equal(p.checkpoints, numbers(3, 6)) {
			t.Errorf("checkpoints %v", p.checkpoints)
		}
	})
}

func TestAMinimumWaitsForEnoughEventsOrLongEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &memoryPartition{arrivals: []arrival{{0, 1}, {10 * time.Second, 2}, {5 * time.Second, 3}}}
		b := &batches{}
		err := hubRead(t, p, b, func(r *hubReader) { r.options.MinEventBatchSize, r.options.MaxWaitTime = 2, span(time.Minute) })
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([][]int64{{1, 2}, {3}}, b.ran); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]time.Duration{10 * time.Second, 75 * time.Second}, b.at); diff != "" {
			t.Error(diff)
		}
	})
}

func TestALostCheckpointGivesThePartitionBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &memoryPartition{arrivals: []arrival{{0, 1}, {time.Second, 2}}, refuse: errors.New("storage is down")}
		b := &batches{}
		if err := hubRead(t, p, b, nil); err == nil || !strings.Contains(err.Error(), "storage is down") || len(b.ran) != 1 {
			t.Errorf("%v after %v", err, b.ran)
		}
	})
}
