package evict_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"rekey/deploy/local/arm"
	"rekey/deploy/local/directory"
	"rekey/deploy/local/entra"
	"rekey/deploy/local/graph"
	"rekey/handlers/evict"
	"rekey/handlers/inventory"
	"rekey/handlers/operations"
	azarm "rekey/shared/azure/arm"
	azgraph "rekey/shared/azure/graph"
	"rekey/shared/azure/vault"
	"rekey/shared/casefile"
	"rekey/shared/decide"
	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/remedy"
	"rekey/shared/store"
	"rekey/shared/store/memory"
)

// A lab is a tenant in this process: the strict local Graph and Resource Manager behind the real clients, without sockets, so
// that it runs on synctest's clock. What stands between is where faults and ends of the process come in.
type lab struct {
	t     *testing.T
	host  string
	dir   *directory.Directory
	graph *graph.Server
	arm   *arm.Server
	token *entra.Server

	tokens   map[string]azcore.AccessToken
	mu       sync.Mutex
	wall     []wall // what every access to the world goes through, outermost first
	requests []string
	roles    []string // of Rekey in Graph
	actions  []string // and in Azure
	granted  []string // its role assignments

	operations memory.Table
	ledger     memory.Blobs
	undo       memory.Blobs
	vault      labVault
	proofs     int // tokens that were acquired
	unproven   int // tries to acquire one that fail first

	seed     map[string]directory.Object
	op       string
	intruded map[string]directory.Object // what intruders added meanwhile, by object
	failures []remedy.Failure
	stopped  bool
	secrets  *labSecrets
	triaged  memory.Bell
	holder   func(context.Context, remedy.Object) (azgraph.Holder, error)
	pause    time.Duration // between reads that must agree; 0: as in production
	prover   func() error  // takes the place of the directory's word about the new certificate
}

// wall stands before the world: it may end the process, or fail an access before or after its effect.
type wall func(name string, write bool, do func() error) error

// labs gives each a host of its own: a pace is kept for each host.
var labs atomic.Int64

// theTokens is one token service for all labs: making its key takes long.
var theTokens = sync.OnceValue(func() *entra.Server {
	d, err := directory.New(tenantID, "")
	if err != nil {
		panic(err)
	}
	s, err := entra.New(d, "h")
	if err != nil {
		panic(err)
	}
	return s
})

// tokenMu guards the identities of theTokens, and what it minted: signing takes longer than anything else here.
var (
	tokenMu sync.Mutex
	minted  = map[string]azcore.AccessToken{}
)

const (
	rekeyOID     = "4e4b4559-0000-4000-8000-000000000002"
	subscription = "11111111-0000-4000-8000-00000000000a"
)

func azureID(kind, name string) string { return arm.ResourceID(subscription, "prod", kind, name) }

func newLab(t *testing.T, o graph.Options) *lab {
	t.Helper()
	d, err := directory.New(tenantID, "")
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{t: t, host: fmt.Sprintf("lab-%d.test", labs.Add(1)), dir: d, token: theTokens(), roles: everyRole, actions: []string{"*"}, tokens: map[string]azcore.AccessToken{}}
	l.graph = graph.New(l.token, d, o)
	if l.arm, err = arm.New(l.token, arm.Options{Queries: 1 << 20}); err != nil {
		t.Fatal(err)
	}
	if err := l.arm.Build(func(b arm.World) { b.Subscription(subscription, "production") }); err != nil {
		t.Fatal(err)
	}
	return l
}

// everyRole is every permission that a plan can need, and those of reading.
var everyRole = []string{
	"Application.ReadWrite.All", "Application.Read.All", "Directory.Read.All", "IdentityRiskyServicePrincipal.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All",
	"AppRoleAssignment.ReadWrite.All", "RoleManagement.ReadWrite.Directory", "RoleManagement.Read.Directory", "GroupMember.ReadWrite.All",
}

// grant gives Rekey its rights in Azure. They are the lab's actions at the time.
func (l *lab) grant() {
	l.t.Helper()
	err := l.arm.Build(func(b arm.World) {
		role := b.Define(fmt.Sprint("rekey ", l.actions), arm.Permission{Actions: l.actions})
		l.granted = append(l.granted, b.Assign(arm.Assignment{Scope: "/subscriptions/" + subscription, Role: role, PrincipalID: rekeyOID}))
	})
	if err != nil {
		l.t.Fatal(err)
	}
}

