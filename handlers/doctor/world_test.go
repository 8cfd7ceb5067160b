package doctor_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"rekey/deploy/local/arm"
	"rekey/deploy/local/azurite"
	"rekey/deploy/local/cloud"
	"rekey/deploy/local/directory"
	"rekey/deploy/local/entra"
	local "rekey/deploy/local/graph"
	"rekey/handlers/doctor"
	"rekey/handlers/setup"
	"rekey/handlers/state"
	azarm "rekey/shared/azure/arm"
	"rekey/shared/azure/graph"
	"rekey/shared/event"
	"rekey/shared/host/config"
	"rekey/shared/streams"
)

const (
	tenantID = "aaaaaaaa-0000-4000-8000-000000000000"
	resource = "00000003-0000-4000-8000-00000000000a"
	respond  = "00000000-0000-4000-8000-0000000000e1"
	rule     = "/subscriptions/11111111-0000-4000-8000-00000000000a/resourceGroups/rekey/providers/Microsoft.EventHub/namespaces/rekey/authorizationRules/diagnostics"
)

var worlds atomic.Int64

// world is a deployment that was set up, on a running local cloud and running stores.
type world struct {
	*cloud.Cloud
	t       *testing.T
	admin   string
	reader  string // without the role for diagnostic settings
	storage string // connection string
	account *state.Account
	table   string // the address table's file
	plans   []string
	now     time.Time
}

