package notices

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"rekey/shared/azure/eventhub"
	"rekey/shared/notice"
)

// Hub is the sink that is an event hub. A connection is kept until something fails.
type Hub struct {
	Open func() (*eventhub.Sender, error)

	mu   sync.Mutex
	open *eventhub.Sender
}

// Name implements Sink.
func (h *Hub) Name() string { return "hub" }

// Since implements Sink: a hub is told everything there is.
func (h *Hub) Since() time.Time { return time.Time{} }

// Deliver implements Sink. What concerns one principal goes to one partition, in order.
func (h *Hub) Deliver(ctx context.Context, ns []notice.Notice) error {
	s, err := h.sender()
	if err != nil {
		return err
	}
	for len(ns) > 0 {
		n := 1
		for n < len(ns) && ns[n].PartitionKey == ns[0].PartitionKey {
			n++
		}
		messages, err := encode(ns[:n])
		if err != nil {
			return err
		}
		if err := s.Publish(ctx, ns[0].PartitionKey, messages...); err != nil {
			h.drop(ctx, s)
			return err
		}
		ns = ns[n:]
	}
	return nil
}

func encode(ns []notice.Notice) ([]eventhub.Message, error) {
	out := make([]eventhub.Message, len(ns))
	for i, n := range ns {
		body, err := json.Marshal(n)
		if err != nil {
			return nil, fmt.Errorf("encoding notice %s: %w", n.ID, err)
		}
		out[i] = eventhub.Message{ID: n.ID, ContentType: notice.ContentType, Body: body}
	}
	return out, nil
}

func (h *Hub) sender() (*eventhub.Sender, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.open != nil {
		return h.open, nil
	}
	s, err := h.Open()
	if err == nil {
		h.open = s
	}
	return s, err
}

// drop closes a connection on which something failed. Others that send on it fail, too, and try again.
func (h *Hub) drop(ctx context.Context, s *eventhub.Sender) {
	h.mu.Lock()
	if h.open == s {
		h.open = nil
	}
	h.mu.Unlock()
	_ = s.Close(context.WithoutCancel(ctx))
}
