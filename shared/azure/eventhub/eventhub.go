// Package eventhub sends messages to Event Hubs: dead letters that are replayed go back to where they came from.
package eventhub

import (
	"context"
	"errors"

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

// FromConnectionString opens a hub by the namespace's connection string.
func FromConnectionString(s, hub string) (*Sender, error) {
	c, err := azeventhubs.NewProducerClientFromConnectionString(s, hub, nil)
	if err != nil {
		return nil, fault.Errorf(fault.Denied, "opening event hub %s: the connection string is not usable", hub)
	}
	return &Sender{c, hub}, nil
}

// FromNamespace opens a hub by its fully qualified namespace and a credential.
func FromNamespace(namespace, hub string, cred azcore.TokenCredential) (*Sender, error) {
	c, err := azeventhubs.NewProducerClient(namespace, hub, cred, nil)
	return &Sender{c, hub}, redact.Error("opening event hub "+hub, err)
}

// Send sends messages as they are, to a partition or, when it is empty, to any; as many at a time as fit.
func (s *Sender) Send(ctx context.Context, partition string, messages ...[]byte) error {
	doing := "sending to event hub " + s.hub
	var opts azeventhubs.EventDataBatchOptions
	if partition != "" {
		opts.PartitionID = &partition
	}
	for len(messages) > 0 {
		batch, err := s.client.NewEventDataBatch(ctx, &opts)
		if err != nil {
			return failed(doing, err)
		}
		n := fill(batch, messages)
		if n == 0 {
			return fault.Errorf(fault.Limit, "%s: a message of %d bytes is too large for the hub", doing, len(messages[0]))
		}
		if err := s.client.SendEventDataBatch(ctx, batch, nil); err != nil {
			return failed(doing, err)
		}
		messages = messages[n:]
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

// fill adds messages until the next one does not fit, and returns how many.
func fill(batch *azeventhubs.EventDataBatch, messages [][]byte) int {
	for i, m := range messages {
		if batch.AddEventData(&azeventhubs.EventData{Body: m}, nil) != nil {
			return i
		}
	}
	return len(messages)
}

// Close closes the connection.
func (s *Sender) Close(ctx context.Context) error {
	return redact.Error("closing event hub "+s.hub, s.client.Close(ctx))
}
