package conditional_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"rekey/deploy/local/directory"
	"rekey/deploy/local/entra"
	local "rekey/deploy/local/graph"
	"rekey/handlers/cases"
	"rekey/handlers/conditional"
	"rekey/handlers/orders"
	"rekey/handlers/policies"
	"rekey/handlers/protect"
	"rekey/shared/azure/graph"
	"rekey/shared/casefile"
	"rekey/shared/event"
	"rekey/shared/host/funchost"
	"rekey/shared/ledger"
	"rekey/shared/order"
	rule "rekey/shared/policy"
	"rekey/shared/score"
	"rekey/shared/store"
	"rekey/shared/store/memory"
)

const tenantID = "aaaaaaaa-0000-4000-8000-000000000000"

// The cast. victim has the id of the mission's example.
const (
	victim      = "784b3082-c56d-48ed-8c2b-588aa9543e66"
	victimApp   = "784b3082-0000-4000-8000-00000000000a"
	suspect     = "00000000-0000-4000-8000-000000000001" // at risk by a case of Rekey alone
	healthy     = "00000000-0000-4000-8000-000000000002"
	managed     = "00000000-0000-4000-8000-000000000003"
	foreign     = "00000000-0000-4000-8000-000000000004"
	shared      = "00000000-0000-4000-8000-000000000005" // multi-tenant
	firstParty  = "00000000-0000-4000-8000-000000000006"
	agent       = "00000000-0000-4000-8000-000000000007"
	glass       = "00000000-0000-4000-8000-000000000008" // on the never-touch list
	rekey       = "00000000-0000-4000-8000-00000000000f"
	rekeyClient = "4e4b4559-0000-4000-8000-000000000001"
	mine        = "00000000-0000-4000-8000-0000000000aa" // a policy that people made
)

var all = []string{"Policy.Read.All", "Policy.ReadWrite.ConditionalAccess", "Application.Read.All", "IdentityRiskyServicePrincipal.ReadWrite.All"}

// world is a local Graph, the state, and instances of Rekey at work on both.
type world struct {
	t         *testing.T
	directory *directory.Directory
	tokens    *entra.Server
	graph     *local.Server
	server    *httptest.Server
	orders    *memory.Table
	kept      *memory.Table
	ledger    *memory.Blobs
	cases     cases.Store
	stopped   bool
	now       time.Time
	mu        sync.Mutex
	instances int
}

func newWorld(t *testing.T, o local.Options) *world {
	t.Helper()
	d, err := directory.New(tenantID, "")
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := entra.New(d, "h")
	if err != nil {
		t.Fatal(err)
	}
	if o.Pace == 0 {
		o.Pace = -1
	}
	w := &world{
		t: t, directory: d, tokens: tokens, graph: local.New(tokens, d, o), orders: &memory.Table{}, kept: &memory.Table{}, ledger: &memory.Blobs{},
		cases: cases.Store{Table: &memory.Table{}}, now: time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC),
	}
	w.server = httptest.NewTLSServer(w.graph)
	t.Cleanup(w.server.Close)
	w.seed()
	return w
}

