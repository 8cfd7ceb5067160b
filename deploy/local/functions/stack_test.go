package functions

import (
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"rekey/deploy/local/azurite"
	"rekey/deploy/local/eventhub"
)

// storage starts Azurite in memory and returns its connection string.
func storage(t *testing.T) string {
	t.Helper()
	s, err := azurite.Start(t.Context(), azurite.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s.ConnectionString()
}

// namespace starts an Event Hubs endpoint with one hub of two partitions and returns its connection string.
func namespace(t *testing.T) string {
	t.Helper()
	s, err := eventhub.New(eventhub.Config{
		Hubs: []eventhub.Hub{{Name: "signins", Partitions: 2, Groups: []string{"detect"}}}, Keys: map[string]string{"root": "a2V5"},
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Close() //nolint:errcheck // the test is over
		<-served
	})
	return eventhub.ConnectionString(l.Addr().String(), "root", "a2V5")
}

// send sends events to one partition by the real client.
func send(t *testing.T, connection, partition string, texts ...string) {
	t.Helper()
	c, err := azeventhubs.NewProducerClientFromConnectionString(connection, "signins", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	b, err := c.NewEventDataBatch(t.Context(), &azeventhubs.EventDataBatchOptions{PartitionID: &partition})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range texts {
		if err := b.AddEventData(&azeventhubs.EventData{Body: []byte(s)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.SendEventDataBatch(t.Context(), b, nil); err != nil {
		t.Fatal(err)
	}
}

// checkpointed counts the partitions whose checkpoint holds the sequence number.
func checkpointed(t *testing.T, connection string, sequence string) int {
	t.Helper()
	c, err := container.NewClientFromConnectionString(connection, checkpointContainer, nil)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for pager := c.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Include: container.ListBlobsInclude{Metadata: true}}); pager.More(); {
		page, err := pager.NextPage(t.Context())
		if err != nil {
			return n // not created yet
		}
		for _, b := range page.Segment.BlobItems {
			for k, v := range b.Metadata {
				if strings.Contains(*b.Name, "/checkpoint/") && strings.EqualFold(k, "sequencenumber") && *v == sequence {
					n++
				}
			}
		}
	}
	return n
}

// seen is how many of the requests hold a text.
func (a *app) seen(text string) int {
	n := 0
	for _, r := range a.requests() {
		if strings.Contains(r.Body, text) {
			n++
		}
	}
	return n
}

const hubFunction = `{"bindings":[{"type":"eventHubTrigger","name":"events","direction":"in","eventHubName":"%%HUB%%","connection":"EVENTHUB",
	"consumerGroup":"detect","cardinality":"many","dataType":"binary"}],"retry":{"strategy":"fixedDelay","maxRetryCount":%d,"delayInterval":"00:00:00.1"}}`

func hubApp(t *testing.T, hub, store, function string, retries int) *app {
	t.Helper()
	a := newApp(t, "", map[string]string{function: fmt.Sprintf(hubFunction, retries)})
	a.config.Settings["HUB"], a.config.Settings["EVENTHUB"], a.config.Settings["AzureWebJobsStorage"] = "signins", hub, store
	return a
}

func TestEventsGoFromTheHubToTheHandlerAndANewHostGoesOnFromTheCheckpoint(t *testing.T) {
	hub, store := namespace(t), storage(t)
	first, second := "\xff not text", `{"records":[]}`
	send(t, hub, "0", first)
	send(t, hub, "1", second)

	a := hubApp(t, hub, store, "ok", 0)
	h, err := New(a.config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	eventually(t, "both partitions' checkpoints", func() bool { return checkpointed(t, store, "0") == 2 })
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for _, text := range []string{first, second} {
		if n := a.seen(base64.StdEncoding.EncodeToString([]byte(text))); n != 1 {
			t.Errorf("%q came %d times", text, n)
		}
	}

	send(t, hub, "0", "third")
	next := hubApp(t, hub, store, "ok", 0)
	next.start()
	third := base64.StdEncoding.EncodeToString([]byte("third"))
	eventually(t, "the third event", func() bool { return next.seen(third) == 1 })
	if r := next.requests(); len(r) != 1 || !strings.Contains(r[0].Body, `"SequenceNumberArray":"[1]"`) || !strings.Contains(r[0].Body, `"PartitionId":"0"`) {
		t.Errorf("the second host began anew: %+v", r)
	}
}

func TestABatchThatKeepsFailingIsRetriedWithOneIdAndThenSkipped(t *testing.T) {
	hub, store := namespace(t), storage(t)
	a := hubApp(t, hub, store, "fail", 2)
	a.start()
	send(t, hub, "1", "bad")
	eventually(t, "the checkpoint", func() bool { return checkpointed(t, store, "0") == 1 })
	r := a.requests()
	if len(r) != 3 {
		t.Fatalf("%d attempts", len(r))
	}
	for i, one := range r {
		if one.Header.Get("X-Azure-Functions-Invocationid") != r[0].Header.Get("X-Azure-Functions-Invocationid") ||
			!strings.Contains(one.Body, fmt.Sprintf(`"RetryContext":{"RetryCount":%d,"MaxRetryCount":2`, i)) {
			t.Errorf("attempt %d: %+v", i, one)
		}
	}
}

func TestWhatWasInTheHandlersHandsWhenTheHostStoppedComesAgain(t *testing.T) {
	hub, store := namespace(t), storage(t)
	a := hubApp(t, hub, store, "hang", -1)
	h, err := New(a.config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	send(t, hub, "0", "held")
	eventually(t, "the invocation", func() bool { return len(a.requests()) == 1 })
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if checkpointed(t, store, "0") != 0 {
		t.Fatal("the checkpoint moved")
	}
	next := hubApp(t, hub, store, "ok", 0)
	next.start()
	eventually(t, "the event", func() bool { return next.seen(base64.StdEncoding.EncodeToString([]byte("held"))) == 1 })
}

func TestEventsSurviveAStorageOutage(t *testing.T) {
	hub := namespace(t)
	s, err := azurite.Start(t.Context(), azurite.Config{Dir: t.TempDir(), Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	a := hubApp(t, hub, s.ConnectionString(), "ok", 0)
	a.start()
	send(t, hub, "0", "before")
	eventually(t, "the first checkpoint", func() bool { return checkpointed(t, s.ConnectionString(), "0") == 1 })
	s.Kill()
	send(t, hub, "0", "during")
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the second checkpoint", func() bool { return checkpointed(t, s.ConnectionString(), "1") == 1 })
	if a.seen(base64.StdEncoding.EncodeToString([]byte("during"))) == 0 {
		t.Error("the event was lost")
	}
}

func TestMessagesGoFromTheQueueToTheHandlerAndThoseThatFailToThePoisonQueue(t *testing.T) {
	store := storage(t)
	a := newApp(t, `,"extensions":{"queues":{"maxPollingInterval":"00:00:00.2","maxDequeueCount":3}}`, map[string]string{
		"ok":   `{"bindings":[{"type":"queueTrigger","name":"m","direction":"in","queueName":"good","connection":"STATE"}]}`,
		"fail": `{"bindings":[{"type":"queueTrigger","name":"m","direction":"in","queueName":"bad","connection":"STATE"}]}`,
	})
	a.config.Settings["STATE"] = store
	a.start() // before the queues exist
	put := func(name, text string) *azqueue.QueueClient {
		t.Helper()
		q, err := azqueue.NewQueueClientFromConnectionString(store, name, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := q.Create(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if _, err := q.EnqueueMessage(t.Context(), base64.StdEncoding.EncodeToString([]byte(text)), nil); err != nil {
			t.Fatal(err)
		}
		return q
	}
	length := func(q *azqueue.QueueClient) int32 {
		p, err := q.GetProperties(t.Context(), nil)
		if err != nil {
			return -1
		}
		return *p.ApproximateMessagesCount
	}
	good, bad := put("good", `{"case":"1"}`), put("bad", "no")
	poison, err := azqueue.NewQueueClientFromConnectionString(store, "bad-poison", nil)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the queues to settle", func() bool { return length(good) == 0 && length(bad) == 0 && length(poison) == 1 })
	peek, err := poison.PeekMessage(t.Context(), nil)
	if err != nil || *peek.Messages[0].MessageText != "bm8=" {
		t.Errorf("poison: %v, %v", peek.Messages, err)
	}
	if n := a.seen(`{"m":"\"no\""}`); n != 3 {
		t.Errorf("the bad message was tried %d times", n)
	}
	if n := a.seen(`{"m":"\"{\\\"case\\\":\\\"1\\\"}\""}`); n != 1 {
		t.Errorf("the good message came %d times", n)
	}
}

func TestATimerReachesTheHandler(t *testing.T) {
	a := newApp(t, "", map[string]string{"ok": `{"bindings":[{"type":"timerTrigger","name":"t","direction":"in","schedule":"%EVERY%"}]}`})
	a.config.Settings["EVERY"] = "*/1 * * * * *"
	a.start()
	eventually(t, "two ticks", func() bool {
		return a.seen(`{"Data":{"t":{"Schedule":{"AdjustForDST":true},"ScheduleStatus":null`) >= 2
	})
	first, last := a.requests()[0].Header.Get("X-Azure-Functions-Invocationid"), a.requests()[1].Header.Get("X-Azure-Functions-Invocationid")
	if first == "" || first == last {
		t.Errorf("ids %q and %q at %s", first, last, time.Now())
	}
}
