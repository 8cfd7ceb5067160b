package functions

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2/checkpoints"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
)

// checkpointContainer is where the host keeps checkpoints, in the account of AzureWebJobsStorage.
const checkpointContainer = "azure-webjobs-eventhub"

// hubLocation is a hub as a consumer group sees it.
type hubLocation struct{ connection, namespace, name, group string }

// hubAddress reads a trigger's connection. The EntityPath of a connection string overrides the hub's name.
func hubAddress(set settings, b *binding) (hubLocation, error) {
	connection, err := set.connection(b.Connection)
	if err != nil {
		return hubLocation{}, err
	}
	props, err := azeventhubs.ParseConnectionString(connection)
	if err != nil {
		return hubLocation{}, fmt.Errorf("connection %q is not an Event Hubs connection string", b.Connection)
	}
	at := hubLocation{connection: connection, namespace: props.FullyQualifiedNamespace, name: b.EventHubName, group: b.ConsumerGroup}
	if props.EntityPath != nil {
		at.name = *props.EntityPath
	}
	if u, err := url.Parse("//" + at.namespace); err == nil {
		at.namespace = u.Hostname()
	}
	return at, unless(at.name != "", "eventHubName is missing")
}

// hubSource feeds a hubReader with the partitions of the real Processor.
type hubSource struct {
	reader     *hubReader
	container  *container.Client
	processing sync.WaitGroup
}

func newHubSource(r *hubReader, storage string) (*hubSource, error) {
	c, err := container.NewClientFromConnectionString(storage, checkpointContainer, nil)
	if err != nil {
		return nil, errors.New("opening the checkpoints: AzureWebJobsStorage is not usable")
	}
	return &hubSource{reader: r, container: c}, nil
}

// run reads the hub until the context ends. The Processor gives up when storage or the hub is out of reach; it is
// started again, because the host outlives both.
func (s *hubSource) run(ctx context.Context) error {
	for {
		err := s.once(ctx)
		if ctx.Err() != nil {
			return nil
		}
		s.reader.log.WarnContext(ctx, "reading the hub again", slog.String("hub", s.reader.address.name), slog.Any("error", err))
		if !pause(ctx, time.Second) {
			return nil
		}
	}
}

// once runs one Processor and reads its partitions side by side.
func (s *hubSource) once(ctx context.Context) error {
	client, err := s.client()
	if err != nil {
		return err
	}
	defer closing(ctx, client.Close)
	processor, err := s.processor(ctx, client)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer s.processing.Wait()
	s.processing.Go(func() { s.dispatch(ctx, processor) })
	defer cancel()
	return processor.Run(ctx)
}

func (s *hubSource) client() (*azeventhubs.ConsumerClient, error) {
	at, name := s.reader.address, s.reader.address.name
	if strings.Contains(strings.ToLower(at.connection), "entitypath=") {
		name = ""
	}
	c, err := azeventhubs.NewConsumerClientFromConnectionString(at.connection, name, at.group, nil)
	if err != nil {
		return nil, fmt.Errorf("opening event hub %s: the connection string is not usable", at.name)
	}
	return c, nil
}

func (s *hubSource) processor(ctx context.Context, client *azeventhubs.ConsumerClient) (*azeventhubs.Processor, error) {
	if _, err := s.container.Create(ctx, nil); err != nil && !bloberror.HasCode(err, bloberror.ContainerAlreadyExists) {
		return nil, fmt.Errorf("creating the checkpoints' container: %w", err)
	}
	store, err := checkpoints.NewBlobStore(s.container, nil)
	if err != nil {
		return nil, fmt.Errorf("opening the checkpoints: %w", err)
	}
	o, earliest := s.reader.options, true
	return azeventhubs.NewProcessor(client, store, &azeventhubs.ProcessorOptions{
		LoadBalancingStrategy:       azeventhubs.ProcessorStrategyGreedy,
		UpdateInterval:              time.Duration(o.LoadBalancingUpdateInterval),
		PartitionExpirationDuration: time.Duration(o.PartitionOwnershipExpirationInterval),
		StartPositions:              azeventhubs.StartPositions{Default: azeventhubs.StartPosition{Earliest: &earliest}},
		Prefetch:                    o.PrefetchCount,
	})
}

// dispatch reads each partition that the Processor hands out in a goroutine of its own. One that fails is given back,
// and the Processor hands it out again if it is still ours.
func (s *hubSource) dispatch(ctx context.Context, processor *azeventhubs.Processor) {
	for {
		p := processor.NextPartitionClient(ctx)
		if p == nil {
			return
		}
		s.processing.Go(func() {
			defer closing(ctx, p.Close)
			if err := s.reader.read(ctx, &processorPartition{p}); err != nil && ctx.Err() == nil {
				s.reader.log.WarnContext(ctx, "giving a partition back", slog.String("hub", s.reader.address.name),
					slog.String("partition", p.PartitionID()), slog.Any("error", err))
			}
		})
	}
}

// closing closes a client even though the host is stopping.
func closing(ctx context.Context, closer func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	_ = closer(ctx) // there is nothing left to do about it
}
