package eventhub_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2"

	"rekey/deploy/local/eventhub"
)

const (
	keyName = "RootManageSharedAccessKey"
	key     = "a2V5LWZvci10ZXN0cw=="
)

// namespace is a server on a port of its own that can be stopped and started again.
type namespace struct {
	t      testing.TB
	config eventhub.Config
	addr   string
	server *eventhub.Server
	done   chan error
}

func start(t testing.TB, dir string, partitions int) *namespace {
	t.Helper()
	n := &namespace{t: t, addr: "127.0.0.1:0", config: eventhub.Config{
		Hubs: []eventhub.Hub{{Name: "signins", Partitions: partitions, Groups: []string{"other"}}}, Keys: map[string]string{keyName: key}, Dir: dir,
	}}
	n.up()
	t.Cleanup(n.down)
	return n
}

func (n *namespace) up() {
	n.t.Helper()
	ln, err := net.Listen("tcp", n.addr)
	if err != nil {
		n.t.Fatal(err)
	}
	n.addr = ln.Addr().String()
	if n.server, err = eventhub.New(n.config); err != nil {
		n.t.Fatal(err)
	}
	n.done = make(chan error, 1)
	go func() { n.done <- n.server.Serve(ln) }()
}

func (n *namespace) down() {
	n.t.Helper()
	if err := errors.Join(n.server.Close(), <-n.done); err != nil {
		n.t.Error(err)
	}
	n.done <- nil // a second down is harmless
}

func (n *namespace) connection() string { return eventhub.ConnectionString(n.addr, keyName, key) }

var quick = azeventhubs.RetryOptions{MaxRetries: 20, RetryDelay: 20 * time.Millisecond, MaxRetryDelay: 100 * time.Millisecond}

func (n *namespace) producer() *azeventhubs.ProducerClient {
	n.t.Helper()
	p, err := azeventhubs.NewProducerClientFromConnectionString(n.connection(), "signins", &azeventhubs.ProducerClientOptions{RetryOptions: quick})
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { p.Close(context.Background()) })
	return p
}

func (n *namespace) consumer() *azeventhubs.ConsumerClient {
	n.t.Helper()
	c, err := azeventhubs.NewConsumerClientFromConnectionString(n.connection(), "signins", "$Default", &azeventhubs.ConsumerClientOptions{RetryOptions: quick})
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { c.Close(context.Background()) })
	return c
}

func send(t testing.TB, p *azeventhubs.ProducerClient, opts *azeventhubs.EventDataBatchOptions, bodies ...[]byte) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	batch, err := p.NewEventDataBatch(ctx, opts)
	if err != nil {
		return err
	}
	for _, b := range bodies {
		if err := batch.AddEventData(&azeventhubs.EventData{Body: b}, nil); err != nil {
			return err
		}
	}
	return p.SendEventDataBatch(ctx, batch, nil)
}

func mustSend(t testing.TB, p *azeventhubs.ProducerClient, opts *azeventhubs.EventDataBatchOptions, bodies ...[]byte) {
	t.Helper()
	if err := send(t, p, opts, bodies...); err != nil {
		t.Fatal(err)
	}
}

func partition(id string) *azeventhubs.EventDataBatchOptions {
	return &azeventhubs.EventDataBatchOptions{PartitionID: &id}
}

func texts(prefix string, n int) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		out[i] = fmt.Appendf(nil, "%s%d", prefix, i)
	}
	return out
}

// receive reads n events of a partition.
func receive(t testing.TB, c *azeventhubs.ConsumerClient, id string, from azeventhubs.StartPosition, n int) []*azeventhubs.ReceivedEventData {
	t.Helper()
	pc, err := c.NewPartitionClient(id, &azeventhubs.PartitionClientOptions{StartPosition: from})
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close(context.Background())
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var out []*azeventhubs.ReceivedEventData
	for len(out) < n {
		events, err := pc.ReceiveEvents(ctx, n-len(out), nil)
		if err != nil {
			t.Fatalf("after %d of %d events: %v", len(out), n, err)
		}
		out = append(out, events...)
	}
	return out
}

