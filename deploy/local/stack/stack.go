package stack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2/checkpoints"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"rekey/deploy/local/azurite"
	"rekey/deploy/local/cloud"
	"rekey/deploy/local/entra"
	"rekey/deploy/local/eventhub"
	"rekey/handlers/state"
	azhub "rekey/shared/azure/eventhub"
	"rekey/shared/host/config"
)

// Hubs are the event hubs of the local namespace.
var Hubs = []string{"signins", "auditlogs", "vaultlogs", "graphlogs", "activitylogs", "riskevents"}

// Apps are the function apps.
var Apps = []string{"detect", "face", "respond"}

// Config says what to start.
type Config struct {
	Dir        string // data of everything; made if missing
	Dist       string // the staged apps
	Program    string // the executable with the host command: this one
	Partitions int    // of each hub; default 4
	Durable    bool   // Azurite keeps what it acknowledged when it is killed
	HTTPPort   int    // of the face app; 0 takes a free one
	TenantID   string
	Lag        time.Duration      // of the local Graph's replicas
	OnSignIn   func(entra.SignIn) // told of every token request; may be nil
	Detect     map[string]string  // further settings of the detect app
	Respond    map[string]string  // and of the respond app
}

// Identity is the client id of the respond app's managed identity, ObjectID that of its service principal.
const (
	Identity = "4e4b4559-0000-4000-8000-000000000001"
	ObjectID = "4e4b4559-0000-4000-8000-000000000002"
)

// Stack is everything, running.
type Stack struct {
	Azurite *azurite.Server
	Hub     *eventhub.Server
	Cloud   *cloud.Cloud
	State   *state.Account
	FaceURL string // of the face app's functions
	Key     string // the face app's function key, a second lock where a function asks for one
	Portal  *entra.Portal

	config  Config
	hubAddr string
	hubKey  string
	serving chan error
	notices *eventhub.Server // a namespace of its own, so that it can be down alone
	out     string           // its address
	sending chan error
	hosts   map[string]*host
}

const (
	keyName       = "RootManageSharedAccessKey"
	consumerGroup = "rekey"
)

// Start starts everything and returns when all hosts answer.
func Start(ctx context.Context, c Config) (*Stack, error) {
	if c.Partitions == 0 {
		c.Partitions = 4
	}
	s := &Stack{config: c, hosts: map[string]*host{}}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the data folder: %w", err)
	}
	for _, step := range []func(context.Context) error{s.startAzurite, s.startHub, s.StartNotices, s.startCloud, s.openState, s.startHosts} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

func (s *Stack) startAzurite(ctx context.Context) (err error) {
	dir := filepath.Join(s.config.Dir, "azurite")
	s.Azurite, err = azurite.Start(ctx, azurite.Config{Dir: dir, Durable: s.config.Durable})
	return err
}

func (s *Stack) startHub(context.Context) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("starting the event hubs: %w", err)
	}
	s.hubAddr = ln.Addr().String()
	if s.hubKey, err = secret(); err != nil {
		return err
	}
	hubs := make([]eventhub.Hub, len(Hubs))
	for i, name := range Hubs {
		hubs[i] = eventhub.Hub{Name: name, Partitions: s.config.Partitions, Groups: []string{consumerGroup}}
	}
	s.Hub, err = eventhub.New(eventhub.Config{Hubs: hubs, Keys: map[string]string{keyName: s.hubKey}, Dir: filepath.Join(s.config.Dir, "eventhub")})
	if err != nil {
		return fmt.Errorf("starting the event hubs: %w", err)
	}
	s.serving = make(chan error, 1)
	go func() { s.serving <- s.Hub.Serve(ln) }()
	return nil
}

// HubConnectionString returns what clients of the event hubs connect with.
func (s *Stack) HubConnectionString() string {
	return eventhub.ConnectionString(s.hubAddr, keyName, s.hubKey)
}

func (s *Stack) startCloud(ctx context.Context) (err error) {
	if s.Portal, err = portal(); err != nil {
		return err
	}
	s.Cloud, err = cloud.Start(ctx, cloud.Config{
		Dir: filepath.Join(s.config.Dir, "cloud"), TenantID: s.config.TenantID, Lag: s.config.Lag, OnSignIn: s.config.OnSignIn, Portal: s.Portal,
		Identities: []entra.Identity{{ClientID: Identity, ObjectID: ObjectID, Roles: Rights()}},
	})
	return err
}

func (s *Stack) openState(ctx context.Context) (err error) {
	s.State, err = state.Open(config.State{ConnectionString: config.Secret(s.Azurite.ConnectionString())}, config.Identity{})
	if err != nil {
		return err
	}
	return s.State.Ensure(ctx)
}

// Send sends messages to a hub, to a partition or to any.
func (s *Stack) Send(ctx context.Context, hub, partition string, messages ...[]byte) error {
	sender, err := azhub.FromConnectionString(s.HubConnectionString(), hub)
	if err != nil {
		return err
	}
	defer sender.Close(context.WithoutCancel(ctx))
	return sender.Send(ctx, partition, messages...)
}

// Consumed waits until the hosts have checkpointed everything in a hub.
func (s *Stack) Consumed(ctx context.Context, hub string) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		behind, err := s.Behind(ctx, hub)
		if err == nil && behind == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s to be consumed: %d messages are left: %w", hub, behind, errors.Join(ctx.Err(), err))
		case <-tick.C:
		}
	}
}

// Behind returns how many messages of a hub are not checkpointed yet.
func (s *Stack) Behind(ctx context.Context, hub string) (int64, error) {
	client, err := container.NewClientFromConnectionString(s.Azurite.ConnectionString(), "azure-webjobs-eventhub", nil)
	if err != nil {
		return 0, fmt.Errorf("reading checkpoints: %w", err)
	}
	points, err := checkpoints.NewBlobStore(client, nil)
	if err != nil {
		return 0, fmt.Errorf("reading checkpoints: %w", err)
	}
	_, port, err := net.SplitHostPort(s.hubAddr)
	if err != nil {
		return 0, fmt.Errorf("reading checkpoints: %w", err)
	}
	done, err := points.ListCheckpoints(ctx, "localhost:"+port, hub, consumerGroup, nil)
	if err != nil && !strings.Contains(err.Error(), "ContainerNotFound") {
		return 0, fmt.Errorf("reading checkpoints: %w", err)
	}
	at := map[string]int64{}
	for _, c := range done {
		if c.SequenceNumber != nil {
			at[c.PartitionID] = *c.SequenceNumber + 1
		}
	}
	var behind int64
	for i, last := range s.Hub.LastSequence(hub) {
		behind += last + 1 - at[fmt.Sprint(i)]
	}
	return behind, nil
}

// Close stops everything, hosts first: stopping, they write to storage.
func (s *Stack) Close() error {
	var errs []error
	for _, app := range Apps {
		if h := s.hosts[app]; h != nil {
			h.stop()
		}
	}
	if s.Cloud != nil {
		errs = append(errs, s.Cloud.Close())
	}
	if s.Hub != nil {
		errs = append(errs, s.Hub.Close(), <-s.serving)
	}
	errs = append(errs, s.StopNotices())
	if s.Azurite != nil {
		s.Azurite.Close()
	}
	return errors.Join(errs...)
}
