package face_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"rekey/deploy/local/directory"
	"rekey/deploy/local/entra"
	"rekey/handlers/cases"
	"rekey/handlers/face"
	"rekey/handlers/findings"
	"rekey/handlers/halt"
	"rekey/handlers/operations"
	"rekey/handlers/orders"
	"rekey/handlers/policies"
	"rekey/handlers/principals"
	"rekey/handlers/remediations"
	"rekey/handlers/rotations"
	"rekey/handlers/subscriptions"
	"rekey/handlers/suspects"
	"rekey/handlers/switches"
	"rekey/handlers/triage"
	"rekey/handlers/undo"
	"rekey/handlers/verdicts"
	"rekey/shared/decide"
	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/host/httpapi"
	"rekey/shared/order"
	"rekey/shared/remedy"
	"rekey/shared/rotate"
	"rekey/shared/store"
	"rekey/shared/store/memory"
)

const (
	tenantID = "11111111-2222-3333-4444-555555555555"
	audience = "22222222-2222-3333-4444-555555555555"
	ann, ben = "a0000000-0000-0000-0000-000000000001", "b0000000-0000-0000-0000-000000000002"
)

var now = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

// world is the whole outside face over a store in memory, with triage and the carrying out of orders behind it and the
// local authority in front.
type world struct {
	face      face.Config
	switches  switches.Store
	undone    memory.Blobs // bundles
	policy    decide.Policy
	approvals bool   // yeses over HTTP count
	name      string // of every application
	late      bool   // orders wait until they are carried out by hand
	authority *entra.Server
	url       string // of the authority
	now       time.Time
	api       http.Handler
	evict     *memory.Bell
	rotate    store.Bell
	gone      bool // credentials were taken away since the bundle
	t         testing.TB
}

// bell carries out an order as soon as it rings, as the respond app does within moments.
type bell struct{ w *world }

func (b bell) Ring(ctx context.Context, id string) error {
	if b.w.late {
		return nil
	}
	return b.w.runner().Handle(context.WithoutCancel(ctx), funchost.Message{Text: id})
}

func newWorld(t testing.TB) *world {
	t.Helper()
	d, err := directory.New(tenantID, "")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{now: now, name: "billing", approvals: true, policy: decide.Policy{Tenant: tenantID, Default: decide.ModeApprove}, evict: &memory.Bell{}, rotate: &memory.Bell{}, t: t}
	if w.authority, err = entra.New(d, "header"); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewTLSServer(w.authority.Authority())
	t.Cleanup(s.Close)
	w.url = s.URL
	clock := func() time.Time { return w.now }
	operations := operations.Store{Table: &memory.Table{}}
	w.switches = switches.Store{Table: &memory.Table{}, Ledger: &memory.Blobs{}}
	w.face = face.Config{
		Findings: findings.Store{Table: &memory.Table{}, Index: &memory.Table{}}, Cases: cases.Store{Table: &memory.Table{}, Index: &memory.Table{}},
		Verdicts: verdicts.Store{Table: &memory.Table{}}, Policies: policies.Store{Table: &memory.Table{}}, Orders: orders.Store{Table: &memory.Table{}, Bell: bell{w}},
		Triage: triageBell{w}, Operations: operations, Rotations: rotations.Store{Table: operations.Table}, Ledger: &memory.Blobs{}, Prefix: "/api", Now: clock,
		Subscriptions: subscriptions.Store{Subscriptions: &memory.Table{}, Deliveries: &memory.Table{}}, Deliver: &memory.Bell{}, CallbackHosts: []string{"*.logic.azure.com", "127.0.0.1"},
	}
	w.api = httpapi.New(httpapi.Config{
		Prefix: "/api", Now: clock, Routes: face.Routes(w.face),
		Verifier: httpapi.NewVerifier(httpapi.TokenConfig{Tenant: tenantID, Audiences: []string{audience, "api://rekey"}, Authority: s.URL, Client: s.Client(), Now: clock}),
	})
	return w
}

// triageBell looks at a principal as soon as it rings.
type triageBell struct{ w *world }

func (b triageBell) Ring(ctx context.Context, key string) error {
	return b.w.triage().Handle(context.WithoutCancel(ctx), funchost.Message{Text: key})
}

func (w *world) triage() *triage.Triage {
	return triage.New(triage.Config{
		Principals: principals.Store{Table: &memory.Table{}}, Findings: w.face.Findings, Cases: w.face.Cases, Suspects: suspects.Store{Table: &memory.Table{}},
		Verdicts: w.face.Verdicts, Operations: w.face.Operations, Brakes: triage.Brakes{Switches: w.switches.Table, Policy: w.policy}, Inventory: w.inventory, Evict: w.evict,
		Now: w.face.Now,
	})
}