// unassign takes all rights in Azure from Rekey.
func (l *lab) unassign() {
	l.t.Helper()
	for _, id := range l.granted {
		if err := l.arm.Build(func(b arm.World) { b.Unassign(id) }); err != nil {
			l.t.Fatal(err)
		}
	}
	l.granted = nil
}

// access goes through the walls.
func (l *lab) access(name string, write bool, do func() error) error {
	l.mu.Lock()
	walls := slices.Clone(l.wall)
	l.mu.Unlock()
	for _, w := range slices.Backward(walls) {
		inner := do
		do = func() error { return w(name, write, inner) }
	}
	return do()
}

// Do implements policy.Transporter: it calls the services in this process.
func (l *lab) Do(req *http.Request) (resp *http.Response, err error) {
	name := req.Method + " " + req.URL.Path
	if strings.Contains(req.URL.RawQuery, "select=keyCredentials") {
		name += "?$select=keyCredentials "
	}
	err = l.access(name, req.Method != http.MethodGet, func() (err error) {
		l.mu.Lock()
		l.requests = append(l.requests, name)
		l.mu.Unlock()
		defer func() {
			if p := recover(); p == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so, too
				err = io.ErrUnexpectedEOF
			} else if p != nil {
				panic(p)
			}
		}()
		rec := httptest.NewRecorder()
		in := req.Clone(req.Context())
		if in.Body == nil {
			in.Body = http.NoBody
		}
		var service http.Handler = l.graph
		if strings.HasPrefix(req.URL.Host, "arm.") {
			service = l.arm
		}
		service.ServeHTTP(rec, in)
		resp = rec.Result()
		resp.Request = req
		return nil
	})
	if err != nil {
		return nil, err
	}
	return resp, nil
}

// GetToken implements azcore.TokenCredential.
func (l *lab) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	audience := graph.Audience
	if strings.Contains(o.Scopes[0], "management") {
		audience = arm.Audience
	}
	tokenMu.Lock()
	defer tokenMu.Unlock()
	key := audience + strings.Join(l.roles, " ")
	if t, ok := l.tokens[key]; ok && time.Now().Before(t.ExpiresOn.Add(-10*time.Minute)) {
		return t, nil
	}
	at := key + time.Now().String() // synctest's clocks all begin at the same time
	if t, ok := minted[at]; ok {
		l.tokens[key] = t
		return t, nil
	}
	l.token.Identities = []entra.Identity{{ClientID: "me", ObjectID: rekeyOID, Roles: map[string][]string{graph.Audience: l.roles}}}
	rec := httptest.NewRecorder()
	req := httptest.NewRequest(http.MethodGet, "/?api-version=2019-08-01&client_id=me&resource="+url.QueryEscape(audience), nil)
	req.Header.Set("X-Identity-Header", "h")
	l.token.ManagedIdentity(rec, req)
	var token struct {
		AccessToken string `json:"access_token"`
	}
	err := json.Unmarshal(rec.Body.Bytes(), &token)
	l.tokens[key] = azcore.AccessToken{Token: token.AccessToken, ExpiresOn: time.Now().Add(time.Hour)}
	minted[at] = l.tokens[key]
	return l.tokens[key], err
}

// clients makes the real clients.
func (l *lab) clients() (*azgraph.Client, *azarm.Client) {
	l.t.Helper()
	o := azcore.ClientOptions{Transport: l, Retry: policy.RetryOptions{RetryDelay: 50 * time.Millisecond, MaxRetryDelay: 10 * time.Second}}
	a, err := azarm.New("https://arm."+l.host, l, azarm.Options{ClientOptions: o, PollEvery: time.Second})
	if err != nil {
		l.t.Fatal(err)
	}
	return azgraph.New("https://graph."+l.host, l, o), a
}

// labVault makes one certificate for each name.
type labVault struct {
	mu   sync.Mutex
	made map[string]vault.Certificate
	wish vault.Wish
}

// theCertificate is the new one of every lab, valid from before synctest's clock begins.
var theCertificate = sync.OnceValue(func() []byte { return certificateOf("new") })

func (v *labVault) make(name string, w vault.Wish) vault.Certificate {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.made == nil {
		v.made = map[string]vault.Certificate{}
	}
	if _, ok := v.made[name]; !ok {
		v.wish = w
		now := time.Now().UTC().Truncate(time.Second)
		v.made[name] = vault.Certificate{Name: name, DER: theCertificate(), Start: now, End: now.AddDate(0, 3, 0)}
	}
	return v.made[name]
}

