package notices_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2"

	local "rekey/deploy/local/eventhub"
	"rekey/handlers/notices"
	"rekey/shared/azure/eventhub"
	"rekey/shared/notice"
)

const hubKey = "bm90IGEgc2VjcmV0IG9mIGFueWJvZHkncywgYW5kIDMyIGI="

// namespace is a local namespace that can be stopped and started again.
type namespace struct {
	t      *testing.T
	dir    string
	addr   string
	server *local.Server
	done   chan error
}

func (n *namespace) start() {
	n.t.Helper()
	addr := n.addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		n.t.Fatal(err)
	}
	n.addr = ln.Addr().String()
	n.server, err = local.New(local.Config{Hubs: []local.Hub{{Name: "notices", Partitions: 4}}, Keys: map[string]string{"send": hubKey}, Dir: n.dir})
	if err != nil {
		n.t.Fatal(err)
	}
	n.done = make(chan error, 1)
	go func(s *local.Server, done chan error) { done <- s.Serve(ln) }(n.server, n.done)
}

func (n *namespace) stop() {
	n.t.Helper()
	if n.server == nil {
		return
	}
	if err := n.server.Close(); err != nil {
		n.t.Error(err)
	}
	<-n.done
	n.server = nil
}

func (n *namespace) connection() string { return local.ConnectionString(n.addr, "send", hubKey) }

// read returns the ids on each partition, in order.
func (n *namespace) read() map[int][]*azeventhubs.ReceivedEventData {
	n.t.Helper()
	c, err := azeventhubs.NewConsumerClientFromConnectionString(n.connection(), "notices", "$Default", nil)
	if err != nil {
		n.t.Fatal(err)
	}
	defer c.Close(context.WithoutCancel(n.t.Context()))
	out := map[int][]*azeventhubs.ReceivedEventData{}
	for i, last := range n.server.LastSequence("notices") {
		if last < 0 {
			continue
		}
		p, err := c.NewPartitionClient(strconv.Itoa(i), &azeventhubs.PartitionClientOptions{StartPosition: azeventhubs.StartPosition{Earliest: to.Ptr(true)}})
		if err != nil {
			n.t.Fatal(err)
		}
		for len(out[i]) <= int(last) {
			events, err := p.ReceiveEvents(n.t.Context(), 1, nil)
			if err != nil {
				n.t.Fatal(err)
			}
			out[i] = append(out[i], events...)
		}
		p.Close(context.WithoutCancel(n.t.Context()))
	}
	return out
}

func newHub(t *testing.T) (*namespace, *notices.Hub) {
	n := &namespace{t: t, dir: t.TempDir()}
	n.start()
	t.Cleanup(n.stop)
	return n, &notices.Hub{Open: func() (*eventhub.Sender, error) { return eventhub.FromConnectionString(n.connection(), "notices") }}
}

func made(principal string, count, size int) []notice.Notice {
	out := make([]notice.Notice, count)
	for i := range out {
		out[i] = notice.Notice{
			SpecVersion: "1.0", ID: fmt.Sprintf("%s-%04d", principal, i), Source: notice.Source(tenant), Type: notice.DetectionRaised, PartitionKey: principal,
			Data: notice.Detection{ID: "d", Statement: strings.Repeat("x", size)},
		}
	}
	return out
}

func TestAHubGetsEachNoticeAsOneMessageInOrderOnThePrincipalsPartition(t *testing.T) {
	n, hub := newHub(t)
	all := append(made("sp1", 30, 100<<10), made("sp2", 5, 10)...) // 3 MB: more than one batch takes
	if err := hub.Deliver(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	next, at, total := map[string]int{}, map[string]int{}, 0
	for partition, events := range n.read() {
		for _, e := range events {
			var got notice.Notice
			if err := json.Unmarshal(e.Body, &got); err != nil {
				t.Fatal(err)
			}
			key := got.PartitionKey
			if want := fmt.Sprintf("%s-%04d", key, next[key]); got.ID != want || *e.MessageID != want || *e.ContentType != notice.ContentType || *e.PartitionKey != key {
				t.Fatalf("got %s (message %s, %s, key %s), want %s", got.ID, *e.MessageID, *e.ContentType, *e.PartitionKey, want)
			}
			if p, ok := at[key]; ok && p != partition {
				t.Errorf("%s is on partitions %d and %d", key, p, partition)
			}
			next[key]++
			at[key] = partition
			total++
		}
	}
	if total != len(all) {
		t.Errorf("%d messages, want %d", total, len(all))
	}
}

func TestAHubThatIsDownIsAnErrorSoonAndIsReachedAgainWhenItIsUp(t *testing.T) {
	n, hub := newHub(t)
	if err := hub.Deliver(t.Context(), made("sp1", 1, 1)); err != nil {
		t.Fatal(err)
	}
	n.stop()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	begun := time.Now()
	for range 2 {
		if err := hub.Deliver(ctx, made("sp2", 1, 1)); err == nil {
			t.Fatal("a hub that is down took a notice")
		} else if strings.Contains(err.Error(), hubKey) {
			t.Errorf("the error holds the key: %v", err)
		}
	}
	if took := time.Since(begun); took > 15*time.Second {
		t.Errorf("two refusals took %s", took)
	}
	n.start()
	n.server.RefuseNext(1)
	if err := hub.Deliver(t.Context(), made("sp3", 1, 1)); err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, events := range n.read() {
		for _, e := range events {
			all = append(all, e.Body...)
		}
	}
	if !bytes.Contains(all, []byte("sp1-0000")) || !bytes.Contains(all, []byte("sp3-0000")) {
		t.Errorf("the hub holds %s", all)
	}
}

func TestANoticeThatIsTooLargeIsAnErrorAndNotAPanic(t *testing.T) {
	_, hub := newHub(t)
	if err := hub.Deliver(t.Context(), made("sp1", 1, 2<<20)); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("got %v", err)
	}
}
