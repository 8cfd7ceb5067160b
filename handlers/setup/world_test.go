package setup_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sort"
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
	local "rekey/deploy/local/graph"
	"rekey/handlers/setup"
	azarm "rekey/shared/azure/arm"
	"rekey/shared/azure/graph"
)

const (
	tenantID = "aaaaaaaa-0000-4000-8000-000000000000"
	resource = "00000003-0000-4000-8000-00000000000a" // Microsoft Graph's service principal in the tenant
	detect   = "00000000-0000-4000-8000-0000000000d1"
	face     = "00000000-0000-4000-8000-0000000000f1"
	respond  = "00000000-0000-4000-8000-0000000000e1"
	rule     = "/subscriptions/11111111-0000-4000-8000-00000000000a/resourceGroups/rekey/providers/Microsoft.EventHub/namespaces/rekey/authorizationRules/diagnostics"
	theirs   = "/subscriptions/11111111-0000-4000-8000-00000000000a/resourceGroups/soc/providers/Microsoft.EventHub/namespaces/soc/authorizationRules/Root"
)

// outputs are what `tofu output -json` prints.
const outputs = `{"identities":{"sensitive":false,"value":{
	"detect":{"id":"/x","principal_id":"` + detect + `","client_id":"00000000-0000-4000-8000-0000000000d2"},
	"face":{"id":"/x","principal_id":"` + face + `","client_id":"00000000-0000-4000-8000-0000000000f2"},
	"respond":{"id":"/x","principal_id":"` + respond + `","client_id":"00000000-0000-4000-8000-0000000000e2"}}},
	"entra_diagnostics":{"value":{"rule_id":"` + rule + `","hubs":{
	"signins":["ServicePrincipalSignInLogs","ManagedIdentitySignInLogs","SignInLogs","NonInteractiveUserSignInLogs"],"auditlogs":["AuditLogs"],
	"graphlogs":["MicrosoftGraphActivityLogs","AzureADGraphActivityLogs"],"riskevents":["ServicePrincipalRiskEvents","RiskyServicePrincipals"]}}}}`

// worlds counts: azidentity keeps tokens for the whole process, so each tenant has administrators of its own.
var worlds atomic.Int64

// world is a tenant after `tofu apply`.
type world struct {
	*cloud.Cloud
	t     *testing.T
	n     int64
	admin map[string]string // client id by the name of an administrator
}

// Rights of the people who may run the command.
var people = map[string][]string{
	"admin": {"Application.ReadWrite.All", "Application.Read.All", "AppRoleAssignment.ReadWrite.All", "Policy.Read.All", "Policy.ReadWrite.ConditionalAccess", "LicenseAssignment.Read.All"},
	// without the right to give application permissions
	"developer": {"Application.ReadWrite.All", "Application.Read.All", "Policy.Read.All", "Policy.ReadWrite.ConditionalAccess"},
	// who may look at everything
	"reader": {"Application.Read.All", "Policy.Read.All"},
	"nobody": {},
}

func newWorld(t *testing.T, change ...func(*cloud.Config)) *world {
	t.Helper()
	w := &world{t: t, n: worlds.Add(1), admin: map[string]string{}}
	c := cloud.Config{Dir: t.TempDir(), TenantID: tenantID, Graph: local.Options{Pace: -1}}
	i := 0
	for name, rights := range people {
		i++
		w.admin[name] = fmt.Sprintf("aaaaaaaa-%04d-4000-8000-%012d", w.n, i)
		c.Identities = append(c.Identities, entra.Identity{ClientID: w.admin[name], ObjectID: w.oid(name), Roles: map[string][]string{local.Audience: rights}})
	}
	for _, do := range change {
		do(&c)
	}
	up, err := cloud.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = up.Close() })
	for k, v := range up.Env() {
		t.Setenv(k, v)
	}
	w.Cloud = up
	w.seed()
	return w
}

func (w *world) oid(name string) string { return "bbbbbbbb" + w.admin[name][8:] }

// seed makes what every tenant has, and what the plan for Azure made: Microsoft Graph, and an identity each.
func (w *world) seed() {
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
	objects := []directory.Object{{ID: resource, AppID: graph.GraphAppID, DisplayName: "Microsoft Graph", ServicePrincipalType: "Application", DefinedAppRoles: roles, AccountEnabled: true}}
	for app, id := range map[string]string{"detect": detect, "face": face, "respond": respond} {
		objects = append(objects, directory.Object{ID: id, AppID: id[:len(id)-1] + "2", DisplayName: "rekey-" + app, ServicePrincipalType: "ManagedIdentity", AccountEnabled: true})
	}
	if err := w.Directory.Seed(directory.ServicePrincipals, objects...); err != nil {
		w.t.Fatal(err)
	}
	if err := w.ARM.Build(func(b arm.World) {
		role := b.Define("Security Administrator", arm.Permission{Actions: []string{"microsoft.aadiam/diagnosticsettings/*"}})
		b.Assign(arm.Assignment{Scope: "/providers/microsoft.aadiam", Role: role, PrincipalID: w.oid("admin")})
		read := b.Define("Security Reader", arm.Permission{Actions: []string{"microsoft.aadiam/diagnosticsettings/read"}})
		b.Assign(arm.Assignment{Scope: "/providers/microsoft.aadiam", Role: read, PrincipalID: w.oid("reader")})
	}); err != nil {
		w.t.Fatal(err)
	}
}

