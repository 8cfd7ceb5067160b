package keyvault_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"rekey/deploy/local/arm"
	"rekey/deploy/local/cloud"
	"rekey/deploy/local/directory"
	"rekey/deploy/local/entra"
	"rekey/deploy/local/keyvault"
)

const (
	officer = "77777777-0000-4000-8000-000000000001"
	sub     = "11111111-0000-4000-8000-00000000000a"
)

var kv = arm.ResourceID(sub, "rg", "Microsoft.KeyVault/vaults", "kv")

// open starts a cloud with one vault and returns it with the SDK's own client for its officer. Each test has a client id of
// its own, because azidentity keeps tokens for the whole process.
func open(t *testing.T, clientID string) (*keyvault.Server, *azsecrets.Client) {
	t.Helper()
	c, err := cloud.Start(t.Context(), cloud.Config{
		Dir: t.TempDir(), TenantID: "aaaaaaaa-0000-4000-8000-000000000000", Identities: []entra.Identity{{ClientID: clientID, ObjectID: officer}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	for k, v := range c.Env() {
		t.Setenv(k, v)
	}
	if err := c.ARM.Build(func(w arm.World) {
		w.Subscription(sub, "production")
		w.Assign(arm.Assignment{Scope: kv, Role: arm.VaultAdministrator, PrincipalID: officer})
	}); err != nil {
		t.Fatal(err)
	}
	v, url, err := c.OpenVault(kv, true)
	if err != nil {
		t.Fatal(err)
	}
	cred, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{ID: azidentity.ClientID(clientID)})
	if err != nil {
		t.Fatal(err)
	}
	client, err := azsecrets.NewClient(url, cred, &azsecrets.ClientOptions{DisableChallengeResourceVerification: true, ClientOptions: azcore.ClientOptions{
		Transport: c.Client(), Retry: policy.RetryOptions{MaxRetries: -1},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return v, client
}

func status(err error) int {
	var r *azcore.ResponseError
	if errors.As(err, &r) {
		return r.StatusCode
	}
	return 0
}

func TestADeletedSecretIsRecoveredPurgedBackedUpAndRestored(t *testing.T) {
	_, c := open(t, "77777777-1111-4000-8000-000000000001")
	ctx := t.Context()
	if _, err := c.SetSecret(ctx, "db", azsecrets.SetSecretParameters{Value: to.Ptr("v1"), Tags: map[string]*string{"a": to.Ptr("b")}}, nil); err != nil {
		t.Fatal(err)
	}
	saved, err := c.BackupSecret(ctx, "db", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.RestoreSecret(ctx, azsecrets.RestoreSecretParameters{SecretBackup: saved.Value}, nil); status(err) != http.StatusConflict {
		t.Errorf("restored over what is there: %v", err)
	}
	deleted, err := c.DeleteSecret(ctx, "db", nil)
	if err != nil || deleted.DeletedDate == nil || deleted.ScheduledPurgeDate.Sub(*deleted.DeletedDate).Hours() != 90*24 {
		t.Fatalf("%+v (%v)", deleted, err)
	}
	if _, err := c.GetSecret(ctx, "db", "", nil); status(err) != http.StatusNotFound {
		t.Errorf("deleted and read: %v", err)
	}
	if _, err := c.SetSecret(ctx, "db", azsecrets.SetSecretParameters{Value: to.Ptr("v2")}, nil); status(err) != http.StatusConflict {
		t.Errorf("deleted and written: %v", err)
	}
	if _, err := c.RecoverDeletedSecret(ctx, "db", nil); err != nil {
		t.Fatal(err)
	}
	if got, err := c.GetSecret(ctx, "db", "", nil); err != nil || *got.Value != "v1" {
		t.Errorf("recovered: %v", err)
	}
	if _, err := c.DeleteSecret(ctx, "db", nil); err != nil {
		t.Fatal(err)
	}
	n := 0
	for p := c.NewListDeletedSecretPropertiesPager(nil); p.More(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		n += len(page.Value)
	}
	if n != 1 {
		t.Errorf("%d deleted secrets", n)
	}
	if _, err := c.PurgeDeletedSecret(ctx, "db", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := c.GetDeletedSecret(ctx, "db", nil); status(err) != http.StatusNotFound {
		t.Errorf("purged and there: %v", err)
	}
	if _, err := c.RestoreSecret(ctx, azsecrets.RestoreSecretParameters{SecretBackup: saved.Value}, nil); err != nil {
		t.Fatal(err)
	}
	if got, err := c.GetSecret(ctx, "db", "", nil); err != nil || *got.Value != "v1" || *got.Tags["a"] != "b" {
		t.Errorf("restored: %v", err)
	}
}

func TestWhatASecretMayNotBe(t *testing.T) {
	_, c := open(t, "77777777-1111-4000-8000-000000000002")
	tags := map[string]*string{}
	for i := range 16 {
		tags[strings.Repeat("t", i+1)] = to.Ptr("x")
	}
	for name, in := range map[string]azsecrets.SetSecretParameters{
		"longer than 25 KB":       {Value: to.Ptr(strings.Repeat("x", 25<<10+1))},
		"of a long type":          {Value: to.Ptr("x"), ContentType: to.Ptr(strings.Repeat("x", 256))},
		"with too many tags":      {Value: to.Ptr("x"), Tags: tags},
		"with a tag that is long": {Value: to.Ptr("x"), Tags: map[string]*string{"a": to.Ptr(strings.Repeat("x", 513))}},
		"nothing":                 {},
	} {
		if _, err := c.SetSecret(t.Context(), "db", in, nil); status(err) != http.StatusBadRequest {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// bare is a vault on its own, called by hand.
func bare(t *testing.T, dir string, o keyvault.Options) (*keyvault.Server, func(method, path string) int) {
	t.Helper()
	d, err := directory.New("aaaaaaaa-0000-4000-8000-000000000000", "")
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := entra.New(d, "h", entra.Identity{ClientID: officer, ObjectID: officer, Roles: map[string][]string{keyvault.Audience: {keyvault.RoleSecrets}}})
	if err != nil {
		t.Fatal(err)
	}
	v, err := keyvault.Open(tokens, "https://localhost/t", dir, o)
	if err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequestWithContext(t.Context(), "GET", "/?api-version=2019-08-01&resource="+keyvault.Audience+"&client_id="+officer, nil)
	req.Header.Set("X-Identity-Header", "h")
	w := httptest.NewRecorder()
	tokens.ManagedIdentity(w, req)
	_, token, _ := strings.Cut(w.Body.String(), `"access_token":"`)
	token, _, _ = strings.Cut(token, `"`)
	return v, func(method, path string) int {
		req := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(`{"value":"x"}`))
		req.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		v.ServeHTTP(w, req)
		return w.Code
	}
}

func TestAVaultTakesItsLimitAndNoMore(t *testing.T) {
	_, call := bare(t, "", keyvault.Options{Limit: 3})
	for i, want := range []int{200, 200, 200, 429, 429} {
		if got := call("GET", "/secrets?api-version=7.4"); got != want {
			t.Errorf("request %d: %d, want %d", i, got, want)
		}
	}
}

func TestRequestsThatNoClientMakes(t *testing.T) {
	_, call := bare(t, "", keyvault.Options{})
	for path, want := range map[string]int{
		"GET /secrets":                               400,
		"GET /secrets?api-version=7.3":               400,
		"GET /secrets?api-version=7.4&maxresults=26": 400,
		"GET /secrets/a/b/c?api-version=7.4":         404,
		"PUT /secrets/a.b?api-version=7.4":           400,
		"PUT /secrets/ab?api-version=7.4":            200,
		"POST /secrets/ab?api-version=7.4":           404,
		"PATCH /secrets/ab?api-version=7.4":          400, // a value cannot be changed
	} {
		method, rest, _ := strings.Cut(path, " ")
		if got := call(method, rest); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
}

func TestSecretsSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	first, _ := bare(t, dir, keyvault.Options{})
	if err := first.Put(map[string]keyvault.Secret{"db": {Value: "v1"}, "gone": {Value: "x", Deleted: true}}); err != nil {
		t.Fatal(err)
	}
	second, call := bare(t, dir, keyvault.Options{})
	if got := second.Versions("db"); len(got) != 1 || got[0].Value != "v1" || len(second.Secrets()) != 2 {
		t.Errorf("%+v", got)
	}
	if call("GET", "/secrets/gone/?api-version=7.4") != http.StatusNotFound || call("GET", "/secrets/db/?api-version=7.4") != http.StatusOK {
		t.Error("deleted or not is forgotten")
	}
}