var earliest = azeventhubs.StartPosition{Earliest: to.Ptr(true)}

func TestEventsArriveInOrderWithTheirNumbersAndBytes(t *testing.T) {
	n := start(t, "", 2)
	p := n.producer()
	mustSend(t, p, partition("1"), texts("a", 100)...)
	got := receive(t, n.consumer(), "1", earliest, 100)
	for i, e := range got {
		if string(e.Body) != fmt.Sprint("a", i) || e.SequenceNumber != int64(i) || e.EnqueuedTime == nil || e.Offset == "" {
			t.Fatalf("event %d: %q, sequence %d", i, e.Body, e.SequenceNumber)
		}
	}
	if last := n.server.LastSequence("signins"); last[0] != -1 || last[1] != 99 {
		t.Errorf("last sequence numbers %v", last)
	}
}

func TestAKeyAlwaysLeadsToTheSamePartitionAndNoKeySpreads(t *testing.T) {
	n := start(t, "", 4)
	p := n.producer()
	for range 5 {
		mustSend(t, p, &azeventhubs.EventDataBatchOptions{PartitionKey: to.Ptr("sp1")}, []byte("x"))
	}
	used := 0
	for _, last := range n.server.LastSequence("signins") {
		if last >= 0 {
			used++
		}
	}
	if used != 1 {
		t.Errorf("one key is in %d partitions", used)
	}
	for range 8 {
		mustSend(t, p, nil, []byte("x"))
	}
	for i, last := range n.server.LastSequence("signins") {
		if last < 0 {
			t.Errorf("partition %d got nothing", i)
		}
	}
}

func TestALargeEventCrossesManyFramesAndATooLargeOneIsRefused(t *testing.T) {
	n := start(t, "", 1)
	p := n.producer()
	big := bytes.Repeat([]byte("0123456789"), 90<<10)
	mustSend(t, p, nil, big)
	if got := receive(t, n.consumer(), "0", earliest, 1); !bytes.Equal(got[0].Body, big) {
		t.Errorf("%d bytes arrived of %d", len(got[0].Body), len(big))
	}
	if err := send(t, p, nil, bytes.Repeat([]byte("x"), 2<<20)); !errors.Is(err, azeventhubs.ErrEventDataTooLarge) {
		t.Errorf("2 MiB: %v", err)
	}
}

func TestConsumersStartWhereTheyAreTold(t *testing.T) {
	n := start(t, "", 1)
	p, c := n.producer(), n.consumer()
	mustSend(t, p, nil, texts("a", 10)...)
	all := receive(t, c, "0", earliest, 10)
	tests := map[string]struct {
		from azeventhubs.StartPosition
		want string
	}{
		"at the earliest event":          {earliest, "a0"},
		"behind a sequence number":       {azeventhubs.StartPosition{SequenceNumber: to.Ptr(int64(4))}, "a5"},
		"at a sequence number":           {azeventhubs.StartPosition{SequenceNumber: to.Ptr(int64(4)), Inclusive: true}, "a4"},
		"behind an offset":               {azeventhubs.StartPosition{Offset: to.Ptr(all[6].Offset)}, "a7"},
		"at an offset":                   {azeventhubs.StartPosition{Offset: to.Ptr(all[6].Offset), Inclusive: true}, "a6"},
		"behind a time before the first": {azeventhubs.StartPosition{EnqueuedTime: to.Ptr(all[0].EnqueuedTime.Add(-time.Second))}, "a0"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := receive(t, c, "0", tt.from, 1); string(got[0].Body) != tt.want {
				t.Errorf("first event %q, want %q", got[0].Body, tt.want)
			}
		})
	}
}

