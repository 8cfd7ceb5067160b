package rotate_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"rekey/deploy/local/arm"
	"rekey/deploy/local/cloud"
	"rekey/deploy/local/directory"
	"rekey/deploy/local/entra"
	"rekey/deploy/local/graph"
	"rekey/deploy/local/keyvault"
	"rekey/handlers/findings"
	"rekey/handlers/operations"
	"rekey/handlers/principals"
	"rekey/handlers/rotate"
	"rekey/handlers/rotations"
	azarm "rekey/shared/azure/arm"
	azgraph "rekey/shared/azure/graph"
	"rekey/shared/azure/redact"
	"rekey/shared/azure/token"
	"rekey/shared/azure/vault"
	"rekey/shared/baseline"
	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/remedy"
	plan "rekey/shared/rotate"
	"rekey/shared/store"
	"rekey/shared/store/memory"
	"rekey/shared/streams"
)

const (
	tenantID  = "aaaaaaaa-0000-4000-8000-000000000000"
	rekeyID   = "22222222-0000-4000-8000-000000000001"
	victimID  = "22222222-0000-4000-8000-000000000002"
	victimApp = "22222222-0000-4000-8000-00000000000a"
	root      = "/providers/Microsoft.Management/managementGroups/" + tenantID
	caseID    = "c0ffee"
	id        = "rot-" + caseID
)

var subs = []string{"11111111-0000-4000-8000-00000000000a", "11111111-0000-4000-8000-00000000000b", "11111111-0000-4000-8000-00000000000c"}

var hasher = baseline.NewHasher([16]byte{1, 2, 3})

// worlds counts: azidentity keeps tokens of managed identities for the whole process, so each cloud has its own ids.
var worlds atomic.Int64

// clock is the time of a world. Sleeping passes it.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.t }

func (c *clock) pass(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.t = c.t.Add(d) }

func (c *clock) sleep(ctx context.Context, d time.Duration) error { c.pass(d); return ctx.Err() }

// breath is real time for what the cloud does by itself, like an operation that takes its time.
const breath = 5 * time.Millisecond

// secret is one that the world knows: how its value is checked, and what was first in it.
type secret struct {
	vault, name string
	provider    string // resource id, or an application's id
	kind        plan.Kind
	cached      string    // what a consumer that reads once a day has
	readAt      time.Time //
	pinned      string    // the value of the version that another one asks for by its id
}

func (s *secret) full() string { return s.vault + "/" + s.name }

// world is a local cloud with vaults full of secrets, the real clients, and the handler's stores in memory.
type world struct {
	*cloud.Cloud
	clock  *clock
	cut    time.Time
	vaults map[string]*keyvault.Server // by resource id in lower case
	ids    map[string]string           // by name
	opens  map[string]rotate.Vault

	arm     *azarm.Client
	graph   *azgraph.Client
	cred    azcore.TokenCredential
	options azcore.ClientOptions
	prover  token.Prover

	table, evictions, people *memory.Table
	ledger, plans            *memory.Blobs
	bell, triaged            *memory.Bell
	findings                 findings.Store
	suspects                 []string
	memory                   *streams.Memory
	noted                    time.Time

	mu       sync.Mutex
	secrets  map[string]*secret
	targets  map[string]*plan.Target // by provider, of the plan
	broken   []string
	changes  map[string]int // how often a provider's key was regenerated, a client secret removed, a version stored
	told     []string
	opening  plan.Opening
	settings plan.Options
}

func vaultName(n int) string { return fmt.Sprintf("vault-%02d", n) }

func resource(sub int, kind, name string) string {
	return arm.ResourceID(subs[sub%len(subs)], "rg", kind, name)
}

