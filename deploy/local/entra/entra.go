// Package entra issues tokens on one machine: as the managed-identity endpoint of App Service, and as an authority that
// checks client secrets and certificates against the local directory.
//
// Services verify the tokens with Verify. Errors are those of Entra, by number, because clients branch on them.
package entra

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // x5t is defined with it
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"rekey/deploy/local/directory"
)

// Identity is a managed identity that may ask for tokens: which application permissions it has, by audience.
type Identity struct {
	ClientID       string
	ObjectID       string
	Roles          map[string][]string // audience, like https://graph.microsoft.com, to roles
	DirectoryRoles []string            // template ids; tokens carry them as wids
}

// Server issues tokens.
type Server struct {
	Directory  *directory.Directory
	Identities []Identity
	Header     string       // the secret that the identity endpoint asks for
	OnSignIn   func(SignIn) // told of every request for a token by an application; may be nil
	Portal     *Portal      // an API that people and applications get tokens for; nil: there is none

	mu     sync.Mutex
	keys   []signingKey      // the newest last
	proved map[string]Claims // of tokens whose signature held with one of these keys
}

// signingKey signs tokens.
type signingKey struct {
	id  string
	key *rsa.PrivateKey
}

// SignIn is one request for a token by an application.
type SignIn struct {
	Time      time.Time
	AppID     string
	KeyID     string
	Succeeded bool
	Error     string
}

// New makes a server with a signing key of its own.
func New(d *directory.Directory, header string, identities ...Identity) (*Server, error) {
	s := &Server{Directory: d, Identities: identities, Header: header}
	return s, s.Roll()
}

// Roll makes a new signing key, as Entra does at any time. The one before is still published, those before that are not.
func (s *Server) Roll() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return fmt.Errorf("making the token signing key: %w", err)
	}
	sum := sha256.Sum256(key.N.Bytes())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = append(s.keys[max(0, len(s.keys)-1):], signingKey{encode(sum[:8]), key})
	s.proved = nil
	return nil
}

// published returns the keys that tokens may be signed with.
func (s *Server) published() []signingKey {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.keys)
}

// Sign signs claims with the newest key.
func (s *Server) Sign(c jwt.Claims) (string, error) {
	keys := s.published()
	newest := keys[len(keys)-1]
	t := jwt.NewWithClaims(jwt.SigningMethodRS256, c)
	t.Header["kid"] = newest.id
	return t.SignedString(newest.key)
}

// publicKey finds the key that signed a token.
func (s *Server) publicKey(t *jwt.Token) (any, error) {
	for _, k := range s.published() {
		if k.id == t.Header["kid"] {
			return &k.key.PublicKey, nil
		}
	}
	return nil, errors.New("the key is not known")
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

const tokenLife = time.Hour

// Claims are what services read of a token.
type Claims struct {
	jwt.RegisteredClaims
	AppID  string   `json:"appid"`
	Object string   `json:"oid"`
	Tenant string   `json:"tid"`
	Roles  []string `json:"roles,omitempty"`
	Wids   []string `json:"wids,omitempty"` // template ids of directory roles
}

// Verify checks a bearer token for an audience.
func (s *Server) Verify(r *http.Request, audience string) (Claims, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return Claims{}, errors.New("no bearer token")
	}
	options := []jwt.ParserOption{jwt.WithAudience(audience), jwt.WithValidMethods([]string{"RS256"}), jwt.WithExpirationRequired()}
	s.mu.Lock()
	c, ok := s.proved[token]
	s.mu.Unlock()
	if ok {
		return c, jwt.NewValidator(options...).Validate(c)
	}
	if _, err := jwt.ParseWithClaims(token, &c, s.publicKey, options...); err != nil {
		return c, err
	}
	s.remember(token, c)
	return c, nil
}

// maxProved bounds how many tokens are remembered.
const maxProved = 1024

// remember keeps the claims of a token whose signature held: tests send the same one thousands of times, and checking it is
// most of what a request costs. Its audience and times are looked at each time.
func (s *Server) remember(token string, c Claims) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proved == nil || len(s.proved) >= maxProved {
		s.proved = map[string]Claims{}
	}
	s.proved[token] = c
}

func (s *Server) mint(audience, appID, objectID string, roles, directoryRoles []string) (string, time.Time, error) {
	now := time.Now()
	expires := now.Add(tokenLife)
	token, err := s.Sign(Claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Audience: jwt.ClaimStrings{audience}, Issuer: "https://sts.windows.net/" + s.Directory.TenantID + "/", Subject: objectID,
			IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now.Add(-time.Minute)), ExpiresAt: jwt.NewNumericDate(expires),
		},
		AppID: appID, Object: objectID, Tenant: s.Directory.TenantID, Roles: roles, Wids: directoryRoles,
	})
	return token, expires, err
}

