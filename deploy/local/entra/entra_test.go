package entra_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/deploy/local/directory"
	"rekey/deploy/local/entra"
)

func TestAnApplicationsTokenCarriesWhatTheDirectorySaysItWasGiven(t *testing.T) {
	d, err := directory.New("tenant", "")
	if err != nil {
		t.Fatal(err)
	}
	secret := directory.PasswordCredential{KeyID: "p", Digest: directory.Digest("s3cret"), EndDateTime: time.Now().Add(time.Hour)}
	err = d.Seed(directory.ServicePrincipals,
		directory.Object{ID: "graph", AppID: "00000003-0000-0000-c000-000000000000", DefinedAppRoles: []directory.AppRole{{ID: "1", Value: "Mail.Read"}, {ID: "2", Value: "Mail.Send"}}},
		directory.Object{ID: "sp", AppID: "app", AccountEnabled: true, PasswordCredentials: []directory.PasswordCredential{secret},
			AppRoles: []directory.AppRoleAssignment{{ID: "a", AppRoleID: "1", ResourceID: "graph"}}, Roles: []directory.RoleAssignment{{ID: "r", RoleDefinitionID: "admin", DirectoryScopeID: "/"}}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := entra.New(d, "h")
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"app"}, "client_secret": {"s3cret"}, "scope": {"https://graph.microsoft.com/.default"}}
	r := httptest.NewRequest(http.MethodPost, "/tenant/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.Authority().ServeHTTP(w, r)
	var out struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		t.Fatal(err)
	}
	call := httptest.NewRequest(http.MethodGet, "/", nil)
	call.Header.Set("Authorization", "Bearer "+out.AccessToken)
	c, err := s.Verify(call, "https://graph.microsoft.com")
	if err != nil || !slices.Equal(c.Roles, []string{"Mail.Read"}) || !slices.Equal(c.Wids, []string{"admin"}) || c.Object != "sp" {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := s.Verify(call, "https://vault.azure.net"); err == nil {
		t.Error("a token that held for one audience holds for another")
	}
	for n, want := range []bool{true, false} { // the key before the newest is still published
		if err := s.Roll(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Verify(call, "https://graph.microsoft.com"); (err == nil) != want {
			t.Errorf("after %d new keys: %v", n+1, err)
		}
	}
}