// walled are the lab's stores and vault behind its walls.
type walled struct {
	store.Table
	store.Blobs
	l *lab
}

func (w walled) Get(ctx context.Context, p, k string) (row store.Row, err error) {
	err = w.l.access("read row", false, func() error { row, err = w.Table.Get(ctx, p, k); return err })
	return row, err
}

func (w walled) Put(ctx context.Context, r store.Row) (tag string, err error) {
	err = w.l.access("write row", true, func() error { tag, err = w.Table.Put(ctx, r); return err })
	return tag, err
}

func (w walled) Append(ctx context.Context, name string, at int64, data []byte) error {
	return w.l.access("append", true, func() error { return w.Blobs.Append(ctx, name, at, data) })
}

func (w walled) Write(ctx context.Context, name string, data []byte) error {
	return w.l.access("write blob", true, func() error { return w.Blobs.Write(ctx, name, data) })
}

func (w walled) Read(ctx context.Context, name string) (data []byte, err error) {
	err = w.l.access("read blob", false, func() error { data, err = w.Blobs.Read(ctx, name); return err })
	return data, err
}

type walledTable struct{ walled }

func (w walledTable) List(ctx context.Context, p, from string, n int) ([]store.Row, string, error) {
	return w.Table.List(ctx, p, from, n)
}

type walledBlobs struct{ walled }

func (w walledBlobs) List(ctx context.Context, prefix string) ([]string, error) {
	return w.Blobs.List(ctx, prefix)
}

// Make implements evict.Vault.
func (w walled) Make(_ context.Context, name, _ string, wish vault.Wish) (c vault.Certificate, err error) {
	err = w.l.access("make certificate", true, func() error { c = w.l.vault.make(name, wish); return nil })
	return c, err
}

// prove acquires a token as the directory has it.
func (l *lab) prove(_ context.Context, appID string, c vault.Certificate) error {
	return l.access("prove", true, func() error {
		if l.prover != nil {
			return l.prover()
		}
		l.mu.Lock()
		l.proofs++
		early := l.proofs <= l.unproven
		l.mu.Unlock()
		sps, apps := l.dir.ByAppID(directory.ServicePrincipals, appID), l.dir.ByAppID(directory.Applications, appID)
		if early || len(sps) == 0 || !sps[0].AccountEnabled || len(apps) == 0 {
			return fault.Errorf(fault.Denied, "acquiring a token: AADSTS7000112")
		}
		for _, k := range apps[0].KeyCredentials {
			if string(k.Key) == string(c.DER) {
				return nil
			}
		}
		return fault.Errorf(fault.Denied, "acquiring a token: AADSTS700027")
	})
}

// gather reads what opens the door, or everything that a plan looks at.
func (l *lab) gather(g *azgraph.Client, a *azarm.Client, all bool) func(context.Context, event.Principal) (remedy.Inventory, error) {
	return func(ctx context.Context, p event.Principal) (remedy.Inventory, error) {
		inv, err := inventory.Gather(ctx, g, tenantID, p, time.Now())
		if err != nil || !all {
			return inv, err
		}
		if inv.Application != nil {
			if err := l.application(ctx, g, inv.Application); err != nil {
				return inv, err
			}
		}
		for i := range inv.Principals {
			if err := l.principal(ctx, g, a, &inv.Principals[i]); err != nil {
				return inv, err
			}
		}
		return inv, nil
	}
}

func (l *lab) application(ctx context.Context, g *azgraph.Client, o *remedy.Object) error {
	app, err := g.Application(ctx, o.AppID)
	if err != nil {
		return err
	}
	o.Audience, o.Created = app.SignInAudience, app.CreatedDateTime
	o.RedirectURIs = remedy.ListOf[remedy.RedirectURI]()
	for platform, uris := range map[string][]string{remedy.PlatformWeb: app.Web.RedirectURIs, remedy.PlatformSPA: app.SPA.RedirectURIs, remedy.PlatformPublic: app.PublicClient.RedirectURIs} {
		for _, u := range uris {
			o.RedirectURIs.Items = append(o.RedirectURIs.Items, remedy.RedirectURI{Platform: platform, URI: u})
		}
	}
	if app.Lock != nil {
		o.Lock = &remedy.Lock{Enabled: app.Lock.IsEnabled, All: app.Lock.AllProperties, Verify: app.Lock.CredentialsWithUsageVerify, Sign: app.Lock.CredentialsWithUsageSign}
	}
	return owners(ctx, g, azgraph.Applications, o)
}

