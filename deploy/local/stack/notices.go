package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2"

	"rekey/deploy/local/eventhub"
	"rekey/shared/notice"
)

// NoticesHub is the hub that programs outside read.
const NoticesHub = "notices"

// noticesGroup is by what they read.
const noticesGroup = "$Default"

// StartNotices starts the namespace of the hub that programs outside read, or starts it again: it holds what it held.
func (s *Stack) StartNotices(context.Context) (err error) {
	addr := s.out
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("starting the hub of notices: %w", err)
	}
	s.out = ln.Addr().String()
	s.notices, err = eventhub.New(eventhub.Config{
		Hubs: []eventhub.Hub{{Name: NoticesHub, Partitions: s.config.Partitions}}, Keys: map[string]string{keyName: s.hubKey},
		Dir: filepath.Join(s.config.Dir, "notices"),
	})
	if err != nil {
		return errors.Join(fmt.Errorf("starting the hub of notices: %w", err), ln.Close())
	}
	hub, sending := s.notices, make(chan error, 1)
	s.sending = sending
	go func() { sending <- hub.Serve(ln) }()
	return nil
}

// StopNotices stops it: nothing can be told to anybody.
func (s *Stack) StopNotices() error {
	if s.notices == nil {
		return nil
	}
	err := errors.Join(s.notices.Close(), <-s.sending)
	s.notices = nil
	return err
}

func (s *Stack) noticesConnection() string {
	return eventhub.ConnectionString(s.out, keyName, s.hubKey)
}

// Received is a notice as a program outside gets it.
type Received struct {
	notice.Notice

	Data         json.RawMessage `json:"data"`
	ContentType  string          `json:"-"`
	PartitionKey string          `json:"-"` // that the hub chose the partition by
	Partition    int             `json:"-"`
	Body         []byte          `json:"-"`
}

// Notices returns everything that the hub of notices holds, as its readers get it.
func (s *Stack) Notices(ctx context.Context) ([]Received, error) {
	c, err := azeventhubs.NewConsumerClientFromConnectionString(s.noticesConnection(), NoticesHub, noticesGroup, nil)
	if err != nil {
		return nil, fmt.Errorf("reading notices: %w", err)
	}
	defer c.Close(context.WithoutCancel(ctx))
	var out []Received
	for i, last := range s.notices.LastSequence(NoticesHub) {
		events, err := everything(ctx, c, strconv.Itoa(i), last)
		if err != nil {
			return nil, fmt.Errorf("reading notices of partition %d: %w", i, err)
		}
		for _, e := range events {
			r := Received{Partition: i, Body: e.Body}
			if err := json.Unmarshal(e.Body, &r); err != nil {
				return nil, fmt.Errorf("reading notices: %w", err)
			}
			if e.ContentType != nil {
				r.ContentType = *e.ContentType
			}
			if e.PartitionKey != nil {
				r.PartitionKey = *e.PartitionKey
			}
			out = append(out, r)
		}
	}
	return out, nil
}

// everything reads a partition from its beginning to a sequence number.
func everything(ctx context.Context, c *azeventhubs.ConsumerClient, id string, last int64) ([]*azeventhubs.ReceivedEventData, error) {
	if last < 0 {
		return nil, nil
	}
	p, err := c.NewPartitionClient(id, &azeventhubs.PartitionClientOptions{StartPosition: azeventhubs.StartPosition{Earliest: to.Ptr(true)}})
	if err != nil {
		return nil, err
	}
	defer p.Close(context.WithoutCancel(ctx))
	var out []*azeventhubs.ReceivedEventData
	for len(out) == 0 || out[len(out)-1].SequenceNumber < last {
		events, err := p.ReceiveEvents(ctx, 1, nil)
		if err != nil {
			return nil, err
		}
		out = append(out, events...)
	}
	return out, nil
}