func TestAWrongKeyIsRefused(t *testing.T) {
	n := start(t, "", 1)
	p, err := azeventhubs.NewProducerClientFromConnectionString(eventhub.ConnectionString(n.addr, keyName, "d3Jvbmc="), "signins",
		&azeventhubs.ProducerClientOptions{RetryOptions: azeventhubs.RetryOptions{MaxRetries: -1}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close(context.Background())
	var e *azeventhubs.Error
	if err := send(t, p, nil, []byte("x")); !errors.As(err, &e) || e.Code != azeventhubs.ErrorCodeUnauthorizedAccess {
		t.Errorf("wrong key: %v", err)
	}
}

func TestAHigherOwnerLevelTakesThePartition(t *testing.T) {
	n := start(t, "", 1)
	c := n.consumer()
	mustSend(t, n.producer(), nil, []byte("x"))
	open := func(level int64) *azeventhubs.PartitionClient {
		pc, err := c.NewPartitionClient("0", &azeventhubs.PartitionClientOptions{OwnerLevel: &level, StartPosition: earliest})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { pc.Close(context.Background()) })
		if _, err := pc.ReceiveEvents(t.Context(), 1, nil); err != nil {
			t.Fatal(err)
		}
		return pc
	}
	first := open(1)
	open(2)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err := first.ReceiveEvents(ctx, 1, nil)
	var e *azeventhubs.Error
	if !errors.As(err, &e) || e.Code != azeventhubs.ErrorCodeOwnershipLost {
		t.Errorf("the first owner got %v", err)
	}
}

func TestARestartOnTheSameFolderLosesNothing(t *testing.T) {
	n := start(t, t.TempDir(), 1)
	p := n.producer()
	mustSend(t, p, nil, texts("a", 50)...)
	n.down()
	n.up()
	mustSend(t, p, nil, texts("b", 50)...)
	got := receive(t, n.consumer(), "0", earliest, 100)
	for i, e := range got {
		if e.SequenceNumber != int64(i) {
			t.Fatalf("event %d has sequence number %d", i, e.SequenceNumber)
		}
	}
	if string(got[99].Body) != "b49" {
		t.Errorf("last event %q", got[99].Body)
	}
}

func TestCutConnectionsAndABusyServerLoseNothing(t *testing.T) {
	n := start(t, "", 1)
	p, c := n.producer(), n.consumer()
	for i := range 30 {
		switch i % 10 {
		case 3:
			n.server.DropConnections()
		case 6:
			n.server.RefuseNext(2)
		}
		mustSend(t, p, nil, fmt.Appendf(nil, "a%d", i))
	}
	seen := map[string]bool{}
	stored := int(n.server.LastSequence("signins")[0]) + 1 // a send whose answer was lost is repeated
	for _, e := range receive(t, c, "0", earliest, stored) {
		seen[string(e.Body)] = true
	}
	for i := range 30 {
		if !seen[fmt.Sprint("a", i)] {
			t.Errorf("event %d is lost", i)
		}
	}
}

// checkpoints is an azeventhubs.CheckpointStore in memory.
type checkpoints struct {
	mu     sync.Mutex
	owners map[string]azeventhubs.Ownership
	points map[string]azeventhubs.Checkpoint
	tag    int
}

func (c *checkpoints) ClaimOwnership(_ context.Context, claim []azeventhubs.Ownership, _ *azeventhubs.ClaimOwnershipOptions) ([]azeventhubs.Ownership, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []azeventhubs.Ownership
	for _, o := range claim {
		if old, ok := c.owners[o.PartitionID]; ok && (o.ETag == nil || *old.ETag != *o.ETag) {
			continue
		}
		c.tag++
		o.ETag = to.Ptr(azcore.ETag(fmt.Sprint(c.tag)))
		o.LastModifiedTime = time.Now()
		c.owners[o.PartitionID] = o
		out = append(out, o)
	}
	return out, nil
}

func (c *checkpoints) ListCheckpoints(context.Context, string, string, string, *azeventhubs.ListCheckpointsOptions) ([]azeventhubs.Checkpoint, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []azeventhubs.Checkpoint
	for _, p := range c.points {
		out = append(out, p)
	}
	return out, nil
}

func (c *checkpoints) ListOwnership(context.Context, string, string, string, *azeventhubs.ListOwnershipOptions) ([]azeventhubs.Ownership, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []azeventhubs.Ownership
	for _, o := range c.owners {
		out = append(out, o)
	}
	return out, nil
}

func (c *checkpoints) SetCheckpoint(_ context.Context, p azeventhubs.Checkpoint, _ *azeventhubs.SetCheckpointOptions) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.points[p.PartitionID] = p
	return nil
}

