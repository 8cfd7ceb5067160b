// Package queues rings doorbells in Azure Queue storage. Messages are base64 text, the encoding the Functions host
// expects by default. A message is an id and, when the invocation is traced, the trace's context in a line of its own,
// which the receiving process cuts off before anybody reads the id.
package queues

import (
	"context"
	"encoding/base64"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/queueerror"

	"rekey/shared/azure/redact"
	"rekey/shared/azure/traced"
	"rekey/shared/fault"
	"rekey/shared/host/trace"
	"rekey/shared/store"
)

// Service makes queues of one storage account.
type Service struct {
	client *azqueue.ServiceClient
}

// FromConnectionString opens an account by its connection string.
func FromConnectionString(s string, opts azcore.ClientOptions) (*Service, error) {
	c, err := azqueue.NewServiceClientFromConnectionString(s, &azqueue.ClientOptions{ClientOptions: traced.Options(traced.Queue, opts)})
	if err != nil {
		return nil, fault.Errorf(fault.Denied, "opening queue storage: the connection string is not usable")
	}
	return &Service{c}, nil
}

// FromURL opens an account by its queue URL and a credential.
func FromURL(url string, cred azcore.TokenCredential, opts azcore.ClientOptions) (*Service, error) {
	c, err := azqueue.NewServiceClient(url, cred, &azqueue.ClientOptions{ClientOptions: traced.Options(traced.Queue, opts)})
	return &Service{c}, redact.Error("opening queue storage", err)
}

// Ensure creates queues that are missing. In Azure the deployment creates them.
func (s *Service) Ensure(ctx context.Context, names ...string) error {
	for _, name := range names {
		_, err := s.client.CreateQueue(ctx, name, nil)
		if err != nil && !queueerror.HasCode(err, queueerror.QueueAlreadyExists) {
			return redact.Error("creating queue "+name, err)
		}
	}
	return nil
}

// Waiting returns about how many messages a queue holds, those that somebody works on included.
func (s *Service) Waiting(ctx context.Context, name string) (int, error) {
	r, err := s.client.NewQueueClient(name).GetProperties(ctx, nil)
	if err != nil || r.ApproximateMessagesCount == nil {
		return 0, redact.Error("looking at queue "+name, err)
	}
	return int(*r.ApproximateMessagesCount), nil
}

// Bell returns the doorbell of one queue.
func (s *Service) Bell(name string) store.Bell {
	return bell{s.client.NewQueueClient(name), name}
}

type bell struct {
	client *azqueue.QueueClient
	name   string
}

const maxBell = 1 << 10

func (b bell) Ring(ctx context.Context, id string) error {
	if len(id) > maxBell {
		return fault.Errorf(fault.Limit, "ringing queue %s: %d bytes, at most %d", b.name, len(id), maxBell)
	}
	_, err := b.client.EnqueueMessage(ctx, base64.StdEncoding.EncodeToString([]byte(trace.Join(ctx, id))), nil)
	return redact.Error("ringing queue "+b.name, err)
}
