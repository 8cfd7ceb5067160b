package functions

import (
	"context"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/queueerror"
)

// poisonSuffix is what the host appends to a queue's name for the messages that failed too often.
const poisonSuffix = "-poison"

// storageQueue is a queue in Azure Storage, with its poison queue.
type storageQueue struct{ queue, poison *azqueue.QueueClient }

func newStorageQueue(connection, name string) (*storageQueue, error) {
	q, err := azqueue.NewQueueClientFromConnectionString(connection, name, nil)
	if err != nil {
		return nil, fmt.Errorf("opening queue %s: the connection string is not usable", name)
	}
	p, err := azqueue.NewQueueClientFromConnectionString(connection, name+poisonSuffix, nil)
	if err != nil {
		return nil, fmt.Errorf("opening queue %s: the connection string is not usable", name+poisonSuffix)
	}
	return &storageQueue{q, p}, nil
}

func (s *storageQueue) receive(ctx context.Context, n int32, hidden time.Duration) ([]*message, error) {
	resp, err := s.queue.DequeueMessages(ctx, &azqueue.DequeueMessagesOptions{NumberOfMessages: &n, VisibilityTimeout: wholeSeconds(hidden)})
	if queueerror.HasCode(err, queueerror.QueueNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("receiving messages: %w", err)
	}
	var out []*message
	for _, m := range resp.Messages {
		out = append(out, &message{
			id: *m.MessageID, receipt: *m.PopReceipt, text: deref(m.MessageText), dequeues: *m.DequeueCount,
			inserted: *m.InsertionTime, expires: *m.ExpirationTime, visible: *m.TimeNextVisible,
		})
	}
	return out, nil
}

func (s *storageQueue) hide(ctx context.Context, m *message, d time.Duration) error {
	resp, err := s.queue.UpdateMessage(ctx, m.id, m.receipt, m.text, &azqueue.UpdateMessageOptions{VisibilityTimeout: wholeSeconds(d)})
	if err != nil {
		return fmt.Errorf("hiding message: %w", err)
	}
	m.receipt = *resp.PopReceipt
	return nil
}

func (s *storageQueue) remove(ctx context.Context, m *message) error {
	if _, err := s.queue.DeleteMessage(ctx, m.id, m.receipt, nil); err != nil {
		return fmt.Errorf("removing message: %w", err)
	}
	return nil
}

func (s *storageQueue) bury(ctx context.Context, m *message) error {
	_, err := s.poison.EnqueueMessage(ctx, m.text, nil)
	if queueerror.HasCode(err, queueerror.QueueNotFound) {
		if _, err = s.poison.Create(ctx, nil); err == nil || queueerror.HasCode(err, queueerror.QueueAlreadyExists) {
			_, err = s.poison.EnqueueMessage(ctx, m.text, nil)
		}
	}
	if err != nil {
		return fmt.Errorf("burying message: %w", err)
	}
	return nil
}

// wholeSeconds is how Azure Storage counts time.
func wholeSeconds(d time.Duration) *int32 {
	s := int32(d.Seconds()) //nolint:gosec // minutes at most
	return &s
}

// deref is the text of a message; an empty one comes without any.
func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