func (w *world) seed() {
	w.t.Helper()
	app := func(id, appID, audience string) directory.Object {
		return directory.Object{ID: id + "-app", AppID: appID, SignInAudience: audience}
	}
	sp := func(id, appID, name string) directory.Object {
		return directory.Object{ID: id, AppID: appID, DisplayName: name, ServicePrincipalType: "Application", AppOwnerOrganizationID: tenantID, AccountEnabled: true}
	}
	risk := &directory.Risk{Level: "medium", State: "atRisk", Detail: "none"}
	other := func(o directory.Object, change func(*directory.Object)) directory.Object {
		change(&o)
		return o
	}
	must := func(errs ...error) {
		w.t.Helper()
		if err := errors.Join(errs...); err != nil {
			w.t.Fatal(err)
		}
	}
	must(w.directory.Seed(directory.Applications, app(victim, victimApp, "AzureADMyOrg"), app(suspect, "suspect", "AzureADMyOrg"), app(healthy, "healthy", "AzureADMyOrg"),
		app(shared, "shared", "AzureADMultipleOrgs"), app(glass, "glass", "AzureADMyOrg")))
	must(w.directory.Seed(directory.ServicePrincipals,
		other(sp(victim, victimApp, "billing"), func(o *directory.Object) { o.Risk = risk }), sp(suspect, "suspect", "backup"), sp(healthy, "healthy", "payroll"),
		other(sp(managed, "managed", "vm"), func(o *directory.Object) { o.ServicePrincipalType, o.AppOwnerOrganizationID = "ManagedIdentity", "" }),
		other(sp(foreign, "foreign", "supplier"), func(o *directory.Object) {
			o.AppOwnerOrganizationID, o.Risk = "bbbbbbbb-0000-4000-8000-000000000000", risk
		}),
		other(sp(shared, "shared", "portal"), func(o *directory.Object) { o.Risk = risk }),
		other(sp(firstParty, "firstparty", "Office"), func(o *directory.Object) { o.AppOwnerOrganizationID = "f8cdef31-a31e-4b4a-93e4-5f571e91255a" }),
		other(sp(agent, "agent", "helper"), func(o *directory.Object) { o.ServicePrincipalType, o.AgentBlueprintID = "ServiceIdentity", "blueprint" }),
		other(sp(glass, "glass", "break glass"), func(o *directory.Object) { o.Risk = risk }),
		other(sp(rekey, rekeyClient, "rekey"), func(o *directory.Object) { o.ServicePrincipalType, o.Risk = "ManagedIdentity", risk }),
	))
	must(w.directory.Seed(directory.AccessPolicies, directory.Object{ID: mine, Document: json.RawMessage(`{"displayName":"people's own","state":"enabled","conditions":{
		"users":{"includeUsers":["None"]},"clientApplications":{"includeServicePrincipals":["` + victim + `"]},"servicePrincipalRiskLevels":["high"]},
		"grantControls":{"operator":"OR","builtInControls":["block"]}}`)}))
	must(w.cases.Keep(w.t.Context(), casefile.Case{ID: "c1", Principal: event.Principal{ObjectID: suspect}, Level: score.LevelHigh, Updated: w.now}))
}

// forget makes the world as it was: no orders, and no policies but the one that people made.
func (w *world) forget() {
	w.t.Helper()
	w.orders, w.kept, w.ledger = &memory.Table{}, &memory.Table{}, &memory.Blobs{}
	for _, p := range w.directory.View(time.Time{}).List(directory.AccessPolicies) {
		if p.ID == mine {
			continue
		}
		if err := w.directory.Remove(directory.AccessPolicies, p.ID, "test", "forget"); err != nil {
			w.t.Fatal(err)
		}
	}
}

// client makes a client that holds permissions.
func (w *world) client(permissions ...string) *graph.Client {
	retry := policy.RetryOptions{RetryDelay: time.Millisecond, MaxRetryDelay: 4 * time.Millisecond}
	c := graph.New(w.server.URL, credential{w, permissions}, graph.Options{Transport: w.server.Client(), Retry: retry})
	c.SetPace(0)
	return c
}

// parts are what an instance reaches; a test puts something between.
type parts struct {
	orders store.Table
	kept   store.Table
	ledger store.Blobs
	access conditional.Access
}

// instance starts an instance of the respond app.
func (w *world) instance(between func(*parts), permissions ...string) *orders.Runner {
	g := w.client(permissions...)
	p := parts{w.orders, w.kept, w.ledger, g}
	if between != nil {
		between(&p)
	}
	never := map[string]string{"glass": "break glass", rekeyClient: "Rekey's own identity"}
	h := conditional.New(conditional.Config{
		Access: p.access, Directory: g, Cases: w.cases.Of, Policies: policies.Store{Table: p.kept}, Tenant: tenantID, Own: rekeyClient, NeverTouch: never,
		Pause: time.Millisecond, Now: w.time,
	})
	risk := protect.Orders{Risk: g, Principals: g, NeverTouch: never}
	w.instances++
	return orders.New(orders.Config{
		Orders: p.orders, Ledger: p.ledger, Now: w.time, Owner: fmt.Sprint("instance-", w.instances),
		Stopped: func(context.Context) (bool, error) { return w.stopped, nil },
		Do: map[order.Kind]func(context.Context, *orders.Work) error{
			order.CreatePolicy: h.Do, order.UpdatePolicy: h.Do, order.RemovePolicy: h.Do, order.Confirm: risk.Do, order.Dismiss: risk.Do,
		},
	})
}