// ManagedIdentity is App Service's endpoint, api-version 2019-08-01.
func (s *Server) ManagedIdentity(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if r.Header.Get("X-Identity-Header") != s.Header {
		answer(w, http.StatusUnauthorized, map[string]string{"message": "The X-IDENTITY-HEADER is missing or wrong."})
		return
	}
	i := slices.IndexFunc(s.Identities, func(i Identity) bool { return i.ClientID == q.Get("client_id") })
	if i < 0 || q.Get("api-version") != "2019-08-01" {
		answer(w, http.StatusBadRequest, map[string]string{"message": "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId."})
		return
	}
	id, audience := s.Identities[i], strings.TrimRight(q.Get("resource"), "/")
	token, expires, err := s.mint(audience, id.ClientID, id.ObjectID, id.Roles[audience], id.DirectoryRoles)
	if err != nil {
		answer(w, http.StatusInternalServerError, map[string]string{"message": "The token could not be signed."})
		return
	}
	answer(w, http.StatusOK, map[string]string{
		"access_token": token, "expires_on": fmt.Sprint(expires.Unix()), "resource": q.Get("resource"), "token_type": "Bearer", "client_id": id.ClientID,
	})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client went away
}

// Authority serves /{tenant}/oauth2/v2.0/token, the OpenID configurations of both versions and the signing keys.
func (s *Server) Authority() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{tenant}/oauth2/v2.0/token", s.token)
	mux.HandleFunc("GET /{tenant}/v2.0/.well-known/openid-configuration", configuration("/v2.0"))
	mux.HandleFunc("GET /{tenant}/.well-known/openid-configuration", configuration(""))
	mux.HandleFunc("GET /{tenant}/discovery/v2.0/keys", s.serveKeys)
	mux.HandleFunc("GET /{tenant}/discovery/keys", s.serveKeys)
	return mux
}

// configuration answers the OpenID configuration of a version of tokens.
func configuration(version string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		base := "https://" + r.Host + "/" + r.PathValue("tenant")
		issuer := base + version
		if version == "" {
			issuer = "https://sts.windows.net/" + r.PathValue("tenant") + "/"
		}
		answer(w, http.StatusOK, map[string]any{
			"token_endpoint": base + "/oauth2" + version + "/token", "authorization_endpoint": base + "/oauth2" + version + "/authorize", "issuer": issuer,
			"jwks_uri": base + "/discovery" + version + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"},
		})
	}
}

func (s *Server) serveKeys(w http.ResponseWriter, _ *http.Request) {
	list := []any{}
	for _, k := range s.published() {
		list = append(list, map[string]string{
			"kty": "RSA", "use": "sig", "alg": "RS256", "kid": k.id, "n": encode(k.key.N.Bytes()), "e": encode(big.NewInt(int64(k.key.E)).Bytes()),
		})
	}
	answer(w, http.StatusOK, map[string]any{"keys": list})
}

// refusal is an error of the token endpoint, by its AADSTS number.
type refusal struct {
	code int
	kind string
	text string
}

func (r refusal) Error() string { return fmt.Sprintf("AADSTS%d: %s", r.code, r.text) }

// token answers the client credentials grant.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	appID := r.FormValue("client_id")
	if s.Portal.serves(r.FormValue("scope")) {
		s.portal(w, r)
		return
	}
	keyID, objectID, err := s.authenticate(r, appID)
	if s.OnSignIn != nil {
		in := SignIn{Time: time.Now().UTC(), AppID: appID, KeyID: keyID, Succeeded: err == nil}
		if err != nil {
			in.Error = err.Error()
		}
		s.OnSignIn(in)
	}
	var no refusal
	if errors.As(err, &no) {
		refuse(w, no)
		return
	}
	if api, ok := s.registered(r.FormValue("scope")); ok {
		s.answerToken(w)(s.forRegistered(r, api, appID, objectID))
		return
	}
	audience := strings.TrimRight(strings.TrimSuffix(strings.TrimSpace(r.FormValue("scope")), "/.default"), "/")
	token, _, err := s.mint(audience, appID, objectID, s.consented(audience, objectID), s.directoryRoles(objectID))
	s.answerToken(w)(token, err)
}

// answerToken answers with a token, or says why there is none.
func (s *Server) answerToken(w http.ResponseWriter) func(string, error) {
	return func(token string, err error) {
		var no refusal
		switch {
		case errors.As(err, &no):
			refuse(w, no)
		case err != nil:
			answer(w, http.StatusInternalServerError, map[string]string{"error": "server_error"})
		default:
			answer(w, http.StatusOK, map[string]any{"token_type": "Bearer", "expires_in": int(tokenLife.Seconds()) - 1, "access_token": token})
		}
	}
}

func refuse(w http.ResponseWriter, no refusal) {
	answer(w, http.StatusUnauthorized, map[string]any{
		"error": no.kind, "error_description": no.Error(), "error_codes": []int{no.code}, "timestamp": time.Now().UTC().Format("2006-01-02 15:04:05Z"),
	})
}

