package arm_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"rekey/deploy/local/arm"
	"rekey/deploy/local/directory"
	"rekey/deploy/local/entra"
	"rekey/deploy/local/faults"
)

const (
	sub    = "11111111-0000-4000-8000-00000000000a"
	root   = "/providers/Microsoft.Management/managementGroups/root"
	rekey  = "22222222-0000-4000-8000-000000000001"
	victim = "22222222-0000-4000-8000-000000000002"
	group  = "33333333-0000-4000-8000-000000000001"
	parent = "33333333-0000-4000-8000-000000000002"
)

func id(kind, name string) string { return arm.ResourceID(sub, "rg", kind, name) }

var kv = id("Microsoft.KeyVault/vaults", "kv")

// rig is ARM on plain HTTP, called with requests made by hand: what the real clients would never send is refused, too.
type rig struct {
	*arm.Server
	tokens *entra.Server
	url    string
}

func start(t *testing.T, o arm.Options) *rig {
	t.Helper()
	d, err := directory.New("aaaaaaaa-0000-4000-8000-000000000000", "")
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := entra.New(d, "h", entra.Identity{ClientID: rekey, ObjectID: rekey}, entra.Identity{ClientID: victim, ObjectID: victim})
	if err != nil {
		t.Fatal(err)
	}
	s, err := arm.New(tokens, o)
	if err != nil {
		t.Fatal(err)
	}
	if s.Empty() {
		err = s.Build(func(w arm.World) {
			w.Subscription(sub, "production", root)
			w.Vault(kv, "https://kv.vault.azure.net/", true)
			w.Assign(arm.Assignment{Scope: root, Role: arm.Owner, PrincipalID: rekey})
			w.Group(group, victim)
			w.Group(parent, group)
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	return &rig{s, tokens, web.URL}
}

// token asks the identity endpoint, as App Service would.
func (r *rig) token(t *testing.T, oid, audience string) string {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), "GET", "/?api-version=2019-08-01&client_id="+oid+"&resource="+audience, nil)
	req.Header.Set("X-Identity-Header", "h")
	w := httptest.NewRecorder()
	r.tokens.ManagedIdentity(w, req)
	var out struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || out.Token == "" {
		t.Fatal(w.Body.String(), err)
	}
	return out.Token
}

// call makes a request and returns the status, the error's code and the body.
func (r *rig) call(t *testing.T, oid, method, path, body string) (int, string, string) {
	t.Helper()
	path = strings.ReplaceAll(path, " ", "%20")
	req, err := http.NewRequestWithContext(context.Background(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if oid != "" {
		req.Header.Set("Authorization", "Bearer "+r.token(t, oid, arm.Audience))
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var e struct {
		Error struct{ Code, Message string }
	}
	_ = json.Unmarshal(b, &e) // empty bodies have no code
	return resp.StatusCode, e.Error.Code, string(b)
}

func TestWhatResourceManagerRefuses(t *testing.T) {
	r := start(t, arm.Options{})
	if err := r.Build(func(w arm.World) {
		w.Resource(arm.Resource{ID: id("Microsoft.Storage/storageAccounts", "acct")})
		w.Resource(arm.Resource{ID: id("Microsoft.Web/sites", "site"), Identity: &arm.Identity{Type: "UserAssigned", UserAssigned: map[string]map[string]string{id("Microsoft.ManagedIdentity/userAssignedIdentities", "i"): {}}}})
		w.Resource(arm.Resource{ID: id("Microsoft.ContainerInstance/containerGroups", "cg")})
		w.Assign(arm.Assignment{Name: "44444444-0000-4000-8000-000000000001", Scope: kv, Role: arm.Reader, PrincipalID: group, Kind: "Group"})
	}); err != nil {
		t.Fatal(err)
	}
	assignment := kv + "/providers/Microsoft.Authorization/roleAssignments/"
	role := `{"properties":{"roleDefinitionId":"/providers/Microsoft.Authorization/roleDefinitions/` + arm.Reader + `","principalId":"%s"}}`
	tests := map[string]struct {
		oid, method, path, body string
		status                  int
		code                    string
	}{
		"no token":                              {"", "GET", kv + "?api-version=2026-02-01", "", 401, "AuthenticationFailed"},
		"no api-version":                        {rekey, "GET", kv, "", 400, "MissingApiVersionParameter"},
		"an api-version of another type":        {rekey, "GET", kv + "?api-version=2022-04-01", "", 400, "NoRegisteredProviderFound"},
		"a type that is none":                   {rekey, "GET", id("Microsoft.KeyVault/vault", "kv") + "?api-version=2026-02-01", "", 400, "InvalidResourceType"},
		"an empty segment":                      {rekey, "GET", "/" + kv + "?api-version=2026-02-01", "", 400, "InvalidUri"},
		"no rights":                             {victim, "DELETE", kv + "?api-version=2026-02-01", "", 403, "AuthorizationFailed"},
		"no rights on what is not there":        {victim, "DELETE", kv + "x?api-version=2026-02-01", "", 403, "AuthorizationFailed"},
		"a vault that is not there":             {rekey, "GET", kv + "x?api-version=2026-02-01", "", 404, "ResourceNotFound"},
		"a group that is not there":             {rekey, "GET", strings.Replace(kv, "/rg/", "/rx/", 1) + "?api-version=2026-02-01", "", 404, "ResourceGroupNotFound"},
		"policies of no vault":                  {rekey, "PUT", kv + "x/accessPolicies/remove?api-version=2026-02-01", "{}", 404, "ResourceNotFound"},
		"an operation on policies that is none": {rekey, "PUT", kv + "/accessPolicies/drop?api-version=2026-02-01", "{}", 400, "BadRequest"},
		"a body that is no JSON":                {rekey, "PUT", kv + "/accessPolicies/remove?api-version=2026-02-01", "{", 400, "InvalidRequestContent"},
		"a filter that is none":                 {rekey, "GET", kv + "/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&$filter=principal eq 'x'", "", 400, "BadRequestFormat"},
		"an assignment that is gone":            {rekey, "DELETE", assignment + "x?api-version=2022-04-01", "", 204, ""},
		"an assignment that is there twice":     {rekey, "PUT", assignment + "x?api-version=2022-04-01", fmt.Sprintf(role, group), 409, "RoleAssignmentExists"},
		"an assignment for somebody else":       {rekey, "PUT", assignment + "44444444-0000-4000-8000-000000000001?api-version=2022-04-01", fmt.Sprintf(role, victim), 409, "RoleAssignmentUpdateNotPermitted"},
		"a role that is none":                   {rekey, "GET", "/subscriptions/" + sub + "/providers/Microsoft.Authorization/roleDefinitions/x?api-version=2022-04-01", "", 404, "RoleDefinitionDoesNotExist"},
		"a key that is none":                    {rekey, "POST", id("Microsoft.Storage/storageAccounts", "acct") + "/regenerateKey?api-version=2024-01-01", `{"keyName":"key3"}`, 400, "BadRequest"},
		"keys without the right":                {victim, "POST", id("Microsoft.Storage/storageAccounts", "acct") + "/listKeys?api-version=2024-01-01", "", 403, "AuthorizationFailed"},
		"an identity in tags-only updates":      {rekey, "PATCH", id("Microsoft.ContainerInstance/containerGroups", "cg") + "?api-version=2023-05-01", `{"identity":{"type":"None"}}`, 400, "InvalidRequestContent"},
		"a type of identity that is not so":     {rekey, "PATCH", id("Microsoft.Web/sites", "site") + "?api-version=2023-12-01", `{"identity":{"type":"UserAssigned","userAssignedIdentities":{"` + id("Microsoft.ManagedIdentity/userAssignedIdentities", "i") + `":null}}}`, 400, "InvalidIdentityValues"},
		"a query that is not understood":        {rekey, "POST", "/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01", `{"query":"resources | take 5","options":{"resultFormat":"objectArray"}}`, 400, "BadRequest"},
		"too many rows":                         {rekey, "POST", "/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01", `{"query":"resources","options":{"resultFormat":"objectArray","$top":1001}}`, 400, "BadRequest"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			status, code, body := r.call(t, tt.oid, tt.method, tt.path, tt.body)
			if status != tt.status || code != tt.code {
				t.Errorf("%d %q, want %d %q: %s", status, code, tt.status, tt.code, body)
			}
		})
	}
	if _, _, body := r.call(t, victim, "DELETE", kv+"?api-version=2026-02-01", ""); !strings.Contains(body, "does not have authorization to perform action 'Microsoft.KeyVault/vaults/delete' over scope '"+kv+"'") {
		t.Error(body)
	}
}

func TestATokenForAnotherAudienceIsRefused(t *testing.T) {
	r := start(t, arm.Options{})
	req := httptest.NewRequestWithContext(t.Context(), "GET", kv+"?api-version=2026-02-01", nil)
	req.Header.Set("Authorization", "Bearer "+r.token(t, rekey, "https://vault.azure.net"))
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	if w.Code != http.StatusUnauthorized {
		t.Error(w.Code, w.Body.String())
	}
}

func TestRemovingAPolicyInAnotherSpellingSaysYesAndDoesNothing(t *testing.T) {
	r := start(t, arm.Options{})
	v := id("Microsoft.KeyVault/vaults", "old")
	if err := r.Build(func(w arm.World) {
		w.Vault(v, "x", false, arm.Policy{TenantID: "t", ObjectID: victim, Permissions: map[string][]string{"secrets": {"Get"}}})
	}); err != nil {
		t.Fatal(err)
	}
	ask := arm.Ask{Vault: v, OID: victim, Kind: "secrets", Permission: "get"}
	for _, tt := range []struct {
		spelling string
		still    bool
	}{{"get", true}, {"Get", false}} {
		body := `{"properties":{"accessPolicies":[{"tenantId":"t","objectId":"` + victim + `","permissions":{"secrets":["` + tt.spelling + `"]}}]}}`
		if status, _, text := r.call(t, rekey, "PUT", v+"/accessPolicies/remove?api-version=2026-02-01", body); status != http.StatusOK {
			t.Fatal(status, text)
		}
		if r.Decide(ask).Allowed != tt.still {
			t.Errorf("after removing %q the vault allows it: %t", tt.spelling, !tt.still)
		}
	}
}

func TestWhoMayReadASecret(t *testing.T) {
	const get = "Microsoft.KeyVault/vaults/secrets/getSecret/action"
	custom := arm.Permission{DataActions: []string{"Microsoft.KeyVault/*"}, NotDataActions: []string{"Microsoft.KeyVault/vaults/secrets/*"}}
	tests := map[string]struct {
		build func(arm.World)
		want  bool
	}{
		"nobody without a role": {func(arm.World) {}, false},
		"a secrets user of the vault": {func(w arm.World) {
			w.Assign(arm.Assignment{Scope: kv, Role: arm.VaultSecretsUser, PrincipalID: victim})
		}, true},
		"a certificate user": {func(w arm.World) {
			w.Assign(arm.Assignment{Scope: kv, Role: arm.VaultCertificateUser, PrincipalID: victim})
		}, true},
		"an owner has no data rights": {func(w arm.World) { w.Assign(arm.Assignment{Scope: root, Role: arm.Owner, PrincipalID: victim}) }, false},
		"a reader of vaults":          {func(w arm.World) { w.Assign(arm.Assignment{Scope: kv, Role: arm.VaultReader, PrincipalID: victim}) }, false},
		"by a group in a group": {func(w arm.World) {
			w.Assign(arm.Assignment{Scope: "/subscriptions/" + sub, Role: arm.VaultSecretsUser, PrincipalID: parent, Kind: "Group"})
		}, true},
		"by the management group": {func(w arm.World) {
			w.Assign(arm.Assignment{Scope: root, Role: arm.VaultAdministrator, PrincipalID: victim})
		}, true},
		"of this secret": {func(w arm.World) {
			w.Assign(arm.Assignment{Scope: kv + "/secrets/db", Role: arm.VaultSecretsUser, PrincipalID: victim})
		}, true},
		"of another secret": {func(w arm.World) {
			w.Assign(arm.Assignment{Scope: kv + "/secrets/dbx", Role: arm.VaultSecretsUser, PrincipalID: victim})
		}, false},
		"of a vault with a longer name": {func(w arm.World) {
			w.Assign(arm.Assignment{Scope: kv + "x", Role: arm.VaultSecretsUser, PrincipalID: victim})
		}, false},
		"a role with an exception": {func(w arm.World) {
			w.Assign(arm.Assignment{Scope: kv, Role: w.Define("x", custom), PrincipalID: victim})
		}, false},
		"the exception of another block": {func(w arm.World) {
			w.Assign(arm.Assignment{Scope: kv, Role: w.Define("x", custom, arm.Permission{DataActions: []string{"*/getSecret/action"}}), PrincipalID: victim})
		}, true},
		"a condition that holds": {func(w arm.World) {
			w.Assign(arm.Assignment{Scope: kv, Role: arm.VaultSecretsUser, PrincipalID: victim, Condition: "@Resource[Microsoft.KeyVault/vaults/secrets:name] StringStartsWith 'd'"})
		}, true},
		"a condition that does not": {func(w arm.World) {
			w.Assign(arm.Assignment{Scope: kv, Role: arm.VaultSecretsUser, PrincipalID: victim, Condition: "@Resource[Microsoft.KeyVault/vaults/secrets:name] StringEquals 'd'"})
		}, false},
		"a condition nobody understands": {func(w arm.World) {
			w.Assign(arm.Assignment{Scope: kv, Role: arm.VaultSecretsUser, PrincipalID: victim, Condition: "true"})
		}, false},
		"a denial": {func(w arm.World) {
			w.Assign(arm.Assignment{Scope: kv, Role: arm.VaultSecretsUser, PrincipalID: victim})
			w.Deny(arm.Deny{Scope: "/subscriptions/" + sub, Principals: []string{group}, Permission: arm.Permission{DataActions: []string{"*"}}})
		}, false},
		"a denial for all but him": {func(w arm.World) {
			w.Assign(arm.Assignment{Scope: kv, Role: arm.VaultSecretsUser, PrincipalID: victim})
			w.Deny(arm.Deny{Scope: "/subscriptions/" + sub, Principals: []string{"00000000-0000-0000-0000-000000000000"}, Excluded: []string{parent}, Permission: arm.Permission{DataActions: []string{"*"}}})
		}, true},
		"a policy on a vault that goes by roles": {func(w arm.World) {
			w.Vault(kv, "x", true, arm.Policy{ObjectID: victim, Permissions: map[string][]string{"secrets": {"all"}}})
		}, false},
		"all by policy": {func(w arm.World) {
			w.Vault(kv, "x", false, arm.Policy{ObjectID: group, Permissions: map[string][]string{"secrets": {"All"}}})
		}, true},
		"by policy for keys": {func(w arm.World) {
			w.Vault(kv, "x", false, arm.Policy{ObjectID: victim, Permissions: map[string][]string{"keys": {"all"}}})
		}, false},
		"by policy on behalf only": {func(w arm.World) {
			w.Vault(kv, "x", false, arm.Policy{ObjectID: victim, ApplicationID: "x", Permissions: map[string][]string{"secrets": {"get"}}})
		}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := start(t, arm.Options{})
			if err := r.Build(tt.build); err != nil {
				t.Fatal(err)
			}
			if got := r.Decide(arm.Ask{Vault: strings.ToUpper(kv), Object: "secrets/db", OID: victim, Kind: "secrets", Permission: "get", Action: get}); got.Allowed != tt.want {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestResourceGraphCountsQueriesAndShowsWhatTheCallerMayRead(t *testing.T) {
	r := start(t, arm.Options{Queries: 2})
	ask := func(oid string) (int, string) {
		status, code, body := r.call(t, oid, "POST", "/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01", `{"query":"resources | project id","options":{"resultFormat":"objectArray"}}`)
		return status, code + body
	}
	if status, body := ask(victim); status != 200 || !strings.Contains(body, `"totalRecords":0`) {
		t.Error(status, body)
	}
	for i := range 3 {
		status, body := ask(rekey)
		if i < 2 && (status != 200 || !strings.Contains(body, kv)) || i == 2 && status != 429 {
			t.Errorf("query %d: %d %s", i, status, body)
		}
	}
}

func TestTheStateSurvivesARestart(t *testing.T) {
	dir := t.TempDir()
	first := start(t, arm.Options{Dir: dir})
	account := id("Microsoft.Storage/storageAccounts", "acct")
	var gone, kept string
	if err := first.Build(func(w arm.World) {
		w.Resource(arm.Resource{ID: account})
		gone = w.Assign(arm.Assignment{Scope: kv, Role: arm.VaultSecretsUser, PrincipalID: victim})
		kept = w.Assign(arm.Assignment{Scope: kv, Role: arm.Reader, PrincipalID: victim})
	}); err != nil {
		t.Fatal(err)
	}
	if status, _, body := first.call(t, rekey, "DELETE", gone+"?api-version=2022-04-01", ""); status != 200 {
		t.Fatal(status, body)
	}
	if status, _, body := first.call(t, rekey, "POST", account+"/regenerateKey?api-version=2024-01-01", `{"keyName":"key1"}`); status != 200 {
		t.Fatal(status, body)
	}
	second := start(t, arm.Options{Dir: dir})
	if second.Key(account, "key1") != first.Key(account, "key1") || !second.Check(account, first.Key(account, "key2")) {
		t.Error("keys are lost")
	}
	for assignment, want := range map[string]int{gone: 404, kept: 200} {
		if status, _, body := second.call(t, rekey, "GET", assignment+"?api-version=2022-04-01", ""); status != want {
			t.Errorf("%d, want %d: %s", status, want, body)
		}
	}
}

func TestListsComeInPagesThatLeadOn(t *testing.T) {
	r := start(t, arm.Options{PageSize: 2})
	if err := r.Build(func(w arm.World) {
		for i := range 4 {
			w.Vault(id("Microsoft.KeyVault/vaults", fmt.Sprint("v", i)), "x", true)
		}
	}); err != nil {
		t.Fatal(err)
	}
	path, seen := "/subscriptions/"+sub+"/providers/Microsoft.KeyVault/vaults?api-version=2026-02-01", 0
	for range 3 {
		_, _, body := r.call(t, rekey, "GET", path, "")
		var page struct {
			Value    []json.RawMessage
			NextLink string
		}
		if err := json.Unmarshal([]byte(body), &page); err != nil {
			t.Fatal(err)
		}
		seen += len(page.Value)
		next, err := url.Parse(page.NextLink)
		if err != nil {
			t.Fatal(err)
		}
		path = next.RequestURI()
	}
	if seen != 5 {
		t.Errorf("%d of 5", seen)
	}
}

func TestALongRunningOperationHasItsEffectWhenItSaysSo(t *testing.T) {
	r := start(t, arm.Options{Async: 100 * time.Millisecond})
	account := id("Microsoft.DocumentDB/databaseAccounts", "c")
	if err := r.Build(func(w arm.World) { w.Resource(arm.Resource{ID: account}) }); err != nil {
		t.Fatal(err)
	}
	before := r.Key(account, "primary")
	req, _ := http.NewRequestWithContext(t.Context(), "POST", r.url+account+"/regenerateKey?api-version=2023-11-15", strings.NewReader(`{"keyKind":"primary"}`))
	req.Header.Set("Authorization", "Bearer "+r.token(t, rekey, arm.Audience))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	where, err := url.Parse(resp.Header.Get("Azure-AsyncOperation"))
	if err != nil || resp.StatusCode != http.StatusAccepted || r.Key(account, "primary") != before {
		t.Fatalf("%d (%v)", resp.StatusCode, err)
	}
	for {
		_, _, body := r.call(t, rekey, "GET", where.RequestURI(), "")
		if done := strings.Contains(body, "Succeeded"); done != (r.Key(account, "primary") != before) && done {
			t.Fatal("it says that it is done, and it is not")
		} else if done {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestAFaultStrikesBeforeOrAfterTheEffect(t *testing.T) {
	account := id("Microsoft.Storage/storageAccounts", "acct")
	for name, tt := range map[string]struct {
		fault   faults.Fault
		changed bool
	}{
		"before":  {faults.Fault{When: faults.Before, Status: 503, RetryAfter: 7}, false},
		"after":   {faults.Fault{When: faults.After, Status: 500}, true},
		"hang up": {faults.Fault{When: faults.HangUp}, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, arm.Options{})
			if err := r.Build(func(w arm.World) { w.Resource(arm.Resource{ID: account}) }); err != nil {
				t.Fatal(err)
			}
			before := r.Key(account, "key1")
			r.Fail(func(string, string) faults.Fault { return tt.fault })
			req, _ := http.NewRequestWithContext(t.Context(), "POST", r.url+account+"/regenerateKey?api-version=2024-01-01", strings.NewReader(`{"keyName":"key1"}`))
			req.Header.Set("Authorization", "Bearer "+r.token(t, rekey, arm.Audience))
			resp, err := http.DefaultClient.Do(req)
			if err == nil {
				defer resp.Body.Close()
				if resp.StatusCode != tt.fault.Status || tt.fault.RetryAfter > 0 && resp.Header.Get("Retry-After") != "7" {
					t.Errorf("%d %v", resp.StatusCode, resp.Header)
				}
			}
			if (err != nil) != (tt.fault.When == faults.HangUp) || (r.Key(account, "key1") != before) != tt.changed {
				t.Errorf("error %v, changed %t", err, r.Key(account, "key1") != before)
			}
		})
	}
}

func TestFurnitureDoesNotShortenTheLagOfACut(t *testing.T) {
	r := start(t, arm.Options{Lag: time.Hour})
	var cut string
	if err := r.Build(func(w arm.World) {
		cut = w.Assign(arm.Assignment{Scope: kv, Role: arm.VaultSecretsUser, PrincipalID: victim})
	}); err != nil {
		t.Fatal(err)
	}
	if status, _, body := r.call(t, rekey, "DELETE", cut+"?api-version=2022-04-01", ""); status != 200 {
		t.Fatal(status, body)
	}
	if err := r.Build(func(w arm.World) { w.Assign(arm.Assignment{Scope: kv, Role: arm.VaultSecretsUser, PrincipalID: rekey}) }); err != nil {
		t.Fatal(err)
	}
	for _, oid := range []string{victim, rekey} {
		if !r.Decide(arm.Ask{Vault: kv, Object: "secrets/db", OID: oid, Action: "Microsoft.KeyVault/vaults/secrets/getSecret/action"}).Allowed {
			t.Errorf("the vault refuses %s before it can know", oid)
		}
	}
}
