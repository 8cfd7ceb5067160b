package graph_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"rekey/deploy/local/directory"
	"rekey/deploy/local/entra"
	"rekey/deploy/local/graph"
)

const tenant = "aaaaaaaa-0000-4000-8000-000000000000"

var then, end = time.Now().AddDate(-1, 0, 0).UTC().Truncate(time.Second), time.Now().AddDate(1, 0, 0).UTC().Truncate(time.Second)

// service is Graph with tokens of two identities: one that may write and one that may do nothing.
type service struct {
	t         *testing.T
	url       string
	directory *directory.Directory
	tokens    *entra.Server
}

func newService(t *testing.T) *service {
	t.Helper()
	d, err := directory.New(tenant, "")
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := entra.New(d, "h", entra.Identity{ClientID: "writer", Roles: map[string][]string{graph.Audience: {graph.PermissionWrite}}}, entra.Identity{ClientID: "nobody"},
		entra.Identity{ClientID: "reader", Roles: map[string][]string{graph.Audience: {graph.PermissionRead}}})
	if err != nil {
		t.Fatal(err)
	}
	key := directory.KeyCredential{KeyID: "k1", Type: "AsymmetricX509Cert", Usage: "Verify", DisplayName: "CN=old", CustomKeyIdentifier: []byte{1}, Key: certificate(t), StartDateTime: then, EndDateTime: end}
	secret := directory.PasswordCredential{KeyID: "p1", Hint: "abc", Digest: directory.Digest("s3cret"), EndDateTime: end}
	err = d.Seed(directory.Applications, directory.Object{ID: "obj", AppID: "app", KeyCredentials: []directory.KeyCredential{key}, PasswordCredentials: []directory.PasswordCredential{secret}, Federated: []directory.Federated{{ID: "f1"}}})
	if err == nil {
		err = d.Seed(directory.ServicePrincipals, directory.Object{ID: "sp", AppID: "app", ServicePrincipalType: "Application", AccountEnabled: true},
			directory.Object{ID: "locked", AppID: "app2", ServicePrincipalType: "Application", Locked: true, PasswordCredentials: []directory.PasswordCredential{secret}},
			directory.Object{ID: "mi", AppID: "app3", ServicePrincipalType: "ManagedIdentity", KeyCredentials: []directory.KeyCredential{key}})
	}
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(graph.New(tokens, d, graph.Options{}))
	t.Cleanup(s.Close)
	return &service{t, s.URL + "/v1.0", d, tokens}
}

func certificate(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "x"}, NotBefore: then, NotAfter: end}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// call makes a request as an identity and returns the status and the body.
func (s *service) call(identity, method, path, body string) (int, string) {
	s.t.Helper()
	w := httptest.NewRecorder()
	req := httptest.NewRequest(http.MethodGet, "/?api-version=2019-08-01&client_id="+identity+"&resource="+url.QueryEscape(graph.Audience), nil)
	req.Header.Set("X-Identity-Header", "h")
	s.tokens.ManagedIdentity(w, req)
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &token); err != nil {
		s.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token.AccessToken)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func echo(change string) string {
	item := fmt.Sprintf(`{"keyId":"k1","type":"AsymmetricX509Cert","usage":"Verify","displayName":"CN=old","customKeyIdentifier":"AQ==","key":null,"startDateTime":%q,"endDateTime":%q}`, then.Format(time.RFC3339), end.Format(time.RFC3339))
	old, with, _ := strings.Cut(change, "=>")
	return `{"keyCredentials":[` + strings.Replace(item, old, with, 1) + `]}`
}

func fresh(t *testing.T, until time.Time) string {
	t.Helper()
	return fmt.Sprintf(`{"keyCredentials":[{"keyId":"new","type":"AsymmetricX509Cert","usage":"Verify","key":%q,"startDateTime":%q,"endDateTime":%q}]}`, base64.StdEncoding.EncodeToString(certificate(t)), then.Format(time.RFC3339), until.Format(time.RFC3339))
}

