package scenario_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"rekey/deploy/local/cloud"
	"rekey/deploy/local/entra"
	"rekey/deploy/local/graph"
	"rekey/handlers/cases"
	"rekey/handlers/findings"
	"rekey/handlers/fleets"
	"rekey/handlers/health"
	"rekey/handlers/inventory"
	"rekey/handlers/operations"
	"rekey/handlers/principals"
	"rekey/handlers/stream"
	"rekey/handlers/suspects"
	"rekey/handlers/triage"
	"rekey/handlers/upkeep"
	azgraph "rekey/shared/azure/graph"
	"rekey/shared/baseline"
	"rekey/shared/deadletter"
	"rekey/shared/decide"
	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/network"
	"rekey/shared/remedy"
	"rekey/shared/store"
	"rekey/shared/store/memory"
)

// worlds gives every world an identity of its own: the SDK keeps a managed identity's token for the whole process.
var worlds atomic.Int64

// world is the detect and the respond app over a store in memory, and a local Graph.
type world struct {
	findings   findings.Store
	cases      cases.Store
	operations *memory.Table
	letters    *memory.Table
	bell       *memory.Bell
	stream     *stream.Stream
	upkeep     *upkeep.Upkeep
	triage     *triage.Triage
	clock      time.Time
	answered   int // of the bell's rings
	sequence   int64
}

// newGraph starts a local Graph that serves the scenario's directory, and asks it through the real client.
func newGraph(t *testing.T, s *scenario) reader {
	t.Helper()
	clientID := fmt.Sprintf("5ce00000-0000-4000-8000-%012d", worlds.Add(1))
	c, err := cloud.Start(t.Context(), cloud.Config{Dir: t.TempDir(), TenantID: tenantID, Identities: []entra.Identity{
		{ClientID: clientID, ObjectID: "o", Roles: map[string][]string{graph.Audience: {graph.PermissionRead, "Directory.Read.All", "RoleManagement.Read.Directory", "Policy.Read.All"}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	for k, v := range c.Env() {
		t.Setenv(k, v)
	}
	for collection, objects := range s.objects {
		if err := c.Directory.Seed(collection, objects...); err != nil {
			t.Fatal(err)
		}
	}
	cred, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{ID: azidentity.ClientID(clientID)})
	if err != nil {
		t.Fatal(err)
	}
	client := azgraph.New(c.GraphURL, cred, azcore.ClientOptions{Transport: c.Client()})
	return func(ctx context.Context, p event.Principal) (remedy.Inventory, error) {
		inv, err := inventory.Gather(ctx, client, tenantID, p, s.now)
		if err != nil {
			return inv, err
		}
		return inv, inventory.Surround(ctx, client, &inv)
	}
}

// reader is how triage asks Graph.
type reader func(context.Context, event.Principal) (remedy.Inventory, error)

func newWorld(s *scenario, graph reader) *world {
	state, fleet := principals.Store{Table: &memory.Table{}}, &fleets.Store{Table: &memory.Table{}}
	suspected, logs, hasher := suspects.Store{Table: &memory.Table{}}, &health.Store{Table: &memory.Table{}, Every: time.Nanosecond}, baseline.NewHasher([16]byte{1})
	w := &world{
		findings: findings.Store{Table: &memory.Table{}, Index: &memory.Table{}}, cases: cases.Store{Table: &memory.Table{}}, operations: &memory.Table{},
		letters: &memory.Table{}, bell: &memory.Bell{},
	}
	now := func() time.Time { return w.clock }
	w.stream = stream.New(stream.Config{
		Principals: state, Findings: w.findings, Fleets: fleet, Dead: deadletter.Box{Rows: w.letters, Blobs: &memory.Blobs{}}, Triage: w.bell,
		Enrich: func(e *event.Event) { network.Enrich(e, nil, nil) }, Hasher: hasher, World: &s.world, Health: logs, Suspects: suspected.IDs, Now: now,
	})
	w.upkeep = upkeep.New(upkeep.Config{Principals: state, Fleets: fleet, Findings: w.findings, Health: logs, Tenant: tenantID, Triage: w.bell, Now: now})
	w.triage = triage.New(triage.Config{
		Principals: state, Findings: w.findings, Cases: w.cases, Suspects: suspected, Operations: operations.Store{Table: w.operations},
		Brakes: triage.Brakes{Switches: &memory.Table{}, Policy: decide.Policy{Tenant: tenantID, Default: decide.ModeApprove, NeverTouch: map[string]string{
			s.world.Self.ObjectID: "Rekey's own identity", s.world.Self.AppID: "Rekey's own identity",
		}}},
		Options: remedy.Options{
			Owners: true, RedirectURIs: true, Grants: true, AppRoles: true, DirectoryRoles: true, Elsewhere: true,
			Own: []string{s.world.Self.ObjectID, s.world.Self.AppID}, Vault: remedy.VaultRef{Name: "contoso-rekey"},
		},
		Inventory: graph, World: &s.world, Streams: logs.Load, Hasher: hasher, Evict: &memory.Bell{}, Now: now,
	})
	return w
}

// deliver hands a batch over, all of one hub.
func (w *world) deliver(t *testing.T, partition string, ms []message) {
	t.Helper()
	b := funchost.Batch{Hub: ms[0].hub, Partition: partition}
	for _, m := range ms {
		w.sequence++
		b.Events = append(b.Events, funchost.Event{Body: []byte(m.body), Sequence: w.sequence})
	}
	if err := w.stream.Handle(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

// answer carries out the triage that was rung for, until nothing rings any more.
func (w *world) answer(t *testing.T) {
	t.Helper()
	for w.answered < len(w.bell.Rung()) {
		rung := w.bell.Rung()
		keys := slices.Clone(rung[w.answered:])
		w.answered = len(rung)
		slices.Sort(keys)
		for _, key := range slices.Compact(keys) {
			if err := w.triage.Handle(t.Context(), funchost.Message{Text: key}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// settle does what happens without a record: upkeep, and triage of everybody in a case, whom the others' cases concern.
func (w *world) settle(t *testing.T, now time.Time) {
	t.Helper()
	w.clock = now
	if err := w.upkeep.Handle(t.Context(), funchost.Tick{}); err != nil {
		t.Fatal(err)
	}
	w.answer(t)
	for range 2 {
		all, err := w.cases.All(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range all {
			if err := w.triage.Handle(t.Context(), funchost.Message{Text: c.Principal.Key()}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.letters.Scan(t.Context(), func(r store.Row) bool { t.Errorf("could not be used: %s", r.Data); return true }); err != nil {
		t.Error(err)
	}
}

// operation is what the respond app would do about a case; false when there is nothing to do.
func (w *world) operation(ctx context.Context, id string) (store.Row, bool, error) {
	row, err := w.operations.Get(ctx, remedy.Partition, remedy.OperationID(id))
	if errors.Is(err, fault.NotFound) {
		return row, false, nil
	}
	return row, err == nil, err
}
