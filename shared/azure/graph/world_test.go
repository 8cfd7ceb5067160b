package graph_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"rekey/deploy/local/directory"
	"rekey/deploy/local/entra"
	local "rekey/deploy/local/graph"
	"rekey/shared/azure/graph"
)

const tenantID = "aaaaaaaa-0000-4000-8000-000000000000"

// world is a local Graph and the directory behind it.
type world struct {
	t         *testing.T
	directory *directory.Directory
	tokens    *entra.Server
	server    *httptest.Server
	holder    graph.Holder // of the certificate on "obj"

	mu       sync.Mutex
	requests []string
}

// newWorld starts a local Graph. Pace 0 is taken as none.
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
	w := &world{t: t, directory: d, tokens: tokens}
	g := local.New(tokens, d, o)
	w.server = httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.requests = append(w.requests, r.Method+" "+r.URL.Path)
		w.mu.Unlock()
		g.ServeHTTP(rw, r)
	}))
	t.Cleanup(w.server.Close)
	w.seed()
	return w
}

// asked returns how many requests were made so far.
func (w *world) asked() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.requests)
}

// pair is one certificate and its key for all tests: making an RSA key takes long.
var pair = sync.OnceValues(func() ([]byte, *rsa.PrivateKey) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "x"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(2, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return der, key
})

func (w *world) seed() {
	w.t.Helper()
	der, key := pair()
	w.holder = graph.Holder{Certificate: der, Sign: func(_ context.Context, digest []byte) ([]byte, error) {
		return rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest)
	}}
	w.directory.SignedIn(directory.SignIn{ID: "signin-1", EventType: "servicePrincipal", Created: time.Now(), ServicePrincipalID: "sp", AppID: "app", IPAddress: "198.51.100.9", CredentialKeyID: "k1"})
	w.directory.SignedIn(directory.SignIn{ID: "signin-2", EventType: "managedIdentity", ServicePrincipalID: "sp"})
	w.directory.SignedIn(directory.SignIn{ID: "person's", EventType: "interactiveUser"})
	end := time.Now().AddDate(1, 0, 0).UTC()
	keys := []directory.KeyCredential{{KeyID: "k1", Type: "AsymmetricX509Cert", Usage: "Verify", CustomKeyIdentifier: []byte{1}, Key: der, EndDateTime: end}}
	secrets := []directory.PasswordCredential{{KeyID: "p1", EndDateTime: end}}
	for collection, objects := range map[string][]directory.Object{
		directory.Applications: {
			{ID: "obj", AppID: "app", KeyCredentials: keys, PasswordCredentials: secrets, Federated: []directory.Federated{{ID: "f1", Name: "ci", Issuer: "i", Subject: "s", Audiences: []string{"a"}}},
				Owners: []string{"alice"}, Web: directory.Redirects{RedirectURIs: []string{"https://a"}, LogoutURL: "https://out"}, Lock: &directory.Lock{IsEnabled: true},
				VerifiedPublisher: &directory.VerifiedPublisher{DisplayName: "Contoso"}, ApplicationTemplateID: "gallery"},
			{ID: "doomed", AppID: "doomedapp", UniqueName: "an-api", DisplayName: "an API"}, {ID: "strict", AppID: "strictapp", AppPolicyID: "p30"},
		},
		directory.ServicePrincipals: {
			{ID: "sp", AppID: "app", DisplayName: "billing", ServicePrincipalType: "Application", AppOwnerOrganizationID: tenantID, AccountEnabled: true, Owners: []string{"alice"},
				AppRoles: []directory.AppRoleAssignment{{ID: "ra", AppRoleID: "role", ResourceID: "res"}}, Roles: []directory.RoleAssignment{{ID: "r1", RoleDefinitionID: "admin", DirectoryScopeID: "/"}},
				Grants: []directory.Grant{{ID: "g", ConsentType: "AllPrincipals", ResourceID: "res", Scope: "Mail.Read"}}, Risk: &directory.Risk{Level: "medium", State: "atRisk", Detail: "none"}},
			{ID: "res", AppID: "resapp", DisplayName: "an API", ServicePrincipalType: "Application", DefinedAppRoles: []directory.AppRole{{ID: "role", Value: "Mail.Read"}, {ID: "other", Value: "Mail.Send"}, {ID: "n", Value: "Mail.ReadWrite"}}},
			{ID: "locked", AppID: "lockedapp", ServicePrincipalType: "Application", Locked: true, PasswordCredentials: secrets},
			{ID: "agent", ServicePrincipalType: "ServiceIdentity", AgentBlueprintID: "app"},
		},
		directory.Users:       {{ID: "alice", DisplayName: "Alice"}, {ID: "bob", DisplayName: "Bob"}},
		directory.Groups:      {{ID: "plain", DisplayName: "plain", Members: []string{"sp"}}},
		directory.AppPolicies: {{ID: "p30", Document: json.RawMessage(`{"isEnabled":true,"restrictions":{"keyCredentials":[{"restrictionType":"asymmetricKeyLifetime","maxLifetime":"P30D"}]}}`)}},
		directory.Deleted:     {{ID: "gone", AppID: "goneapp", DeletedFrom: directory.Applications}},
		directory.AccessPolicies: {{ID: "ca", Document: json.RawMessage(`{"displayName":"old","state":"disabled","conditions":{"users":{"includeUsers":["None"]},
			"clientApplications":{"includeServicePrincipals":["sp"]}},"grantControls":{"operator":"OR","builtInControls":["block"]}}`)}},
	} {
		if err := w.directory.Seed(collection, objects...); err != nil {
			w.t.Fatal(err)
		}
	}
}

// client makes a client that holds permissions, with a directory role that may restore.
func (w *world) client(permissions ...string) *graph.Client {
	return w.clientWith(policy.RetryOptions{RetryDelay: time.Millisecond, MaxRetryDelay: 2 * time.Millisecond}, permissions...)
}

func (w *world) clientWith(retry policy.RetryOptions, permissions ...string) *graph.Client {
	c := graph.New(w.server.URL, credential{w, permissions}, graph.Options{Transport: w.server.Client(), Retry: retry})
	c.SetPace(0)
	return c
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
	c.world.tokens.Identities = []entra.Identity{{
		ClientID: "me", ObjectID: "me", Roles: map[string][]string{local.Audience: c.permissions}, DirectoryRoles: []string{"9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"},
	}}
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