func owners(ctx context.Context, g *azgraph.Client, collection string, o *remedy.Object) error {
	list, err := g.Owners(ctx, collection, o.ID)
	o.Owners = remedy.ListOf[remedy.Owner]()
	for _, w := range list {
		o.Owners.Items = append(o.Owners.Items, remedy.Owner{ID: w.ID, Name: w.DisplayName})
	}
	return err
}

func (l *lab) principal(ctx context.Context, g *azgraph.Client, a *azarm.Client, o *remedy.Object) error {
	grants, errG := g.Grants(ctx, o.ID)
	o.Grants = remedy.ListOf[remedy.Grant]()
	for _, x := range grants {
		o.Grants.Items = append(o.Grants.Items, remedy.Grant{ID: x.ID, ConsentType: x.ConsentType, PrincipalID: x.PrincipalID, ResourceID: x.ResourceID, Scope: x.Scope})
	}
	roles, errR := g.AppRoleAssignments(ctx, o.ID)
	o.AppRoles = remedy.ListOf[remedy.AppRole]()
	for _, x := range roles {
		o.AppRoles.Items = append(o.AppRoles.Items, remedy.AppRole{ID: x.ID, ResourceID: x.ResourceID, AppRoleID: x.AppRoleID, Created: x.CreatedDateTime})
	}
	given, errD := g.Roles(ctx, o.ID)
	o.DirectoryRoles = remedy.ListOf[remedy.DirectoryRole]()
	for _, x := range given {
		if x.PrincipalID == o.ID {
			o.DirectoryRoles.Items = append(o.DirectoryRoles.Items, remedy.DirectoryRole{ID: x.ID, TemplateID: x.RoleDefinitionID, Scope: x.DirectoryScopeID})
		}
	}
	member, errM := g.MemberOf(ctx, o.ID)
	o.Groups, o.AssignedTo = remedy.ListOf[remedy.Group](), remedy.ListOf[remedy.Assignee]()
	for _, x := range member {
		if x.Type == azgraph.TypeGroup {
			o.Groups.Items = append(o.Groups.Items, remedy.Group{ID: x.ID, Name: x.DisplayName, RoleAssignable: x.RoleAssignable})
		}
	}
	return errors.Join(errG, errR, errD, errM, owners(ctx, g, azgraph.ServicePrincipals, o), l.azure(ctx, a, o))
}

// azure reads the vault and the managed identity of a lab, if it has them.
func (l *lab) azure(ctx context.Context, a *azarm.Client, o *remedy.Object) error {
	o.VaultAccess, o.AzureRoles = remedy.ListOf[remedy.VaultAccess](), remedy.ListOf[remedy.AzureRole]()
	if l.arm.VaultURI(kvID) != "" {
		v, err := a.Vault(ctx, kvID)
		if err != nil {
			return err
		}
		if len(v.Of(o.ID)) > 0 {
			o.VaultAccess.Items = append(o.VaultAccess.Items, remedy.VaultAccess{Vault: kvID, Kind: remedy.AccessPolicy, What: "secrets get"})
		}
		list, err := a.AssignmentsAt(ctx, kvID)
		if err != nil {
			return err
		}
		for _, x := range list {
			if x.PrincipalID == o.ID {
				o.AzureRoles.Items = append(o.AzureRoles.Items, remedy.AzureRole{ID: x.ID, Definition: x.RoleID, Scope: x.Scope})
				o.VaultAccess.Items = append(o.VaultAccess.Items, remedy.VaultAccess{Vault: kvID, Kind: remedy.AccessRole, ID: x.ID, Scope: x.Scope, What: "a role"})
			}
		}
		for _, g := range o.Groups.Items {
			if g.ID == "readers" || g.ID == "mighty" {
				o.VaultAccess.Items = append(o.VaultAccess.Items, remedy.VaultAccess{Vault: kvID, Kind: remedy.AccessGroup, ID: g.ID, What: "secrets get"})
			}
		}
	}
	if o.Type != "ManagedIdentity" {
		return nil
	}
	o.Managed = &remedy.Managed{ResourceID: vmID}
	if o.Name == "deployer" {
		list, err := a.Federated(ctx, miID)
		if err != nil {
			return err
		}
		for _, f := range list {
			o.Federated = append(o.Federated, remedy.Federated{ID: f.ID, Name: f.Name, Issuer: f.Issuer, Subject: f.Subject, Audiences: f.Audiences})
		}
		o.Managed = &remedy.Managed{ResourceID: miID, UserAssigned: true, AttachedTo: remedy.ListOf[string]()}
		if len(l.arm.Attached(vmID)) > 0 {
			o.Managed.AttachedTo.Items = append(o.Managed.AttachedTo.Items, vmID)
		}
	}
	return nil
}