// graphAppID is the application id of Microsoft Graph, the resource whose app roles are an application's permissions.
const graphAppID = "00000003-0000-0000-c000-000000000000"

// consented returns the application permissions for Graph that a service principal was given in the directory.
func (s *Server) consented(audience, objectID string) []string {
	sp, ok := s.Directory.Get(directory.ServicePrincipals, objectID)
	if !ok || audience != "https://graph.microsoft.com" {
		return nil
	}
	var out []string
	for _, resource := range s.Directory.ByAppID(directory.ServicePrincipals, graphAppID) {
		for _, a := range sp.AppRoles {
			for _, role := range resource.DefinedAppRoles {
				if a.ResourceID == resource.ID && a.AppRoleID == role.ID {
					out = append(out, role.Value)
				}
			}
		}
	}
	return out
}

func (s *Server) directoryRoles(objectID string) []string {
	sp, _ := s.Directory.Get(directory.ServicePrincipals, objectID)
	var out []string
	for _, r := range sp.Roles {
		out = append(out, r.RoleDefinitionID)
	}
	return out
}

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// authenticate checks the client's secret or assertion against everything that opens the door: credentials of the
// application and of its service principal.
func (s *Server) authenticate(r *http.Request, appID string) (keyID, objectID string, err error) {
	if r.FormValue("grant_type") != "client_credentials" {
		return "", "", refusal{70003, "unsupported_grant_type", "The app requested an unsupported grant type."}
	}
	principals := s.Directory.ByAppID(directory.ServicePrincipals, appID)
	if len(principals) == 0 {
		return "", "", refusal{700016, "unauthorized_client", "Application with identifier '" + appID + "' was not found in the directory."}
	}
	objects := append(s.Directory.ByAppID(directory.Applications, appID), principals...)
	if secret := r.FormValue("client_secret"); secret != "" {
		keyID, err = bySecret(objects, secret)
	} else if r.FormValue("client_assertion_type") == assertionType {
		keyID, err = s.byAssertion(objects, appID, r)
	} else {
		err = refusal{7000218, "invalid_client", "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."}
	}
	if err == nil && !principals[0].AccountEnabled {
		err = refusal{7000112, "unauthorized_client", "Application '" + appID + "' is disabled."}
	}
	return keyID, principals[0].ID, err
}

func bySecret(objects []directory.Object, secret string) (string, error) {
	digest := directory.Digest(secret)
	for _, o := range objects {
		for _, p := range o.PasswordCredentials {
			if p.Digest == digest && p.EndDateTime.After(time.Now()) {
				return p.KeyID, nil
			}
		}
	}
	return "", refusal{7000215, "invalid_client", "Invalid client secret provided."}
}

// byAssertion checks a JWT signed with the key of one of the certificates.
func (s *Server) byAssertion(objects []directory.Object, appID string, r *http.Request) (string, error) {
	bad := refusal{700027, "invalid_client", "The certificate with identifier used to sign the client assertion is not registered on application."}
	keyID := ""
	find := func(t *jwt.Token) (any, error) {
		for _, o := range objects {
			for _, k := range o.KeyCredentials {
				if k.Usage != "Verify" || k.EndDateTime.Before(time.Now()) || !names(t, k.Key) {
					continue
				}
				cert, err := x509.ParseCertificate(k.Key)
				if err != nil {
					return nil, bad
				}
				keyID = k.KeyID
				return cert.PublicKey, nil
			}
		}
		return nil, bad
	}
	var c jwt.RegisteredClaims
	endpoint := "https://" + r.Host + "/" + r.PathValue("tenant") + "/oauth2/v2.0/token"
	_, err := jwt.ParseWithClaims(r.FormValue("client_assertion"), &c, find, jwt.WithValidMethods([]string{"RS256", "PS256"}),
		jwt.WithAudience(endpoint), jwt.WithIssuer(appID), jwt.WithSubject(appID), jwt.WithExpirationRequired())
	switch {
	case errors.Is(err, jwt.ErrTokenExpired), errors.Is(err, jwt.ErrTokenNotValidYet):
		return keyID, refusal{700024, "invalid_client", "Client assertion is not within its valid time range."}
	case err != nil:
		return keyID, bad
	}
	return keyID, nil
}

// names reports whether a token's header names a certificate, by SHA-256 or SHA-1 thumbprint.
func names(t *jwt.Token, der []byte) bool {
	for header, hash := range map[string]crypto.Hash{"x5t#S256": crypto.SHA256, "x5t": crypto.SHA1} {
		text, ok := t.Header[header].(string)
		if !ok {
			continue
		}
		sum := func() []byte {
			if hash == crypto.SHA1 {
				s := sha1.Sum(der) //nolint:gosec // see the import
				return s[:]
			}
			s := sha256.Sum256(der)
			return s[:]
		}()
		return text == encode(sum)
	}
	return false
}
