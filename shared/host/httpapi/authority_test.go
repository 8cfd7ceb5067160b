package httpapi_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"rekey/shared/host/httpapi"
)

const (
	tenantID = "11111111-2222-3333-4444-555555555555"
	audience = "99999999-2222-3333-4444-555555555555"
)

var now = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

// authority is Entra's side: it publishes keys, and a test signs with them.
type authority struct {
	url string

	mu     sync.Mutex
	keys   map[string]*rsa.PrivateKey
	issuer string // named in keys; empty: none
	down   bool
	reads  int // of the key set
	client *http.Client
	now    time.Time
}

var testKeys = sync.OnceValue(func() []*rsa.PrivateKey {
	var out []*rsa.PrivateKey
	for range 2 {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		out = append(out, key)
	}
	return out
})

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{keys: map[string]*rsa.PrivateKey{"k1": testKeys()[0]}, now: now}
	mux := http.NewServeMux()
	for path, issuer := range map[string]string{"/v2.0": "/v2.0", "": "v1"} {
		mux.HandleFunc("GET /"+tenantID+path+"/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
			name := a.url + "/" + tenantID + issuer
			if issuer == "v1" {
				name = "https://sts.windows.net/" + tenantID + "/"
			}
			_ = json.NewEncoder(w).Encode(map[string]string{"issuer": name, "jwks_uri": a.url + "/keys"})
		})
	}
	mux.HandleFunc("GET /keys", a.serveKeys)
	s := httptest.NewTLSServer(mux)
	t.Cleanup(s.Close)
	a.url, a.client = s.URL, s.Client()
	return a
}

func (a *authority) serveKeys(w http.ResponseWriter, _ *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.reads++
	if a.down {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	list := []map[string]string{{"kty": "EC", "kid": "ec"}, {"kty": "RSA", "kid": "weak", "n": "AQAB", "e": "AQAB"}}
	for id, key := range a.keys {
		list = append(list, map[string]string{"kty": "RSA", "use": "sig", "kid": id, "issuer": a.issuer, "n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes())})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"keys": list})
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (a *authority) verifier(change ...func(*httpapi.TokenConfig)) *httpapi.Verifier {
	c := httpapi.TokenConfig{
		Tenant: tenantID, Audiences: []string{audience, "api://rekey"}, Authority: a.url, Client: a.client, Now: func() time.Time { return a.now },
	}
	for _, f := range change {
		f(&c)
	}
	return httpapi.NewVerifier(c)
}

// application are the claims of an application's token.
func (a *authority) application(roles ...string) jwt.MapClaims {
	return jwt.MapClaims{
		"iss": a.url + "/" + tenantID + "/v2.0", "aud": audience, "ver": "2.0", "tid": tenantID, "oid": "o1", "sub": "o1", "azp": "c1",
		"nbf": now.Add(-time.Minute).Unix(), "exp": now.Add(time.Hour).Unix(), "roles": roles,
	}
}

// user are the claims of a user's token.
func (a *authority) user(scopes string, wids ...string) jwt.MapClaims {
	c := a.application()
	maps.Copy(c, jwt.MapClaims{"oid": "u1", "sub": "pairwise", "scp": scopes, "wids": wids})
	delete(c, "roles")
	return c
}

func (a *authority) sign(t testing.TB, c jwt.MapClaims) string {
	return signWith(t, jwt.SigningMethodRS256, "k1", a.keys["k1"], c)
}

func signWith(t testing.TB, method jwt.SigningMethod, kid string, key any, c jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, c)
	token.Header["kid"] = kid
	s, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func request(t testing.TB, token string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/things", nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}
