package graph_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/deploy/local/directory"
	"rekey/deploy/local/entra"
	"rekey/deploy/local/graph"
)

const tenant = "aaaaaaaa-0000-4000-8000-000000000000"

// applicationAdministrator is a directory role that may restore applications.
const applicationAdministrator = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"

var then, end = time.Now().AddDate(-1, 0, 0).UTC().Truncate(time.Second), time.Now().AddDate(1, 0, 0).UTC().Truncate(time.Second)

// service is Graph with tokens of whatever permissions a test asks for.
type service struct {
	t         *testing.T
	url       string
	directory *directory.Directory
	tokens    *entra.Server
	server    *graph.Server
	key       *ecdsa.PrivateKey // of the certificate on "obj"
}

func newService(t *testing.T, options ...graph.Options) *service {
	t.Helper()
	d, err := directory.New(tenant, "")
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := entra.New(d, "h")
	if err != nil {
		t.Fatal(err)
	}
	s := &service{t: t, directory: d, tokens: tokens}
	s.seed()
	o := graph.Options{Pace: -1}
	if len(options) > 0 {
		o = options[0]
	}
	s.serve(o)
	return s
}

// serve puts another Graph in front of the same directory.
func (s *service) serve(o graph.Options) {
	s.server = graph.New(s.tokens, s.directory, o)
	h := httptest.NewServer(s.server)
	s.t.Cleanup(h.Close)
	s.url = h.URL + "/v1.0"
}

// seed fills the directory with one of each kind.
func (s *service) seed() {
	s.t.Helper()
	der, key := certificate(s.t)
	s.key = key
	cert := directory.KeyCredential{KeyID: "k1", Type: "AsymmetricX509Cert", Usage: "Verify", DisplayName: "CN=old", CustomKeyIdentifier: []byte{1}, Key: der, StartDateTime: then, EndDateTime: end}
	expired := cert
	expired.EndDateTime = then
	signing := cert
	signing.KeyID, signing.Usage = "k2", "Sign"
	secret := directory.PasswordCredential{KeyID: "p1", Hint: "abc", Digest: directory.Digest("s3cret"), EndDateTime: end}
	keys, secrets := []directory.KeyCredential{cert}, []directory.PasswordCredential{secret}
	const app = "Application"
	for collection, objects := range map[string][]directory.Object{
		directory.Applications: {
			{ID: "obj", AppID: "app", SignInAudience: "AzureADMyOrg", CreatedDateTime: then,
				DefinedAppRoles: []directory.AppRole{{ID: "00000000-0000-4000-8000-00000000000a", Value: "Things.Read", DisplayName: "read things"}}, KeyCredentials: keys, PasswordCredentials: secrets, Federated: []directory.Federated{{ID: "f1", Name: "ci", Issuer: "i", Subject: "s", Audiences: []string{"a"}}}, Owners: []string{"alice"}},
			{ID: "lockobj", AppID: "lockapp", Lock: &directory.Lock{IsEnabled: true, CredentialsWithUsageSign: true, TokenEncryptionKeyID: true}},
			{ID: "multi", AppID: "multiapp", IdentifierURIs: []string{"api://multiapp"}, SignInAudience: "AzureADMultipleOrgs", CreatedDateTime: then},
			{ID: "strict", AppID: "strictapp", AppPolicyID: "p30", CreatedDateTime: then}, {ID: "stale", AppID: "staleapp", KeyCredentials: []directory.KeyCredential{expired}},
			{ID: "full", AppID: "fullapp", Federated: slices.Repeat([]directory.Federated{{ID: "x", Name: "x", Issuer: "x", Subject: "x"}}, 20)},
		},
		directory.ServicePrincipals: {
			{ID: "sp", AppID: "app", DisplayName: "billing", ServicePrincipalType: app, AppOwnerOrganizationID: tenant, AccountEnabled: true, Owners: []string{"alice"},
				AppRoles: []directory.AppRoleAssignment{{ID: "ra", AppRoleID: "role", ResourceID: "res"}}, Grants: []directory.Grant{{ID: "g", ConsentType: "AllPrincipals", ResourceID: "res", Scope: "Mail.Read"}}},
			{ID: "locked", AppID: "app2", ServicePrincipalType: app, AppOwnerOrganizationID: "other", Locked: true, PasswordCredentials: secrets, KeyCredentials: keys},
			{ID: "locksp", AppID: "lockapp", ServicePrincipalType: app, AppOwnerOrganizationID: tenant, KeyCredentials: []directory.KeyCredential{signing}},
			{ID: "multisp", AppID: "multiapp", ServicePrincipalType: app, AppOwnerOrganizationID: tenant}, {ID: "mi", AppID: "app3", ServicePrincipalType: "ManagedIdentity", KeyCredentials: keys, PasswordCredentials: secrets},
			{ID: "res", AppID: "resapp", DisplayName: "an API", ServicePrincipalType: app, DefinedAppRoles: []directory.AppRole{{ID: "role", Value: "Mail.Read"}}},
			{ID: "agent", ServicePrincipalType: "ServiceIdentity", AgentBlueprintID: "app"},
		},
		directory.Users:  {{ID: "alice", DisplayName: "Alice"}, {ID: "bob", DisplayName: "Bob"}},
		directory.Groups: {{ID: "plain", DisplayName: "plain", Members: []string{"sp"}}, {ID: "powerful", DisplayName: "powerful", RoleAssignable: true, Members: []string{"sp"}, Roles: []directory.RoleAssignment{{ID: "r1", RoleDefinitionID: "admin", DirectoryScopeID: "/"}}}, {ID: "ruled", MembershipRule: "all", Members: []string{"sp"}}},
		directory.AppPolicies: {{ID: "p30", Document: json.RawMessage(`{"isEnabled":true,"restrictions":{"keyCredentials":[{"restrictionType":"asymmetricKeyLifetime","maxLifetime":"P30D"}],"passwordCredentials":[{"restrictionType":"passwordLifetime","maxLifetime":"P1D"}]}}`)},
			{ID: directory.DefaultAppPolicy, Document: json.RawMessage(`{"isEnabled":true,"applicationRestrictions":{"passwordCredentials":[{"restrictionType":"passwordAddition"}]}}`)}},
		directory.Deleted: {{ID: "gone", AppID: "goneapp", DeletedFrom: directory.Applications}},
	} {
		if err := s.directory.Seed(collection, objects...); err != nil {
			s.t.Fatal(err)
		}
	}
}

func certificate(t *testing.T) ([]byte, *ecdsa.PrivateKey) {
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
	return der, key
}

// token returns a token of the identity "caller" with permissions, separated by spaces. "@admin" is a directory role.
func (s *service) token(permissions string) string {
	s.t.Helper()
	identity := entra.Identity{ClientID: permissions, ObjectID: "caller", Roles: map[string][]string{graph.Audience: strings.Fields(permissions)}}
	if strings.Contains(permissions, "@admin") {
		identity.DirectoryRoles = []string{applicationAdministrator}
	}
	s.tokens.Identities = []entra.Identity{identity}
	w := httptest.NewRecorder()
	req := httptest.NewRequest(http.MethodGet, "/?api-version=2019-08-01&client_id="+url.QueryEscape(permissions)+"&resource="+url.QueryEscape(graph.Audience), nil)
	req.Header.Set("X-Identity-Header", "h")
	s.tokens.ManagedIdentity(w, req)
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &token); err != nil {
		s.t.Fatal(err)
	}
	return token.AccessToken
}

// call makes a request with permissions and returns the answer and its body.
func (s *service) call(permissions, method, path, body string, header ...string) (*http.Response, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.token(permissions))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp, string(b)
}
