// Package eventhub sends messages to Event Hubs: dead letters that are replayed go back to where they came from, and notices go
// to whoever reads them.
package eventhub

import (
	"context"
	"errors"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2"

	"rekey/shared/azure/redact"
	"rekey/shared/fault"
)

// Sender sends to one hub. Close it when done.
type Sender struct {
	client *azeventhubs.ProducerClient
	hub    string
}

// retry is short: whoever sends tries again later.
var retry = azeventhubs.RetryOptions{MaxRetries: 2, RetryDelay: 500 * time.Millisecond, MaxRetryDelay: 2 * time.Second}

// FromConnectionString opens a hub by the namespace's connection string.
func FromConnectionString(s, hub string) (*Sender, error) {
	c, err := azeventhubs.NewProducerClientFromConnectionString(s, hub, &azeventhubs.ProducerClientOptions{RetryOptions: retry})
	if err != nil {
		return nil, fault.Errorf(fault.Denied, "opening event hub %s: the connection string is not usable", hub)
	}
	return &Sender{c, hub}, nil
}

// FromNamespace opens a hub by its fully qualified namespace and a credential.
func FromNamespace(namespace, hub string, cred azcore.TokenCredential) (*Sender, error) {
	c, err := azeventhubs.NewProducerClient(namespace, hub, cred, &azeventhubs.ProducerClientOptions{RetryOptions: retry})
	return &Sender{c, hub}, redact.Error("opening event hub "+hub, err)
}

// Send sends messages as they are, to a partition or, when it is empty, to any; as many at a time as fit.
func (s *Sender) Send(ctx context.Context, partition string, messages ...[]byte) error {
	var opts azeventhubs.EventDataBatchOptions
	if partition != "" {
		opts.PartitionID = &partition
	}
	events := make([]*azeventhubs.EventData, len(messages))
	for i, m := range messages {
		events[i] = &azeventhubs.EventData{Body: m}
	}
	return s.send(ctx, &opts, events)
}

// Message is one with an id of its own.
type Message struct {
	ID          string
	ContentType string
	Body        []byte
}

// Publish sends messages in their order to the partition that the key leads to; as many at a time as fit.
func (s *Sender) Publish(ctx context.Context, key string, messages ...Message) error {
	events := make([]*azeventhubs.EventData, len(messages))
	for i, m := range messages {
		events[i] = &azeventhubs.EventData{Body: m.Body, MessageID: &messages[i].ID, ContentType: &messages[i].ContentType}
	}
	return s.send(ctx, &azeventhubs.EventDataBatchOptions{PartitionKey: &key}, events)
}

func (s *Sender) send(ctx context.Context, opts *azeventhubs.EventDataBatchOptions, events []*azeventhubs.EventData) error {
	doing := "sending to event hub " + s.hub
	for len(events) > 0 {
		batch, err := s.client.NewEventDataBatch(ctx, opts)
		if err != nil {
			return failed(doing, err)
		}
		n := fill(batch, events)
		if n == 0 {
			return fault.Errorf(fault.Limit, "%s: a message of %d bytes is too large for the hub", doing, len(events[0].Body))
		}
		if err := s.client.SendEventDataBatch(ctx, batch, nil); err != nil {
			return failed(doing, err)
		}
		events = events[n:]
	}
	return nil
}

// failed describes an error of the Event Hubs client, which has codes of its own.
func failed(doing string, err error) error {
	var e *azeventhubs.Error
	if !errors.As(err, &e) {
		return redact.Error(doing, err)
	}
	kind := fault.Transient
	if e.Code == azeventhubs.ErrorCodeUnauthorizedAccess {
		kind = fault.Denied
	}
	return fault.Errorf(kind, "%s: %s", doing, e.Code)
}

// fill adds events until the next one does not fit, and returns how many.
func fill(batch *azeventhubs.EventDataBatch, events []*azeventhubs.EventData) int {
	for i, e := range events {
		if batch.AddEventData(e, nil) != nil {
			return i
		}
	}
	return len(events)
}

// Close closes the connection.
func (s *Sender) Close(ctx context.Context) error {
	return redact.Error("closing event hub "+s.hub, s.client.Close(ctx))
}