func TestTwoProcessorsShareTheHubAndTheSecondTakesOver(t *testing.T) {
	n := start(t, "", 4)
	p := n.producer()
	store := &checkpoints{owners: map[string]azeventhubs.Ownership{}, points: map[string]azeventhubs.Checkpoint{}}
	var mu sync.Mutex
	seen := map[string]int{}
	changed := make(chan struct{}, 1)
	run := func(ctx context.Context) func() {
		processor, err := azeventhubs.NewProcessor(n.consumer(), store, &azeventhubs.ProcessorOptions{
			UpdateInterval: 100 * time.Millisecond, PartitionExpirationDuration: time.Second,
			StartPositions: azeventhubs.StartPositions{Default: earliest},
		})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			for {
				pc := processor.NextPartitionClient(ctx)
				if pc == nil {
					return
				}
				wg.Go(func() {
					defer pc.Close(context.Background())
					for {
						wait, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
						events, err := pc.ReceiveEvents(wait, 10, nil)
						cancel()
						if err != nil && !errors.Is(err, context.DeadlineExceeded) {
							return
						}
						for _, e := range events {
							mu.Lock()
							seen[string(e.Body)]++
							mu.Unlock()
							_ = pc.UpdateCheckpoint(ctx, e, nil)
						}
						select {
						case changed <- struct{}{}:
						default:
						}
					}
				})
			}
		})
		wg.Go(func() { _ = processor.Run(ctx) })
		return wg.Wait
	}
	first, stopFirst := context.WithCancel(t.Context())
	second, stopSecond := context.WithCancel(t.Context())
	waitFirst, waitSecond := run(first), run(second)
	expect := func(want int) {
		t.Helper()
		deadline := time.After(30 * time.Second)
		for {
			mu.Lock()
			got := len(seen)
			mu.Unlock()
			if got >= want {
				return
			}
			select {
			case <-changed:
			case <-deadline:
				t.Fatalf("%d of %d events were processed", got, want)
			}
		}
	}
	for i := range 40 {
		mustSend(t, p, partition(fmt.Sprint(i%4)), fmt.Appendf(nil, "a%d", i))
	}
	expect(40)
	stopFirst()
	waitFirst()
	for i := range 40 {
		mustSend(t, p, partition(fmt.Sprint(i%4)), fmt.Appendf(nil, "b%d", i))
	}
	expect(80)
	stopSecond()
	waitSecond()
}

func BenchmarkThroughput(b *testing.B) {
	n := start(b, "", 1)
	p, c := n.producer(), n.consumer()
	bodies := make([][]byte, 100)
	for i := range bodies {
		bodies[i] = bytes.Repeat([]byte("x"), 1024)
	}
	pc, err := c.NewPartitionClient("0", &azeventhubs.PartitionClientOptions{StartPosition: earliest})
	if err != nil {
		b.Fatal(err)
	}
	defer pc.Close(context.Background())
	b.SetBytes(100 * 1024)
	for b.Loop() {
		mustSend(b, p, nil, bodies...)
		for got := 0; got < len(bodies); {
			events, err := pc.ReceiveEvents(b.Context(), len(bodies)-got, nil)
			if err != nil {
				b.Fatal(err)
			}
			got += len(events)
		}
	}
	b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