func (w *world) time() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// ask writes an order, as whoever faces the network does.
func (w *world) ask(r order.Request) string {
	w.t.Helper()
	if r.By == "" {
		r.By = "alice"
	}
	if r.Key == "" {
		r.Key = fmt.Sprint("key-", w.instances, len(w.directory.Changes()), w.time().UnixNano(), r.Named)
	}
	o, err := order.New(r, w.time())
	if err == nil {
		o, err = orders.Store{Table: w.orders}.Open(w.t.Context(), o)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return o.ID
}

// do carries out an order that is asked for, and returns how it stands after that.
func (w *world) do(r order.Request) order.Order {
	w.t.Helper()
	return w.carry(w.instance(nil, all...), w.ask(r))
}

func (w *world) carry(i *orders.Runner, id string) order.Order {
	w.t.Helper()
	if err := i.Handle(w.t.Context(), funchost.Message{Text: id}); err != nil {
		w.t.Logf("%s: %v", id, err)
	}
	o, err := orders.Store{Table: w.orders}.Get(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return o
}

// stored is a policy as Graph has it.
func (w *world) stored(id string) rule.Policy {
	w.t.Helper()
	o, ok := w.directory.Get(directory.AccessPolicies, id)
	if !ok {
		w.t.Fatalf("there is no policy %s", id)
	}
	p, err := rule.Stored(o.Document)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// count returns how many policies there are besides the one that people made.
func (w *world) count() int {
	return len(w.directory.View(time.Time{}).List(directory.AccessPolicies)) - 1
}

// record checks that an order's ledger is whole and answered, and returns it.
func (w *world) record(id string) []ledger.Entry {
	w.t.Helper()
	l, err := ledger.Open(w.t.Context(), w.ledger, id)
	if err != nil {
		w.t.Fatal(err)
	}
	if open := ledger.Unanswered(l.Entries()); len(open) > 0 {
		w.t.Errorf("the ledger of %s leaves %v unanswered", id, open)
	}
	return l.Entries()
}

func create(include ...string) order.Request {
	return order.Request{Kind: order.CreatePolicy, Body: body("block", "", include...)}
}

func body(name, state string, include ...string) json.RawMessage {
	out := map[string]any{"displayName": name, "conditions": map[string]any{
		"clientApplications": map[string]any{"includeServicePrincipals": include}, "servicePrincipalRiskLevels": []string{"medium", "high"},
	}}
	if state != "" {
		out["state"] = state
	}
	raw, err := json.Marshal(out)
	if err != nil {
		panic(err)
	}
	return raw
}

func mission(t *testing.T) json.RawMessage {
	t.Helper()
	b, err := os.ReadFile("../../shared/policy/testdata/mission.json")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func same(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}

// credential issues tokens with permissions.
type credential struct {
	world       *world
	permissions []string
}

// GetToken implements azcore.TokenCredential.
func (c credential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	c.world.tokens.Identities = []entra.Identity{{ClientID: "me", ObjectID: "me", Roles: map[string][]string{local.Audience: c.permissions}}}
	rec := httptest.NewRecorder()
	req := httptest.NewRequest(http.MethodGet, "/?api-version=2019-08-01&client_id=me&resource="+url.QueryEscape(local.Audience), nil)
	req.Header.Set("X-Identity-Header", "h")
	c.world.tokens.ManagedIdentity(rec, req)
	var token struct {
		AccessToken string `json:"access_token"`
	}
	err := json.Unmarshal(rec.Body.Bytes(), &token)
	return azcore.AccessToken{Token: token.AccessToken, ExpiresOn: time.Now().Add(time.Hour)}, err
}