// build starts a cloud with n vaults, which furnish fills.
func build(t *testing.T, n int, furnish func(*world, *furniture)) *world {
	t.Helper()
	number := worlds.Add(1)
	clientID := fmt.Sprintf("4e4b4559-0001-4000-8000-%012d", number)
	up, err := cloud.Start(t.Context(), cloud.Config{Dir: t.TempDir(), TenantID: tenantID, Options: arm.Options{Async: time.Millisecond}, Identities: []entra.Identity{{
		ClientID: clientID, ObjectID: rekeyID, Roles: map[string][]string{graph.Audience: {graph.PermissionWrite, graph.PermissionRead}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = up.Close() })
	for k, v := range up.Env() {
		t.Setenv(k, v)
	}
	now := time.Now().UTC().Truncate(time.Second)
	w := &world{
		Cloud: up, clock: &clock{t: now}, cut: now.Add(-time.Minute), vaults: map[string]*keyvault.Server{}, ids: map[string]string{}, opens: map[string]rotate.Vault{},
		table: &memory.Table{}, evictions: &memory.Table{}, people: &memory.Table{}, ledger: &memory.Blobs{}, plans: &memory.Blobs{}, bell: &memory.Bell{},
		triaged: &memory.Bell{}, findings: findings.Store{Table: &memory.Table{}, Index: &memory.Table{}},
		memory: &streams.Memory{}, secrets: map[string]*secret{}, targets: map[string]*plan.Target{}, changes: map[string]int{},
	}
	w.options = azcore.ClientOptions{Transport: up.Client(), Retry: policy.RetryOptions{MaxRetries: 1, RetryDelay: time.Millisecond, MaxRetryDelay: 2 * time.Millisecond}}
	if w.cred, err = azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{ID: azidentity.ClientID(clientID)}); err != nil {
		t.Fatal(err)
	}
	if w.arm, err = azarm.New(up.ARMURL, w.cred, azarm.Options{ClientOptions: w.options, PollEvery: 5 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	w.graph = azgraph.New(up.GraphURL, w.cred, w.options)
	w.prover = token.Prover{Authority: up.AuthorityURL, Tenant: tenantID, Scope: "https://graph.microsoft.com/.default", Private: true, Options: w.options}
	w.furnish(t, n, furnish)
	w.flow(t)
	return w
}

// furniture is what is put into the cloud at once.
type furniture struct {
	resources []string
	apps, sps []directory.Object
	secrets   map[string]map[string]keyvault.Secret // by vault
	later     []func()                              // when the resources have keys
	reads     []string                              // vault/name that the victim read
}

func (w *world) furnish(t *testing.T, n int, fill func(*world, *furniture)) {
	t.Helper()
	f := &furniture{secrets: map[string]map[string]keyvault.Secret{}}
	for v := range n {
		w.ids[vaultName(v)] = resource(v, "Microsoft.KeyVault/vaults", vaultName(v))
		f.secrets[vaultName(v)] = map[string]keyvault.Secret{}
	}
	fill(w, f)
	err := w.ARM.Build(func(b arm.World) {
		for i, s := range subs {
			b.Subscription(s, fmt.Sprint("sub", i), root)
			b.Assign(arm.Assignment{Scope: "/subscriptions/" + s, Role: arm.VaultSecretsUser, PrincipalID: victimID})
		}
		b.Assign(arm.Assignment{Scope: root, Role: arm.Owner, PrincipalID: rekeyID})
		b.Assign(arm.Assignment{Scope: root, Role: arm.VaultAdministrator, PrincipalID: rekeyID})
		for _, r := range f.resources {
			b.Resource(arm.Resource{ID: r})
		}
	})
	for v := range n {
		name := vaultName(v)
		server, _, openErr := w.OpenVault(w.ids[name], true)
		if err = errors.Join(err, openErr); err != nil {
			t.Fatal(err)
		}
		w.vaults[strings.ToLower(w.ids[name])] = server
	}
	for _, do := range f.later {
		do()
	}
	for name, secrets := range f.secrets {
		err = errors.Join(err, w.vaults[strings.ToLower(w.ids[name])].Put(secrets))
	}
	f.sps = append(f.sps, directory.Object{ID: victimID, AppID: victimApp, DisplayName: "billing", ServicePrincipalType: "Application", AccountEnabled: true, AppOwnerOrganizationID: tenantID})
	err = errors.Join(err, w.Directory.Seed(directory.Applications, f.apps...), w.Directory.Seed(directory.ServicePrincipals, f.sps...), w.ARM.Build(func(b arm.World) {
		for _, vault := range w.ids {
			b.Diagnostics(vault, "audit", "AuditEvent")
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range w.secrets {
		vs := w.server(s.vault).Versions(s.name)
		s.cached, s.pinned, s.readAt = vs[len(vs)-1].Value, vs[len(vs)-1].Value, w.clock.now()
	}
	w.read(t, victimID, w.cut.Add(-2*time.Hour), f.reads...)
	op := remedy.Operation{
		Version: 1, ID: remedy.OperationID(caseID), Case: caseID, State: remedy.StateDone, Updated: w.cut, Since: w.cut.Add(-24 * time.Hour),
		Principal: event.Principal{ObjectID: victimID, AppID: victimApp, Name: "billing"},
	}
	if err := (operations.Store{Table: w.evictions}).Put(t.Context(), &operations.Stored{Operation: op}); err != nil {
		t.Fatal(err)
	}
}

func (w *world) server(vault string) *keyvault.Server { return w.vaults[strings.ToLower(w.ids[vault])] }

// read notes in the index that a principal read secrets, by vault/name or vault/name/version.
func (w *world) read(t *testing.T, principal string, at time.Time, names ...string) {
	t.Helper()
	ps := principals.Store{Table: w.people}
	state, err := ps.Load(t.Context(), principal)
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range names {
		parts := strings.Split(n, "/")
		v := &event.VaultOperation{Operation: "SecretGet", Vault: parts[0], Object: "secrets/" + parts[1], Status: 200}
		if len(parts) > 2 {
			v.Version = parts[2]
		}
		state.Exposure.Observe(hasher, &event.Event{Kind: event.KindVaultAccess, Time: at.Add(-time.Duration(i%3) * time.Hour), Principal: event.Principal{ObjectID: principal}, Vault: v})
	}
	if _, err := ps.Save(t.Context(), state, "test"); err != nil {
		t.Fatal(err)
	}
}

// flow lets the vaults' records arrive up to now.
func (w *world) flow(t *testing.T) {
	t.Helper()
	if w.noted.IsZero() {
		w.noted = w.clock.now().AddDate(0, 0, -20)
	}
	for ; w.noted.Before(w.clock.now()); w.noted = w.noted.Add(20 * time.Minute) {
		w.memory.Note(&event.Event{Kind: event.KindVaultAccess, Time: w.noted, Vault: &event.VaultOperation{Vault: "elsewhere"}}, w.noted.Add(time.Minute))
	}
}

// openVault opens a vault with the real client, and watches what is done to it.
func (w *world) openVault(ctx context.Context, id string) (rotate.Vault, error) {
	w.mu.Lock()
	v, ok := w.opens[id]
	w.mu.Unlock()
	if ok {
		return v, nil
	}
	a, err := w.arm.Vault(ctx, id)
	if err != nil {
		return v, err
	}
	s, err := vault.OpenSecrets(a.URI, w.cred, vault.Options{ClientOptions: w.options, AnyHost: true})
	if err != nil {
		return v, err
	}
	c, err := vault.New(a.URI, w.cred, vault.Options{ClientOptions: w.options, AnyHost: true})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.opens[id] = rotate.Vault{Secrets: &watchedSecrets{s, w, a.Name}, Certificates: c}
	return w.opens[id], err
}

// watchedSecrets notices versions that are stored and disabled.
type watchedSecrets struct {
	*vault.Secrets
	w    *world
	name string
}

func (s *watchedSecrets) Set(ctx context.Context, name string, v redact.Value, like vault.Secret, tags map[string]string, expires time.Time) (vault.Secret, error) {
	before := len(s.w.server(s.name).Versions(name))
	out, err := s.Secrets.Set(ctx, name, v, like, tags, expires)
	if after := len(s.w.server(s.name).Versions(name)); after > before {
		s.w.mu.Lock()
		s.w.changes["stored "+s.name+"/"+name] += after - before
		s.w.mu.Unlock()
	}
	return out, err
}

// watchedKeys notices keys that are regenerated, and asks the consumers.
type watchedKeys struct {
	*azarm.Client
	w *world
}

func (k watchedKeys) Regenerate(ctx context.Context, id, key string) error {
	before := k.w.ARM.Key(id, key)
	err := k.Client.Regenerate(ctx, id, key)
	if k.w.ARM.Key(id, key) != before {
		k.w.mu.Lock()
		defer k.w.mu.Unlock()
		k.w.changes["regenerated "+strings.ToLower(id)+" "+key]++
		k.w.use(id, plan.StepRenewOther)
	}
	return err
}

// watchedGraph notices client secrets that are removed.
type watchedGraph struct {
	*azgraph.Client
	w *world
}

func (g watchedGraph) RemovePassword(ctx context.Context, collection, id, keyID string) error {
	err := g.Client.RemovePassword(ctx, collection, id, keyID)
	if err == nil {
		g.w.mu.Lock()
		defer g.w.mu.Unlock()
		g.w.use(strings.TrimPrefix(id, "obj-"), plan.StepRemove)
	}
	return err
}

// opensWith reports whether a value opens what it is for.
func (w *world) opensWith(s *secret, value string) bool {
	switch {
	case s.kind.Paired():
		for part := range strings.FieldsFuncSeq(value, func(r rune) bool { return r == ';' || r == ',' }) {
			for _, key := range []string{part, strings.TrimPrefix(part, "SharedAccessKey="), strings.TrimPrefix(part, "password=")} {
				if w.ARM.Check(s.provider, key) {
					return true
				}
			}
		}
		return false
	case s.kind == plan.ClientSecret:
		o, _ := w.Directory.Get(directory.Applications, "obj-"+s.provider)
		for _, p := range o.PasswordCredentials {
			if p.Digest == directory.Digest(value) {
				return true
			}
		}
		return false
	}
	return true
}

// use lets the consumers of a provider use what they have: one that reads anew each day and when it is refused, one that
// reads once a day, and one with a pinned version. Who is refused without the plan having said so is broken.
func (w *world) use(provider, step string) {
	t := w.targets[strings.ToLower(provider)]
	for _, s := range w.secrets {
		if !strings.EqualFold(s.provider, provider) {
			continue
		}
		vs := w.server(s.vault).Versions(s.name)
		newest := vs[len(vs)-1].Value
		says := func(who string) bool { return t != nil && t.Says(who, step) }
		if w.clock.now().Sub(s.readAt) >= 24*time.Hour {
			s.cached, s.readAt = newest, w.clock.now()
		}
		if !w.opensWith(s, newest) && !says(plan.Latest) {
			w.broken = append(w.broken, "latest reader of "+s.full()+" at "+step)
		}
		if !w.opensWith(s, s.cached) && !says(plan.Cached) {
			w.broken = append(w.broken, "cached reader of "+s.full()+" at "+step)
		}
		if !w.opensWith(s, s.pinned) && !says(plan.Pinned) {
			w.broken = append(w.broken, "pinned reader of "+s.full()+" at "+step)
		}
	}
}

func (w *world) sources() *rotate.Sources {
	return &rotate.Sources{
		Azure: w.arm, Open: w.openVault, Principals: principals.Store{Table: w.people}, Hasher: hasher, Tenant: tenantID, Own: []string{rekeyID}, Now: w.clock.now,
		Groups:  func(context.Context, string) ([]string, error) { return nil, nil },
		Streams: func(context.Context) (*streams.Memory, error) { return w.memory, nil },
		Bundles: w.plans, Whose: func(ctx context.Context, id string) (event.Principal, error) { return rotate.Whose(ctx, w.graph, id) },
	}
}

// instance makes a handler; table may be one that fails.
func (w *world) instance(owner string, table store.Table, edit ...func(*rotate.Config)) *rotate.Rotate {
	s := w.sources()
	c := rotate.Config{
		Rotations: rotations.Store{Table: table}, Operations: operations.Store{Table: w.evictions}, Ledger: w.ledger, Plans: w.plans,
		Facts: s.Facts, Readers: s.Readers, Log: s.Log, Open: w.openVault, Providers: watchedKeys{w.arm, w}, Directory: watchedGraph{w.graph, w}, Prove: w.prover.ProveSecret,
		Webhooks: map[string]rotate.Post{"erp": w.webhook}, Options: w.settings, Opening: w.opening, Tell: w.tell,
		Findings: w.findings, Triage: w.triaged, Suspects: func(context.Context) ([]string, error) { return w.suspects, nil },
		Identify: func(ctx context.Context, id string) (event.Principal, error) { return rotate.Whose(ctx, w.graph, id) },
		Stopped:  func(context.Context) (bool, error) { return false, nil }, Bell: w.bell, Now: w.clock.now, Owner: owner, Sleep: w.clock.sleep, Budget: 24 * time.Hour,
	}
	for _, e := range edit {
		e(&c)
	}
	return rotate.New(c)
}

// webhook is another program's rotator: it stores a new version, once for each mark.
func (w *world) webhook(_ context.Context, mark string, value any) error {
	in := value.(map[string]string)
	vs := w.server(in["vault"]).Versions(in["secret"])
	last := vs[len(vs)-1]
	if last.Tags["mark"] == mark {
		return nil
	}
	w.mu.Lock()
	w.changes["stored "+in["vault"]+"/"+in["secret"]]++
	w.mu.Unlock()
	last.Value, last.Tags = last.Value+"!", map[string]string{"rekey-webhook": "erp", "mark": mark}
	return w.server(in["vault"]).Put(map[string]keyvault.Secret{in["secret"]: last})
}

func (w *world) tell(_ context.Context, _ string, value any) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := value.(rotate.News); n.Kind == "ownerAction" {
		w.told = append(w.told, n.Target)
	}
	return nil
}

func (w *world) journal(t *testing.T) *rotations.Stored {
	t.Helper()
	j, err := rotations.Store{Table: w.table}.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// learn takes the plan in: what it says, the consumers know.
func (w *world) learn(j *rotations.Stored) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, i := range j.Items {
		if i.Provider != "" {
			w.targets[strings.ToLower(i.Provider)] = &i.Target
		}
	}
}

// drive handles the message, approves what waits for it, and lets time pass, until the rotation is done.
func (w *world) drive(t *testing.T, handle func() error) *rotations.Stored {
	t.Helper()
	people := rotations.People{Store: rotations.Store{Table: w.table}, Ledger: w.ledger, Rotate: w.bell, Now: w.clock.now}
	var last error
	for range 400 {
		w.flow(t)
		time.Sleep(breath)
		last = handle()
		j, err := rotations.Store{Table: w.table}.Get(t.Context(), id)
		if errors.Is(err, fault.NotFound) || err == nil && j.Claimed() {
			w.clock.pass(time.Minute)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if j.State == plan.StateDone {
			return j
		}
		w.learn(j)
		said := false
		for _, n := range j.Asks() {
			if tier := j.Tiers[n-1]; len(tier.Approvals) == 0 {
				if err := people.Say(t.Context(), id, rotations.Word{What: rotations.Approve, Tier: n, Hash: tier.Hash, By: "ann"}); err != nil {
					t.Fatal(err)
				}
				said = true
			}
		}
		if wait := j.NextDue(w.clock.now()).Sub(w.clock.now()); !said {
			w.clock.pass(min(max(wait, 2*time.Minute), 13*time.Hour))
		}
	}
	j := w.journal(t)
	t.Fatalf("it does not end: %s: %s (%v)\n%+v", j.Summary(), j.Reason, last, j.Tiers)
	return nil
}

func (w *world) handle(t *testing.T, owner string) error {
	t.Helper()
	return w.instance(owner, w.table).Handle(t.Context(), funchost.Message{Text: id})
}