// killer dies at the nth change: before it is made, or after it and before the answer.
type killer struct {
	next  http.RoundTripper
	at    int
	after bool

	mu   sync.Mutex
	seen int
	dead bool
}

var errKilled = errors.New("killed")

// RoundTrip implements http.RoundTripper.
func (k *killer) RoundTrip(r *http.Request) (*http.Response, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	change := r.Method != http.MethodGet
	if change {
		k.seen++
	}
	hit := change && k.seen == k.at
	if k.dead || hit && !k.after {
		k.dead = true
		return nil, errKilled
	}
	resp, err := k.next.RoundTrip(r)
	if hit && err == nil {
		resp.Body.Close()
		k.dead = true
		return nil, errKilled
	}
	return resp, err
}

// run is one call of the command: a plan, and if it is to be, its calls.
type run struct {
	as      string
	apply   bool
	kill    *killer
	outputs string
	change  func(*setup.Config)
}

// setUp runs it and returns the plan and what was told of failures.
func (w *world) setUp(r run) (*setup.Plan, error) {
	w.t.Helper()
	if r.as == "" {
		r.as = "admin"
	}
	if r.outputs == "" {
		r.outputs = outputs
	}
	var c setup.Config
	if err := c.ReadOutputs([]byte(r.outputs)); err != nil {
		return nil, err
	}
	w.open(&c, r)
	if r.change != nil {
		r.change(&c)
	}
	s := setup.New(c)
	p, err := s.Plan(w.t.Context())
	if err != nil || !r.apply {
		return p, err
	}
	return p, s.Apply(w.t.Context(), p, func(setup.Call, error) {})
}

func (w *world) open(c *setup.Config, r run) {
	w.t.Helper()
	cred, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{ID: azidentity.ClientID(w.admin[r.as])})
	if err != nil {
		w.t.Fatal(err)
	}
	client := w.Client()
	options := azcore.ClientOptions{Transport: client, Retry: policy.RetryOptions{MaxRetries: 2, RetryDelay: time.Millisecond, MaxRetryDelay: 10 * time.Millisecond}}
	if r.kill != nil {
		r.kill.next = client.Transport
		client.Transport = r.kill
		options.Retry.MaxRetries = -1
	}
	c.Graph = graph.New(w.GraphURL, cred, options)
	c.Graph.SetPace(0)
	if c.ARM, err = azarm.New(w.ARMURL, cred, azarm.Options{ClientOptions: options}); err != nil {
		w.t.Fatal(err)
	}
}

// end is what there is in the end, without ids that differ between tenants.
func (w *world) end() string {
	w.t.Helper()
	var out []string
	view := w.Directory.View(time.Time{})
	for _, o := range view.List(directory.Applications) {
		uris := strings.ReplaceAll(strings.Join(o.IdentifierURIs, ","), o.AppID, "<app>")
		roles, err := json.Marshal(o.DefinedAppRoles)
		if err != nil {
			w.t.Fatal(err)
		}
		scopes, err := json.Marshal(o.API)
		if err != nil {
			w.t.Fatal(err)
		}
		principals := len(w.Directory.ByAppID(directory.ServicePrincipals, o.AppID))
		out = append(out, fmt.Sprint("application ", o.UniqueName, " ", o.DisplayName, " ", o.SignInAudience, " ", uris, " ", o.GroupMembershipClaims, " ", string(roles), " ", string(scopes), " principals ", principals))
	}
	for _, o := range view.List(directory.ServicePrincipals) {
		for _, a := range o.AppRoles {
			out = append(out, fmt.Sprint(o.ID, " holds ", a.AppRoleID, " on ", a.ResourceID))
		}
	}
	for _, s := range w.settings() {
		out = append(out, fmt.Sprint("setting ", s.Name, " ", s.HubRule, " ", s.Hub, " ", s.Categories))
	}
	sort.Strings(out)
	return strings.Join(out, "\n")
}

func (w *world) settings() []azarm.EntraSetting {
	w.t.Helper()
	var c setup.Config
	w.open(&c, run{as: "admin"})
	list, err := c.ARM.EntraDiagnostics(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	slices.SortFunc(list, func(a, b azarm.EntraSetting) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// put makes a setting of somebody else's.
func (w *world) put(name, rule, hub string, categories ...string) {
	w.t.Helper()
	var c setup.Config
	w.open(&c, run{as: "admin"})
	if err := c.ARM.PutEntraDiagnostics(w.t.Context(), azarm.EntraSetting{Name: name, HubRule: rule, Hub: hub, Categories: categories}); err != nil {
		w.t.Fatal(err)
	}
}

func words(p *setup.Plan) string {
	var out strings.Builder
	p.Text(&out, false)
	return out.String()
}