// inventory knows every principal but "nobody": spN is of the application app-spN. One whose name has "guarded" in it needs
// two people.
func (w *world) inventory(_ context.Context, p event.Principal) (remedy.Inventory, error) {
	id := p.ObjectID
	if id == "" {
		id = strings.TrimPrefix(p.AppID, "app-")
	}
	if id == "nobody" {
		return remedy.Inventory{}, fault.Errorf(fault.NotFound, "there is none")
	}
	app := remedy.Object{Kind: remedy.KindApplication, ID: "obj-" + id, AppID: "app-" + id, Name: w.name}
	if strings.Contains(id, "guarded") {
		app.Tags = []string{"rekey=protected"}
	}
	if !w.gone {
		app.Passwords = []remedy.Password{{KeyID: "secret1", Name: "old"}}
		app.Federated = []remedy.Federated{{ID: "fic", Name: "github", Issuer: "i", Subject: "s"}}
	}
	return remedy.Inventory{Tenant: tenantID, Taken: w.now, Application: &app, Principals: []remedy.Object{
		{Kind: remedy.KindServicePrincipal, ID: id, AppID: "app-" + id, Name: w.name, Type: "Application", Enabled: true},
	}}, nil
}

// runner is the respond app's carrying out of orders, as it is put together there.
func (w *world) runner() *orders.Runner {
	f := w.face
	stopped := func(ctx context.Context) (bool, error) { k, err := w.switches.Kill(ctx); return k.On, err }
	back := undo.New(undo.Config{Operations: f.Operations, Bundles: &w.undone, Inventory: w.inventory, Now: f.Now})
	clerk := remediations.Clerk{
		People:    operations.People{Store: f.Operations, Ledger: f.Ledger, Evict: w.evict, Now: f.Now},
		Rotations: rotations.People{Store: f.Rotations, Ledger: f.Ledger, Rotate: w.rotate, Now: f.Now},
		Request:   w.triage().Request, Diff: back.Diff, Undo: back.Order, Stopped: stopped, Approvals: w.approvals,
	}
	lever := halt.Lever{Switches: w.switches, Operations: f.Operations, Approvals: w.approvals, Now: f.Now}
	do := clerk.Kinds()
	do[order.Stop], do[order.Resume] = lever.Do, lever.Do
	do[order.CreatePolicy] = func(_ context.Context, w *orders.Work) error { // package conditional has its own tests
		w.Message = "made the policy, in report-only mode"
		return nil
	}
	return orders.New(orders.Config{Orders: f.Orders.Table, Ledger: f.Ledger, Do: do, Stopped: stopped, Now: f.Now, Owner: "one"})
}

// carryOut carries out everything that waits.
func (w *world) carryOut() {
	w.t.Helper()
	ids, err := w.face.Orders.Stuck(w.t.Context(), w.now.Add(time.Hour))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, id := range ids {
		if err := w.runner().Handle(w.t.Context(), funchost.Message{Text: id}); err != nil {
			w.t.Fatal(err)
		}
	}
}

// claims of an application with app roles.
func (w *world) claims(roles ...string) jwt.MapClaims {
	return jwt.MapClaims{
		"iss": w.url + "/" + tenantID + "/v2.0", "aud": audience, "ver": "2.0", "tid": tenantID, "oid": "o1", "sub": "o1", "azp": "c1",
		"nbf": now.AddDate(-10, 0, 0).Unix(), "exp": now.AddDate(1, 0, 0).Unix(), "roles": roles,
	}
}

const everyScope = "IdentityRiskEvent.Read.All IdentityRiskyServicePrincipal.ReadWrite.All Rekey.Remediation.ReadWrite.All Policy.Read.All"

// user are the claims of a person with directory roles, through a client with scopes.
func (w *world) user(oid, scopes string, wids ...string) jwt.MapClaims {
	c := w.claims()
	delete(c, "roles")
	c["oid"], c["sub"], c["scp"], c["wids"] = oid, "pairwise", scopes, append([]string{"b79fbf4d-3ef9-4689-8143-76b194e85509"}, wids...)
	return c
}

func (w *world) token(c jwt.MapClaims) string {
	s, err := w.authority.Sign(c)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) as(oid string) string {
	return w.token(w.user(oid, everyScope, httpapi.SecurityAdministrator))
}

type answer struct {
	status int
	header http.Header
	body   map[string]any
	raw    string
}