func TestWhatGraphRefuses(t *testing.T) {
	tests := map[string]struct {
		identity, method, path, body string
		status                       int
		code                         string
	}{
		"a token without permissions":                {"nobody", "GET", "/applications/obj", "", 403, "Authorization_RequestDenied"},
		"a write with permission to read":            {"reader", "PATCH", "/servicePrincipals/sp", `{"accountEnabled":false}`, 403, "Authorization_RequestDenied"},
		"an object that is not there":                {"writer", "GET", "/applications/none", "", 404, "Request_ResourceNotFound"},
		"an application id that is not there":        {"writer", "GET", "/applications(appId='none')", "", 404, "Request_ResourceNotFound"},
		"an echo without its display name":           {"writer", "PATCH", "/applications/obj", echo(`"displayName":"CN=old",=>`), 400, "KeyNotUpdatable"},
		"an echo with another end":                   {"writer", "PATCH", "/applications/obj", echo(end.Format("2006") + "-=>2020-"), 400, "KeyNotUpdatable"},
		"an unknown key id without a key":            {"writer", "PATCH", "/applications/obj", echo(`"k1"=>"k9"`), 400, "Request_BadRequest"},
		"a certificate that outlives itself":         {"writer", "PATCH", "/applications/obj", fresh(t, end.AddDate(1, 0, 0)), 400, "Request_BadRequest"},
		"null for the list":                          {"writer", "PATCH", "/applications/obj", `{"keyCredentials":null}`, 400, "Request_BadRequest"},
		"passwords in a PATCH":                       {"writer", "PATCH", "/applications/obj", `{"passwordCredentials":[]}`, 400, "Request_BadRequest"},
		"a password that is not there":               {"writer", "POST", "/applications/obj/removePassword", `{"keyId":"none"}`, 400, "Request_BadRequest"},
		"a federated credential that is not there":   {"writer", "DELETE", "/applications/obj/federatedIdentityCredentials/none", "", 404, "Request_ResourceNotFound"},
		"a key without proof":                        {"writer", "POST", "/applications/obj/addKey", `{}`, 401, "Authentication_MissingOrMalformed"},
		"credentials of a locked principal":          {"writer", "PATCH", "/servicePrincipals/locked", `{"keyCredentials":[]}`, 400, "CannotUpdateLockedServicePrincipalProperty"},
		"a secret of a locked principal":             {"writer", "POST", "/servicePrincipals/locked/removePassword", `{"keyId":"p1"}`, 400, "CannotUpdateLockedServicePrincipalProperty"},
		"the certificate of a managed identity":      {"writer", "PATCH", "/servicePrincipals/mi", `{"keyCredentials":[]}`, 403, "Authorization_RequestDenied"},
		"enabling an application, which has no such": {"writer", "PATCH", "/applications/obj", `{"accountEnabled":true}`, 400, "Request_BadRequest"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			before, _ := s.directory.Get(directory.Applications, "obj")
			status, body := s.call(tt.identity, tt.method, tt.path, tt.body)
			if status != tt.status || !strings.Contains(body, `"code":"`+tt.code+`"`) {
				t.Errorf("%d %s, want %d %s", status, body, tt.status, tt.code)
			}
			if after, _ := s.directory.Get(directory.Applications, "obj"); len(after.KeyCredentials) != len(before.KeyCredentials) || len(s.directory.Changes()) != 0 {
				t.Error("what was refused was done")
			}
		})
	}
}

func TestAPatchReplacesTheWholeListAndAnEchoKeeps(t *testing.T) {
	s := newService(t)
	if status, body := s.call("writer", "PATCH", "/applications/obj", echo("=>")); status != 204 {
		t.Fatalf("echo: %d %s", status, body)
	}
	if status, body := s.call("writer", "PATCH", "/applications/obj", fresh(t, end)); status != 204 {
		t.Fatalf("replace: %d %s", status, body)
	}
	o, _ := s.directory.Get(directory.Applications, "obj")
	if len(o.KeyCredentials) != 1 || o.KeyCredentials[0].KeyID != "new" {
		t.Errorf("%+v", o.KeyCredentials)
	}
	if status, _ := s.call("writer", "PATCH", "/applications/obj", `{"keyCredentials":[]}`); status != 204 {
		t.Errorf("an empty list: %d", status)
	}
}

func TestKeysAndSecretsAreNotShown(t *testing.T) {
	s := newService(t)
	for path, shown := range map[string]bool{
		"/applications/obj": false, "/applications/obj?$select=id,keyCredentials": false, "/applications/obj?$select=keyCredentials": true,
		"/applications?$filter=" + url.QueryEscape("appId eq 'app'"): false,
	} {
		status, body := s.call("reader", "GET", path, "")
		if status != 200 || strings.Contains(body, `"key":"`) != shown || strings.Contains(body, "digest") || strings.Contains(body, "s3cret") {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}