var (
	kvID = azureID("Microsoft.KeyVault/vaults", "billing-kv")
	miID = azureID("Microsoft.ManagedIdentity/userAssignedIdentities", "deployer")
	vmID = azureID("Microsoft.Compute/virtualMachines", "build-1")
)

// victimID is the principal that every case is about.
const victimID = "sp1"

// plan makes the operation of a case, and remembers how the tenant looked.
func (l *lab) plan(facts remedy.Facts, o remedy.Options, mode decide.Mode, suspects ...string) remedy.Operation {
	l.t.Helper()
	l.grant()
	g, a := l.clients()
	p := event.Principal{ObjectID: victimID, AppID: "app1", Name: "billing"}
	now := time.Now()
	inv, err := l.gather(g, a, true)(l.t.Context(), p)
	if err != nil {
		l.t.Fatal(err)
	}
	c := casefile.Case{ID: "c1", Principal: p, KeyIDs: suspects, Window: casefile.Window{From: now.Add(-24 * time.Hour), To: now}}
	op := remedy.OpenPlan(remedy.Build(remedy.Input{Inventory: inv, Case: c, Facts: facts, Options: o, Now: now}), c, decide.Verdict{Mode: mode}, now)
	if mode == decide.ModeContain { // alone: nobody is protected from that here
		op.Plan.Needs, op.State = remedy.Needs{}, remedy.StateRunning
	} else {
		approved(l.t, &op)
	}
	l.put(op)
	l.seed = l.dir.Snapshot()
	l.mu.Lock()
	l.requests = nil
	l.mu.Unlock()
	return op
}

// approved gives an operation as many approvals as its plan needs.
func approved(t testing.TB, op *remedy.Operation) {
	t.Helper()
	op.State, op.Mandate, op.Approvals = remedy.StateAwaitingApproval, nil, nil
	for i := range max(op.Plan.Needs.Approvals, 1) {
		a := remedy.Approval{By: fmt.Sprintf("person-%d@contoso.com", i), PlanHash: op.Plan.Hash()}
		if err := op.Approve(a, time.Time{}, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
}

func (l *lab) put(op remedy.Operation) {
	l.t.Helper()
	data, err := json.Marshal(op)
	if err != nil {
		l.t.Fatal(err)
	}
	row, err := l.operations.Get(l.t.Context(), remedy.Partition, op.ID)
	if err != nil {
		row = store.Row{Partition: remedy.Partition, Key: op.ID}
	}
	row.Data = data
	if _, err := l.operations.Put(l.t.Context(), row); err != nil {
		l.t.Fatal(err)
	}
	l.op = op.ID
}

func (l *lab) operation() remedy.Operation {
	l.t.Helper()
	row, err := l.operations.Get(context.Background(), remedy.Partition, l.op)
	if err != nil {
		l.t.Fatal(err)
	}
	var op remedy.Operation
	if err := json.Unmarshal(row.Data, &op); err != nil {
		l.t.Fatal(err)
	}
	return op
}

// instance makes the handler of another process.
func (l *lab) instance(owner string) *evict.Evict {
	g, a := l.clients()
	w := walled{&l.operations, nil, l}
	return evict.New(evict.Config{
		Operations: operations.Store{Table: walledTable{w}}, Ledger: walledBlobs{walled{nil, &l.ledger, l}}, Undo: walledBlobs{walled{nil, &l.undo, l}},
		Directory: g, Azure: a, Inventory: l.gather(g, a, false), Survey: l.gather(g, a, true), Vault: w, Prove: l.prove, Owner: owner, Now: time.Now,
		Decide: func(_ context.Context, op remedy.Operation) (decide.Verdict, error) { return op.Verdict, nil },
		Stopped: func(context.Context) (bool, error) {
			return l.stopped, nil
		},
		Holder: l.holder, Roller: g, Restorer: g, AzureRestorer: a, Secrets: func(string) (evict.SecretStore, error) { return l.secrets, nil },
		Triage: &l.triaged, Pause: l.pause, Failures: func(context.Context, event.Principal, time.Time) ([]remedy.Failure, error) { return l.failures, nil },
	})
}

func (l *lab) handle(ctx context.Context, owner string) error {
	return l.instance(owner).Handle(ctx, funchost.Message{Text: l.op})
}