// do sends a request; headers are name and value in turn.
func (w *world) do(token, method, path, body string, headers ...string) answer {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), method, "https://rekey.example/api"+strings.ReplaceAll(path, " ", "%20"), strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for pair := range slices.Chunk(headers, 2) {
		r.Header.Set(pair[0], pair[1])
	}
	rec := httptest.NewRecorder()
	w.api.ServeHTTP(rec, r)
	a := answer{status: rec.Code, header: rec.Header(), raw: rec.Body.String()}
	if strings.HasPrefix(rec.Header().Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(rec.Body.Bytes(), &a.body); err != nil {
			w.t.Fatalf("%s: %v: %s", path, err, a.raw)
		}
		w.conforms(method, path, a)
	}
	return a
}

func (a answer) text(path ...string) string {
	var v any = a.body
	for _, p := range path {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	s, _ := v.(string)
	return s
}

// ordered sends what becomes an order and returns how the order ended.
func (w *world) ordered(token, path, body string, headers ...string) answer {
	w.t.Helper()
	a := w.do(token, "POST", path, body, headers...)
	if a.status != http.StatusAccepted || a.header.Get("Retry-After") == "" {
		w.t.Fatalf("%s %s: %d %s", path, body, a.status, a.raw)
	}
	return w.followed(token, a)
}

// followed looks where an answer points to.
func (w *world) followed(token string, a answer) answer {
	w.t.Helper()
	_, path, ok := strings.Cut(a.header.Get("Location"), "https://rekey.example/api")
	if !ok {
		w.t.Fatalf("the Location is %q", a.header.Get("Location"))
	}
	return w.do(token, "GET", path, "")
}

// asked asks for a remediation and returns its path.
func (w *world) asked(principal, mode string) string {
	w.t.Helper()
	a := w.ordered(w.as(ann), "/remediations", `{"servicePrincipalId":"`+principal+`","mode":"`+mode+`","reason":"a drill"}`)
	_, path, ok := strings.Cut(a.text("resourceLocation"), "/api")
	if !ok || a.text("status") != "succeeded" {
		w.t.Fatalf("asked for %s of %s: %s", mode, principal, a.raw)
	}
	return path
}

// hash of a remediation's plan.
func (w *world) hash(path string) string {
	w.t.Helper()
	a := w.do(w.as(ann), "GET", path, "")
	if a.status != http.StatusOK || a.text("planHash") == "" {
		w.t.Fatalf("%d %s", a.status, a.raw)
	}
	return a.text("planHash")
}

// ended keeps a remediation that has ended, with what was there before it, and the rotation of its case: one secret of tier
// 1 and one of tier 2 wait for people, one of tier 1 is parked.
func (w *world) ended() string {
	w.t.Helper()
	ctx := w.t.Context()
	was, err := w.inventory(ctx, event.Principal{ObjectID: "sp9", AppID: "app-sp9"})
	w.must(err)
	op := remedy.Operation{Version: 3, ID: "op-ended", Case: "ended", State: remedy.StateDone, Principal: event.Principal{ObjectID: "sp9", AppID: "app-sp9"}, Opened: now.Add(-time.Hour), Verdict: decide.Verdict{Mode: decide.ModeApprove}}
	w.must(w.face.Operations.Put(ctx, &operations.Stored{Operation: op}))
	bundle, err := json.Marshal(remedy.NewBundle(op.ID, was))
	w.must(err)
	w.must(w.undone.Write(ctx, remedy.BundleName(op.ID), bundle))
	w.gone = true
	claim, err := w.face.Rotations.Claim(ctx, rotate.Head{Version: rotate.Version, ID: rotate.OperationID("ended"), State: rotate.StateRunning})
	w.must(err)
	random := func(tier int, name string) rotate.Target {
		return rotate.Target{Key: "random:v/" + name, Tier: tier, Kind: rotate.Random, Copies: []rotate.Copy{{Vault: "v", Secret: name}}}
	}
	plan := rotate.Plan{Case: "ended"}
	plan.Tiers[0] = rotate.Tier{Number: 1, Hash: "hash1", Cap: 10, Targets: []rotate.Target{random(1, "read"), random(1, "parked")}}
	plan.Tiers[1] = rotate.Tier{Number: 2, Hash: "hash2", Cap: 10, Targets: []rotate.Target{random(2, "beside")}}
	plan.Tiers[2] = rotate.Tier{Number: 3, Hash: "hash3", Cap: 10}
	j := rotate.Open(plan, rotate.Opening{Cut: now, Needs: 1}, now)
	w.must(j.Park("random:v/parked", "the vault said no", now))
	_, err = w.face.Rotations.Plan(ctx, claim, j)
	w.must(err)
	return "/remediations/op-ended"
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}
