package evict_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"rekey/deploy/local/cloud"
	"rekey/deploy/local/directory"
	"rekey/deploy/local/entra"
	"rekey/deploy/local/graph"
	"rekey/deploy/local/keyvault"
	"rekey/handlers/evict"
	"rekey/handlers/inventory"
	"rekey/handlers/ledgers"
	"rekey/handlers/operations"
	azgraph "rekey/shared/azure/graph"
	"rekey/shared/azure/token"
	"rekey/shared/azure/vault"
	"rekey/shared/casefile"
	"rekey/shared/decide"
	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/ledger"
	"rekey/shared/remedy"
	"rekey/shared/store"
	"rekey/shared/store/memory"
)

const tenantID = "aaaaaaaa-0000-4000-8000-000000000000"

// worlds gives every world an identity of its own: the SDK keeps a managed identity's token for the whole process.
var worlds atomic.Int64

// world is a local cloud with the real clients.
type world struct {
	cloud *cloud.Cloud
	graph *azgraph.Client
	vault *vault.Client
	opts  azcore.ClientOptions

	mu      sync.Mutex
	signIns []entra.SignIn
	victims int
}

func newWorld(t *testing.T, lag time.Duration, vaultRoles ...string) *world {
	t.Helper()
	if vaultRoles == nil {
		vaultRoles = []string{keyvault.RoleCertificates, keyvault.RoleCrypto}
	}
	w := &world{}
	clientID := fmt.Sprintf("4e4b4559-0000-4000-8000-%012d", worlds.Add(1))
	c, err := cloud.Start(t.Context(), cloud.Config{
		Dir: t.TempDir(), TenantID: tenantID, Lag: lag, OnSignIn: func(s entra.SignIn) { w.mu.Lock(); defer w.mu.Unlock(); w.signIns = append(w.signIns, s) },
		Identities: []entra.Identity{{ClientID: clientID, ObjectID: "o", Roles: map[string][]string{
			graph.Audience: {graph.PermissionWrite}, keyvault.Audience: vaultRoles,
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	for k, v := range c.Env() {
		t.Setenv(k, v)
	}
	w.cloud = c
	w.opts = azcore.ClientOptions{Transport: c.Client(), Retry: policy.RetryOptions{RetryDelay: time.Millisecond, MaxRetryDelay: 5 * time.Millisecond}}
	cred, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{ID: azidentity.ClientID(clientID)})
	if err != nil {
		t.Fatal(err)
	}
	w.graph = azgraph.New(c.GraphURL, cred, w.opts)
	if w.vault, err = vault.New(c.VaultURL, cred, vault.Options{ClientOptions: w.opts, AnyHost: true}); err != nil {
		t.Fatal(err)
	}
	return w
}

// certificate is a throw-away certificate in DER.
func certificate(t *testing.T, name string) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// victim seeds an application and its service principal, full of credentials, and returns the principal.
func (w *world) victim(t *testing.T) event.Principal {
	t.Helper()
	w.victims++
	id := func(kind string) string { return fmt.Sprintf("%s-%d", kind, w.victims) }
	der, then, end := certificate(t, "old"), time.Now().AddDate(-1, 0, 0).UTC(), time.Now().AddDate(0, 6, 0).UTC()
	key := func(name string) []directory.KeyCredential {
		return []directory.KeyCredential{{KeyID: id(name), Type: "AsymmetricX509Cert", Usage: "Verify", DisplayName: "CN=old", CustomKeyIdentifier: []byte{1}, Key: der, StartDateTime: then, EndDateTime: end}}
	}
	secret := func(name string) directory.PasswordCredential {
		return directory.PasswordCredential{KeyID: id(name), Digest: directory.Digest(id(name)), StartDateTime: then, EndDateTime: end}
	}
	app := directory.Object{ID: id("obj"), AppID: id("app"), DisplayName: "billing", KeyCredentials: key("appcert"), PasswordCredentials: []directory.PasswordCredential{secret("stolen"), secret("other")}, Federated: []directory.Federated{{ID: id("fic"), Name: "ci"}}}
	sp := directory.Object{ID: id("sp"), AppID: id("app"), DisplayName: "billing", ServicePrincipalType: "Application", AppOwnerOrganizationID: tenantID, AccountEnabled: true, KeyCredentials: key("spcert"), PasswordCredentials: []directory.PasswordCredential{secret("spsecret")}}
	if err := errors.Join(w.cloud.Directory.Seed(directory.Applications, app), w.cloud.Directory.Seed(directory.ServicePrincipals, sp)); err != nil {
		t.Fatal(err)
	}
	return event.Principal{ObjectID: sp.ID, AppID: app.AppID, Name: "billing"}
}

// rig is one operation and what it is carried out with.
type rig struct {
	world      *world
	principal  event.Principal
	operations store.Table
	ledger     store.Blobs
	undo       store.Blobs
	directory  evict.Directory
	vault      evict.Vault
	inventory  func(context.Context, event.Principal) (remedy.Inventory, error)
	prove      func(context.Context, string, vault.Certificate) error
	stopped    bool
	ahead      time.Duration // of the handler's clock
	mode       decide.Mode
	id         string
}

// fixedVault returns one certificate for every name.
type fixedVault struct{ cert vault.Certificate }

func (f fixedVault) Make(_ context.Context, name, _ string, _ vault.Wish) (vault.Certificate, error) {
	f.cert.Name = name
	return f.cert, nil
}

func newRig(t *testing.T, w *world) *rig {
	t.Helper()
	der := certificate(t, "new")
	r := &rig{
		world: w, principal: w.victim(t), operations: &memory.Table{}, ledger: &memory.Blobs{}, undo: &memory.Blobs{}, directory: w.graph, mode: decide.ModeEvict,
		vault: fixedVault{vault.Certificate{DER: der, Start: time.Now().Add(-time.Minute).UTC(), End: time.Now().AddDate(0, 3, 0).UTC()}},
	}
	r.inventory = func(ctx context.Context, p event.Principal) (remedy.Inventory, error) {
		return inventory.Gather(ctx, w.graph, tenantID, p, time.Now())
	}
	r.prove = func(context.Context, string, vault.Certificate) error { return nil }
	inv, err := r.inventory(t.Context(), r.principal)
	if err != nil {
		t.Fatal(err)
	}
	c := casefile.Case{ID: "c" + r.principal.ObjectID, Principal: r.principal, KeyIDs: []string{strings.Replace(r.principal.ObjectID, "sp", "stolen", 1)}, Window: casefile.Window{From: time.Now().Add(-24 * time.Hour), To: time.Now()}}
	op := remedy.Open(inv, c, decide.Verdict{Mode: r.mode}, time.Now())
	data, err := json.Marshal(op)
	if err != nil {
		t.Fatal(err)
	}
	r.id = op.ID
	if _, err := r.operations.Put(t.Context(), store.Row{Partition: remedy.Partition, Key: op.ID, Data: data}); err != nil {
		t.Fatal(err)
	}
	return r
}

// real has the vault make the certificate, and the token endpoint prove it.
func (r *rig) real() {
	w := r.world
	r.vault = w.vault
	prover := token.Prover{Authority: w.cloud.AuthorityURL, Tenant: tenantID, Scope: "https://graph.microsoft.com/.default", Private: true, Options: w.opts}
	r.prove = func(ctx context.Context, appID string, c vault.Certificate) error {
		return prover.Prove(ctx, appID, c.DER, func(ctx context.Context, digest []byte) ([]byte, error) {
			return w.vault.SignPS256(ctx, c.Name, digest)
		})
	}
}

// instance makes a handler of another instance.
func (r *rig) instance(owner string) *evict.Evict {
	return evict.New(evict.Config{
		Operations: operations.Store{Table: r.operations}, Ledger: r.ledger, Undo: r.undo, Directory: r.directory, Inventory: r.inventory, Vault: r.vault, Prove: r.prove,
		Decide: func(context.Context, remedy.Operation) (decide.Verdict, error) {
			return decide.Verdict{Mode: r.mode}, nil
		},
		Stopped: func(context.Context) (bool, error) { return r.stopped, nil }, Now: func() time.Time { return time.Now().Add(r.ahead) }, Owner: owner, Pause: time.Millisecond,
	})
}

func (r *rig) handle(t *testing.T, owner string) error {
	t.Helper()
	return r.instance(owner).Handle(t.Context(), funchost.Message{Text: r.id})
}

func (r *rig) operation(t *testing.T, table store.Table) remedy.Operation {
	t.Helper()
	row, err := table.Get(t.Context(), remedy.Partition, r.id)
	if err != nil {
		t.Fatal(err)
	}
	var op remedy.Operation
	if err := json.Unmarshal(row.Data, &op); err != nil {
		t.Fatal(err)
	}
	return op
}

// credentials lists what opens the victim's door.
func (r *rig) credentials() []string {
	var out []string
	for _, o := range r.world.cloud.Directory.Snapshot() {
		if o.AppID != r.principal.AppID {
			continue
		}
		for _, k := range o.KeyCredentials {
			out = append(out, o.ID+"/"+k.KeyID)
		}
		for _, p := range o.PasswordCredentials {
			out = append(out, o.ID+"/"+p.KeyID)
		}
		for _, f := range o.Federated {
			out = append(out, o.ID+"/"+f.ID)
		}
	}
	return out
}

// done checks the end that every eviction must have.
func (r *rig) done(t *testing.T, table store.Table, blobs store.Blobs) {
	t.Helper()
	op := r.operation(t, table)
	if op.State != remedy.StateDone {
		t.Fatalf("the operation is %s: %s", op.State, op.Reason)
	}
	want := strings.Replace(r.principal.ObjectID, "sp", "obj", 1) + "/" + op.NewKeyID
	if got := r.credentials(); len(got) != 1 || got[0] != want {
		t.Fatalf("credentials %v, want only %s", got, want)
	}
	if sp, _ := r.world.cloud.Directory.Get(directory.ServicePrincipals, r.principal.ObjectID); !sp.AccountEnabled {
		t.Fatal("the service principal was not enabled again")
	}
	l, err := ledger.Open(t.Context(), blobs, r.id)
	if err != nil {
		t.Fatal(err)
	}
	if open := ledger.Unanswered(l.Entries()); len(open) != 0 {
		t.Fatalf("steps without a result in the ledger: %v", open)
	}
	if problems, _ := ledgers.Compare(op, l.Entries(), true); len(problems) != 0 {
		t.Fatalf("ledger and journal do not agree: %v", problems)
	}
	if err := accounted(l.Entries(), strings.TrimPrefix(r.principal.ObjectID, "sp-")); err != nil {
		t.Fatal(err)
	}
}

// accounted checks that the ledger lists every credential that was removed.
func accounted(entries []ledger.Entry, n string) error {
	removed := map[string]bool{}
	for _, e := range entries {
		for _, id := range e.Removed {
			removed[id] = true
		}
	}
	for _, name := range []string{"appcert", "stolen", "other", "fic", "spcert", "spsecret"} {
		if !removed[name+"-"+n] {
			return fmt.Errorf("the ledger does not say that %s was removed", name)
		}
	}
	return nil
}

func TestAnEvictionThroughTheRealClientsEndsWithOneProvenCertificate(t *testing.T) {
	w := newWorld(t, 0)
	r := newRig(t, w)
	r.real()
	if err := r.handle(t, "a"); err != nil {
		t.Fatal(err)
	}
	r.done(t, r.operations, r.ledger)
	op := r.operation(t, r.operations)
	last := w.signIns[len(w.signIns)-1]
	if !last.Succeeded || last.KeyID != op.NewKeyID {
		t.Errorf("the last token was asked for with %+v", last)
	}
	undo, err := r.undo.Read(t.Context(), r.id+".json")
	if err != nil || !strings.Contains(string(undo), "appcert") {
		t.Errorf("undo bundle %.100s (%v)", undo, err)
	}
	if err := r.handle(t, "b"); err != nil {
		t.Errorf("a second ring after the end: %v", err)
	}
}

// crash is a process that ends at a given moment: when its n-th access to the world took effect.
// From then on nothing works any more.
type crash struct {
	end  context.CancelFunc
	at   int
	n    int
	dead bool
}

var errCrash = fault.Errorf(fault.Transient, "the process ended")

func (c *crash) do(fn func() error) error {
	if c.dead {
		return errCrash
	}
	c.n++
	if c.n != c.at {
		return fn()
	}
	_ = fn()
	c.dead = true
	c.end()
	return errCrash
}

type crashTable struct {
	store.Table
	c *crash
}

func (t crashTable) Get(ctx context.Context, p, k string) (row store.Row, err error) {
	err = t.c.do(func() error { row, err = t.Table.Get(ctx, p, k); return err })
	return row, err
}

func (t crashTable) Put(ctx context.Context, r store.Row) (tag string, err error) {
	err = t.c.do(func() error { tag, err = t.Table.Put(ctx, r); return err })
	return tag, err
}

type crashBlobs struct {
	store.Blobs
	c *crash
}

func (b crashBlobs) Append(ctx context.Context, name string, at int64, data []byte) error {
	return b.c.do(func() error { return b.Blobs.Append(ctx, name, at, data) })
}

func (b crashBlobs) Write(ctx context.Context, name string, data []byte) error {
	return b.c.do(func() error { return b.Blobs.Write(ctx, name, data) })
}

func (b crashBlobs) Read(ctx context.Context, name string) (data []byte, err error) {
	err = b.c.do(func() error { data, err = b.Blobs.Read(ctx, name); return err })
	return data, err
}

type crashDirectory struct {
	evict.Directory
	c *crash
}

func (d crashDirectory) ReplaceKeys(ctx context.Context, collection, id string, keys []json.RawMessage) error {
	return d.c.do(func() error { return d.Directory.ReplaceKeys(ctx, collection, id, keys) })
}

func (d crashDirectory) RemovePassword(ctx context.Context, collection, id, keyID string) error {
	return d.c.do(func() error { return d.Directory.RemovePassword(ctx, collection, id, keyID) })
}

func (d crashDirectory) RemoveFederated(ctx context.Context, applicationID, id string) error {
	return d.c.do(func() error { return d.Directory.RemoveFederated(ctx, applicationID, id) })
}

func (d crashDirectory) SetEnabled(ctx context.Context, id string, enabled bool) error {
	return d.c.do(func() error { return d.Directory.SetEnabled(ctx, id, enabled) })
}

// Ending before an access leaves the world that ending after the one before it leaves, so only the latter is done here; the
// lab ends the process at both moments.
func TestAProcessThatEndsAtAnyMomentIsFollowedByOneThatReachesTheSameEnd(t *testing.T) {
	w := newWorld(t, 0)
	moments := 0
	for at := 1; ; at++ {
		r := newRig(t, w)
		ctx, end := context.WithCancel(t.Context())
		c := &crash{at: at, end: end}
		operations, blobs, undo := r.operations, r.ledger, r.undo
		r.operations, r.ledger, r.undo, r.directory = crashTable{operations, c}, crashBlobs{blobs, c}, crashBlobs{undo, c}, crashDirectory{w.graph, c}
		_ = r.instance("first").Handle(ctx, funchost.Message{Text: r.id})
		end()
		crashed := c.dead
		r.operations, r.ledger, r.undo, r.directory = expired{operations}, blobs, undo, w.graph
		if err := r.handle(t, "second"); err != nil {
			t.Fatalf("moment %d: the second instance got %v", at, err)
		}
		r.done(t, operations, blobs)
		if !crashed {
			break
		}
		moments++
	}
	t.Logf("the process was ended at %d moments", moments)
	if moments < 50 {
		t.Errorf("only %d moments were tried", moments)
	}
}

// expired shows journals whose lease has run out, as they are a minute after a crash.
type expired struct{ store.Table }

func (e expired) Get(ctx context.Context, p, k string) (store.Row, error) {
	row, err := e.Table.Get(ctx, p, k)
	if err != nil {
		return row, err
	}
	var op remedy.Operation
	if err := json.Unmarshal(row.Data, &op); err != nil {
		return row, err
	}
	if op.Lease.Owner == "first" {
		op.Lease.Until = time.Time{}
	}
	row.Data, err = json.Marshal(op)
	return row, err
}

func TestTwoInstancesWithTheSameOrderDoItOnce(t *testing.T) {
	w := newWorld(t, 0)
	r := newRig(t, w)
	before := len(w.cloud.Directory.Changes())
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			if err := r.handle(t, fmt.Sprint("instance-", i)); err != nil && !errors.Is(err, fault.Conflict) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	r.done(t, r.operations, r.ledger)
	// disable, two lists of keys, three secrets, a federated credential, enable
	if n := len(w.cloud.Directory.Changes()) - before; n != 8 {
		t.Errorf("%d changes were made in the directory, want 8", n)
	}
}

func TestGraphMayLagRefuseAndLoseAnswers(t *testing.T) {
	tests := map[string]struct {
		lag   time.Duration
		fault func(*graph.Server)
	}{
		"replicas lag by 20 ms":                  {20 * time.Millisecond, func(*graph.Server) {}},
		"too many requests, for a while":         {0, func(g *graph.Server) { g.Fail(3, http.StatusTooManyRequests, "0") }},
		"the service is not available":           {0, func(g *graph.Server) { g.Fail(2, http.StatusServiceUnavailable, "") }},
		"answers are lost after the effect":      {0, func(g *graph.Server) { g.FailAfterEffect(3, http.StatusInternalServerError) }},
		"lagging replicas and many lost answers": {20 * time.Millisecond, func(g *graph.Server) { g.FailAfterEffect(12, http.StatusServiceUnavailable) }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tt.lag)
			r := newRig(t, w)
			tt.fault(w.cloud.Graph)
			var err error
			for range 20 { // the queue rings again
				if err = r.handle(t, "a"); err == nil {
					break
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			r.done(t, r.operations, r.ledger)
		})
	}
}

// planting adds a credential each time one is removed, a few times: an intruder at work.
type planting struct {
	evict.Directory
	w    *world
	left int
}

func (p *planting) RemovePassword(ctx context.Context, collection, id, keyID string) error {
	err := p.Directory.RemovePassword(ctx, collection, id, keyID)
	if err != nil || p.left == 0 {
		return err
	}
	p.left--
	return p.w.cloud.Directory.Update(collection, id, "intruder", "addPassword", func(o *directory.Object) error {
		o.PasswordCredentials = append(o.PasswordCredentials, directory.PasswordCredential{KeyID: fmt.Sprint("planted", p.left), EndDateTime: time.Now().AddDate(1, 0, 0)})
		return nil
	})
}

func TestCredentialsThatAnIntruderAddsMeanwhileGoToo(t *testing.T) {
	w := newWorld(t, 0)
	r := newRig(t, w)
	r.directory = &planting{w.graph, w, 5}
	if err := r.handle(t, "a"); err != nil {
		t.Fatal(err)
	}
	r.done(t, r.operations, r.ledger)
}

func TestTheKillSwitchStopsBetweenStepsAndTheOperationGoesOnLater(t *testing.T) {
	w := newWorld(t, 0)
	r := newRig(t, w)
	r.stopped = true
	if err := r.handle(t, "a"); !errors.Is(err, fault.Limit) {
		t.Errorf("with the kill switch set: %v", err)
	}
	if got := r.credentials(); len(got) != 6 {
		t.Errorf("something was changed: %v", got)
	}
	r.stopped = false
	if err := r.handle(t, "b"); err != nil {
		t.Fatal(err)
	}
	r.done(t, r.operations, r.ledger)
}

func TestWithoutALedgerNothingHappens(t *testing.T) {
	w := newWorld(t, 0)
	r := newRig(t, w)
	r.ledger = noLedger{}
	if err := r.handle(t, "a"); err == nil {
		t.Error("the operation went on without a ledger")
	}
	if got := r.credentials(); len(got) != 6 {
		t.Errorf("something was changed: %v", got)
	}
}

type noLedger struct{}

func (noLedger) Read(context.Context, string) ([]byte, error) {
	return nil, fault.Errorf(fault.NotFound, "none")
}
func (noLedger) Append(context.Context, string, int64, []byte) error {
	return fault.Errorf(fault.Transient, "storage is down")
}
func (noLedger) Write(context.Context, string, []byte) error    { return nil }
func (noLedger) List(context.Context, string) ([]string, error) { return nil, nil }

func TestARefusalOfGraphLeavesThePrincipalContainedAndCallsPeople(t *testing.T) {
	w := newWorld(t, 0)
	r := newRig(t, w)
	r.directory = refusing{w.graph}
	if err := r.handle(t, "a"); !errors.Is(err, fault.Limit) {
		t.Errorf("got %v", err)
	}
	op := r.operation(t, r.operations)
	sp, _ := w.cloud.Directory.Get(directory.ServicePrincipals, r.principal.ObjectID)
	if op.State != remedy.StateFailed || sp.AccountEnabled || len(r.credentials()) != 6 {
		t.Errorf("state %s (%s), enabled %v, credentials %v: want failed, disabled, nothing removed", op.State, op.Reason, sp.AccountEnabled, r.credentials())
	}
}

type refusing struct{ evict.Directory }

func (refusing) ReplaceKeys(context.Context, string, string, []json.RawMessage) error {
	return fault.Errorf(fault.Denied, "replacing key credentials: 400 CredentialInvalidLifetimeAsPerAppPolicy")
}

func TestApprovalIsAskedForWhenTheBrakesChangedTheirMind(t *testing.T) {
	w := newWorld(t, 0)
	r := newRig(t, w)
	r.mode = decide.ModeApprove
	if err := r.handle(t, "a"); !errors.Is(err, fault.Limit) {
		t.Errorf("got %v", err)
	}
	if op := r.operation(t, r.operations); op.State != remedy.StateAwaitingApproval || len(r.credentials()) != 6 {
		t.Errorf("%s with %v", op.State, r.credentials())
	}
}
