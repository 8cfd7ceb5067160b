package setup_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"rekey/deploy/local/directory"
	"rekey/handlers/access"
	"rekey/handlers/settings"
	"rekey/handlers/setup"
	"rekey/shared/azure/graph"
	"rekey/shared/host/config"
	"rekey/shared/host/httpapi"
)

// client makes an application with a secret and returns what it signs in with.
func (w *world) client(appID, objectID, secret string) {
	w.t.Helper()
	if err := w.Directory.Seed(directory.ServicePrincipals, directory.Object{
		ID: objectID, AppID: appID, DisplayName: "a client", ServicePrincipalType: "Application", AccountEnabled: true,
		PasswordCredentials: []directory.PasswordCredential{{KeyID: "k", Digest: directory.Digest(secret), EndDateTime: time.Now().Add(time.Hour)}},
	}); err != nil {
		w.t.Fatal(err)
	}
}

// token asks the authority for a token, as every client does.
func (w *world) token(appID, secret, scope string) string {
	w.t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {appID}, "client_secret": {secret}, "scope": {scope}}
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.AuthorityURL+"/"+tenantID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := w.Client().Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	var out struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || out.AccessToken == "" {
		w.t.Fatalf("no token: %d %v", resp.StatusCode, err)
	}
	return out.AccessToken
}

// face is the HTTP functions' door with the settings that setup prints, and one room behind it.
func (w *world) face(p []setup.Value) http.Handler {
	w.t.Helper()
	for _, v := range p {
		if v.Name == "api_audience" {
			w.t.Setenv("REKEY_API_AUDIENCE", strings.Join(v.Value, ","))
		}
	}
	for name, value := range map[string]string{"REKEY_TENANT_ID": tenantID, "REKEY_STATE_CONNECTION_STRING": "UseDevelopmentStorage=true", "REKEY_AUTHORITY_URL": w.AuthorityURL} {
		w.t.Setenv(name, value)
	}
	var s settings.Face
	if err := config.Load(&s); err != nil {
		w.t.Fatal(err)
	}
	c := s.Tokens(time.Now)
	c.Client = w.Client()
	return httpapi.New(httpapi.Config{Prefix: "/api", Now: time.Now, Verifier: httpapi.NewVerifier(c), Routes: []httpapi.Route{{
		Method: http.MethodGet, Path: "/room", Name: "room", Summary: "A room.", Permission: access.ReadDetections,
		Do: func(w http.ResponseWriter, _ *http.Request) error { w.WriteHeader(http.StatusNoContent); return nil },
	}}})
}

func TestFaceLetsInWhoWasGivenAnAppRoleOfTheRegistrationAndNobodyElse(t *testing.T) {
	w := newWorld(t)
	p, err := w.setUp(run{apply: true})
	if err != nil {
		t.Fatal(err)
	}
	if p, err = w.setUp(run{}); err != nil {
		t.Fatal(err)
	}
	api := w.Directory.View(time.Time{}).List(directory.Applications)[0]
	const appID, objectID, secret = "eeeeeeee-0000-4000-8000-000000000001", "eeeeeeee-0000-4000-8000-000000000002", "s3cret-of-a-client"
	w.client(appID, objectID, secret)
	enter := func() int {
		req := httptest.NewRequest(http.MethodGet, "/api/room", nil)
		req.Header.Set("Authorization", "Bearer "+w.token(appID, secret, "api://"+api.AppID+"/.default"))
		rec := httptest.NewRecorder()
		w.face(p.Values).ServeHTTP(rec, req)
		return rec.Code
	}
	if code := enter(); code != http.StatusForbidden {
		t.Errorf("without a role the answer is %d", code)
	}
	var c setup.Config
	w.open(&c, run{as: "admin"})
	principal := w.Directory.ByAppID(directory.ServicePrincipals, api.AppID)[0]
	if err := c.Graph.AddAppRole(t.Context(), graph.AppRoleAssignment{PrincipalID: objectID, ResourceID: principal.ID, AppRoleID: setup.PermissionID("IdentityRiskEvent.Read.All")}); err != nil {
		t.Fatal(err)
	}
	if code := enter(); code != http.StatusNoContent {
		t.Errorf("with the role the answer is %d", code)
	}
}