// newWorld starts everything, sets it up, and lets every log arrive until now.
func newWorld(t *testing.T) *world {
	t.Helper()
	n := worlds.Add(1)
	w := &world{t: t, admin: fmt.Sprintf("cccccccc-%04d-4000-8000-000000000001", n), reader: fmt.Sprintf("cccccccc-%04d-4000-8000-000000000002", n), now: time.Now().UTC()}
	all := map[string][]string{local.Audience: {"Application.ReadWrite.All", "Application.Read.All", "AppRoleAssignment.ReadWrite.All", "Policy.Read.All", "LicenseAssignment.Read.All"}}
	up, err := cloud.Start(t.Context(), cloud.Config{Dir: t.TempDir(), TenantID: tenantID, Graph: local.Options{Pace: -1}, Identities: []entra.Identity{{ClientID: w.admin, ObjectID: w.admin, Roles: all}, {ClientID: w.reader, ObjectID: w.reader, Roles: all}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = up.Close() })
	for k, v := range up.Env() {
		t.Setenv(k, v)
	}
	w.Cloud = up
	w.tenant()
	w.stores()
	w.table = filepath.Join(t.TempDir(), "networks.csv")
	w.dated(w.now.AddDate(0, 0, -3))
	return w
}

// tenant makes Microsoft Graph, respond's identity, and what setup makes.
func (w *world) tenant() {
	w.t.Helper()
	var roles []directory.AppRole
	seen := map[string]bool{}
	for method := range graph.Permissions {
		for _, p := range graph.Needs(method) {
			if !seen[p] {
				seen[p] = true
				roles = append(roles, directory.AppRole{ID: setup.PermissionID("graph/" + p), Value: p, DisplayName: p})
			}
		}
	}
	if err := w.Directory.Seed(directory.ServicePrincipals,
		directory.Object{ID: resource, AppID: graph.GraphAppID, DisplayName: "Microsoft Graph", DefinedAppRoles: roles, AccountEnabled: true},
		directory.Object{ID: respond, AppID: "e2", DisplayName: "rekey-respond", ServicePrincipalType: "ManagedIdentity", AccountEnabled: true},
	); err != nil {
		w.t.Fatal(err)
	}
	if err := w.ARM.Build(func(b arm.World) {
		role := b.Define("Security Administrator", arm.Permission{Actions: []string{"microsoft.aadiam/diagnosticsettings/*"}})
		b.Assign(arm.Assignment{Scope: "/providers/microsoft.aadiam", Role: role, PrincipalID: w.admin})
	}); err != nil {
		w.t.Fatal(err)
	}
	s := w.setup()
	p, err := s.Plan(w.t.Context())
	if err != nil || len(p.Problems) > 0 {
		w.t.Fatal(err, p.Problems)
	}
	if err := s.Apply(w.t.Context(), p, func(setup.Call, error) {}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) setup() *setup.Setup {
	w.t.Helper()
	cred, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{ID: azidentity.ClientID(w.admin)})
	if err != nil {
		w.t.Fatal(err)
	}
	o := azcore.ClientOptions{Transport: w.Client(), Retry: policy.RetryOptions{MaxRetries: -1}}
	c := setup.Config{
		Graph: graph.New(w.GraphURL, cred, o), Identities: map[string]setup.Identity{"respond": {PrincipalID: respond}},
		RuleID: rule, Hubs: map[string][]string{"auditlogs": {"AuditLogs"}},
	}
	c.Graph.SetPace(0)
	if c.ARM, err = azarm.New(w.ARMURL, cred, azarm.Options{ClientOptions: o}); err != nil {
		w.t.Fatal(err)
	}
	return setup.New(c)
}

// stores starts Azurite, makes everything in it, and lets logs arrive.
func (w *world) stores() {
	w.t.Helper()
	a, err := azurite.Start(w.t.Context(), azurite.Config{})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(a.Close)
	w.storage = a.ConnectionString()
	w.account = w.open(w.storage)
	if err := w.account.Ensure(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.arrive(time.Time{})
}

func (w *world) open(connection string) *state.Account {
	w.t.Helper()
	account, err := state.Open(config.State{ConnectionString: config.Secret(connection)}, config.Identity{})
	if err != nil {
		w.t.Fatal(err)
	}
	return account
}

// arrive lets three weeks of every log arrive; the audit log ends at a time, if one is given. What arrived before is
// forgotten.
func (w *world) arrive(end time.Time) {
	w.t.Helper()
	m := &streams.Memory{}
	for kind := event.KindSignIn; kind <= event.KindRisk; kind++ {
		until := w.now
		if kind == event.KindAudit && !end.IsZero() {
			until = end
		}
		for t := w.now.AddDate(0, 0, -21); t.Before(until); t = t.Add(30 * time.Minute) {
			m.Note(&event.Event{Kind: kind, Time: t}, t.Add(time.Minute))
		}
	}
	data, err := m.MarshalBinary()
	if err != nil {
		w.t.Fatal(err)
	}
	w.row("streams", "health", "all", data)
}

// row writes a row whatever stands there.
func (w *world) row(table, partition, key string, data []byte) {
	w.t.Helper()
	t := w.account.Table(table)
	row, err := t.Get(w.t.Context(), partition, key)
	if err != nil {
		row.Partition, row.Key = partition, key
	}
	row.Data = data
	if _, err := t.Put(w.t.Context(), row); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) dated(t time.Time) {
	w.file("# built " + t.Format(time.DateOnly) + "\n192.0.2.0/24,64500,DE,Example\n")
}

func (w *world) file(text string) {
	w.t.Helper()
	if err := os.WriteFile(w.table, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// config is what the doctor looks at.
func (w *world) config() doctor.Config {
	s := w.setup()
	return doctor.Config{
		Setup: s, Graph: s.Graph, State: w.account, GraphURL: w.GraphURL, HTTP: w.Client(), NetworkTable: w.table, Mode: "plan", Now: func() time.Time { return time.Now() },
	}
}

// licensed lets the doctor ask a Graph with other licences, on the same directory.
func (w *world) licensed(c *doctor.Config) {
	w.t.Helper()
	tokens, err := entra.New(w.Directory, "h", entra.Identity{ClientID: "me", ObjectID: "me", Roles: map[string][]string{local.Audience: {"LicenseAssignment.Read.All"}}})
	if err != nil {
		w.t.Fatal(err)
	}
	server := httptest.NewTLSServer(local.New(tokens, w.Directory, local.Options{Pace: -1, Plans: w.plans}))
	w.t.Cleanup(server.Close)
	c.Graph = graph.New(server.URL, credential{tokens}, azcore.ClientOptions{Transport: server.Client()})
}

// credential takes tokens from an authority of a test's own.
type credential struct{ tokens *entra.Server }

// GetToken implements azcore.TokenCredential.
func (c credential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	rec := httptest.NewRecorder()
	req := httptest.NewRequest(http.MethodGet, "/?api-version=2019-08-01&client_id=me&resource="+url.QueryEscape(local.Audience), nil)
	req.Header.Set("X-Identity-Header", "h")
	c.tokens.ManagedIdentity(rec, req)
	var token struct {
		AccessToken string `json:"access_token"`
	}
	err := json.Unmarshal(rec.Body.Bytes(), &token)
	return azcore.AccessToken{Token: token.AccessToken, ExpiresOn: time.Now().Add(time.Hour)}, err
}

// tableClient is the SDK's own, for what the ports do not do.
func (w *world) tableClient() *aztables.ServiceClient {
	w.t.Helper()
	c, err := aztables.NewServiceClientFromConnectionString(w.storage, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) queue(name string) *azqueue.QueueClient {
	w.t.Helper()
	c, err := azqueue.NewServiceClientFromConnectionString(w.storage, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return c.NewQueueClient(name)
}

// late is a service whose clock is off.
func late(by time.Duration) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Date", time.Now().Add(by).UTC().Format(http.TimeFormat))
		rw.WriteHeader(http.StatusUnauthorized)
	})
}
