// Package keyvault is a key vault on one machine, as far as Rekey uses one: certificates made in the vault, whose keys
// cannot leave it, signing with those keys, and secrets.
//
// It is strict where the service is: a first request without a token is challenged, api-version must be given, unknown
// objects have the service's error bodies, a certificate is made in the background. Who may read or change secrets is
// decided by package arm, as in Azure, and every such request leaves an AuditEvent record.
package keyvault

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"rekey/deploy/local/arm"
	"rekey/deploy/local/entra"
	"rekey/deploy/local/faults"
)

// Audience is what tokens for vaults are issued for.
const Audience = "https://vault.azure.net"

// Permissions that identities have as roles, named after the service's built-in roles.
const (
	RoleCertificates = "Key Vault Certificates Officer"
	RoleCrypto       = "Key Vault Crypto User"
)

// Server is one vault.
type Server struct {
	tokens    *entra.Server
	authority string
	path      string

	options Options
	handler http.Handler

	mu      sync.Mutex
	certs   map[string]*certificate
	secrets map[string]*secret
	faults  faults.Hook
	since   time.Time // begin of the window in which requests are counted
	count   int
}

// certificate is one version of a certificate with its key. Ready is when it will be made. Next is the version that is being
// made while this one is in use; Old are those before.
type certificate struct {
	Version    string
	DER        []byte
	Key        []byte // PKCS #1
	Ready      time.Time
	Made       time.Time
	Policy     json.RawMessage   `json:",omitempty"`
	Tags       map[string]string `json:",omitempty"`
	Exportable bool              `json:",omitempty"`
	Disabled   bool              `json:",omitempty"`
	Next       *certificate      `json:",omitempty"`
	Old        []*certificate    `json:",omitempty"`
}

// making is how long making a certificate takes.
const making = 300 * time.Millisecond

// New opens a vault; dir "" keeps it in memory. Authority is what challenges name.
func New(tokens *entra.Server, authority, dir string) (*Server, error) {
	return Open(tokens, authority, dir, Options{})
}

// Open opens a vault with options.
func Open(tokens *entra.Server, authority, dir string, o Options) (*Server, error) {
	s := &Server{tokens: tokens, authority: authority, options: o, certs: map[string]*certificate{}, secrets: map[string]*secret{}}
	s.handler = faults.Handler(http.HandlerFunc(s.serve), func() faults.Hook {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.faults
	})
	if dir == "" {
		return s, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("opening vault: %w", err)
	}
	s.path = filepath.Join(dir, "vault.json")
	if err := s.loadSecrets(); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(s.path)
	if errors.Is(err, os.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &s.certs)
	}
	if err != nil {
		return nil, fmt.Errorf("opening vault: %w", err)
	}
	return s, nil
}

func (s *Server) save() error {
	if s.path == "" {
		return nil
	}
	b, err := json.Marshal(s.certs)
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.path+".new", b, 0o600); err != nil {
		return err
	}
	return os.Rename(s.path+".new", s.path)
}

// Certificates returns the names of all certificates: the local stack counts them.
func (s *Server) Certificates() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for name := range s.certs {
		out = append(out, name)
	}
	return out
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	claims, err := s.tokens.Verify(r, Audience)
	if err != nil {
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer authorization="%s", resource="%s"`, s.authority, Audience))
		fail(w, http.StatusUnauthorized, "Unauthorized", "AKV10000: Request is missing a Bearer or PoP token.")
		return
	}
	if r.URL.Query().Get("api-version") == "" {
		fail(w, http.StatusBadRequest, "BadParameter", "api-version must be specified")
		return
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.throttled(time.Now()) {
		fail(w, http.StatusTooManyRequests, "Throttled", "Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached")
		return
	}
	s.settle(time.Now())
	switch {
	case parts[0] == "certificates" && len(parts) == 3 && parts[2] == "create" && r.Method == http.MethodPost:
		s.allowed(w, claims, createCertificate, func() { s.create(w, r, parts[1]) })
	case parts[0] == "certificates" && len(parts) == 3 && parts[2] == "policy" && r.Method == http.MethodGet:
		s.allowed(w, claims, readCertificate, func() { s.policy(w, r, parts[1]) })
	case parts[0] == "certificates" && len(parts) == 1 && r.Method == http.MethodGet:
		s.allowed(w, claims, listCertificates, func() { s.list(w, r) })
	case parts[0] == "certificates" && (len(parts) == 2 || len(parts) == 3) && r.Method == http.MethodGet:
		s.allowed(w, claims, readCertificate, func() { s.get(w, r, parts[1], strings.Join(parts[2:], "")) })
	case parts[0] == "certificates" && len(parts) == 3 && r.Method == http.MethodPatch:
		s.allowed(w, claims, updateCertificate, func() { s.update(w, r, parts[1], parts[2]) })
	case parts[0] == "keys" && parts[len(parts)-1] == "sign" && r.Method == http.MethodPost:
		s.allowed(w, claims, signWithKey, func() { s.sign(w, r, parts[1]) })
	case parts[0] == "secrets" && len(parts) > 1 && s.certs[parts[1]] != nil && !s.certs[parts[1]].Exportable && r.Method == http.MethodGet:
		fail(w, http.StatusForbidden, "Forbidden", "The key of a certificate that is not exportable cannot be read as a secret.")
	case parts[0] == "secrets" || parts[0] == "deletedsecrets":
		s.serveSecrets(w, r, claims, parts)
	default:
		fail(w, http.StatusNotFound, "NotFound", "The local vault has no "+r.Method+" "+r.URL.Path)
	}
}

// need is the right for a request: a role where a vault goes by claims, else what ARM is asked for.
type need struct{ role, kind, permission, action string }

var (
	readCertificate   = need{RoleCertificates, "certificates", "get", "certificates/read"}
	listCertificates  = need{RoleCertificates, "certificates", "list", "certificates/read"}
	createCertificate = need{RoleCertificates, "certificates", "create", "certificates/create/action"}
	updateCertificate = need{RoleCertificates, "certificates", "update", "certificates/update/action"}
	signWithKey       = need{RoleCrypto, "keys", "sign", "keys/sign/action"}
)

func (s *Server) allowed(w http.ResponseWriter, c entra.Claims, n need, do func()) {
	if slices.Contains(c.Roles, n.role) {
		do()
		return
	}
	if s.options.Rights != nil {
		ask := arm.Ask{Kind: n.kind, Permission: n.permission, Action: "Microsoft.KeyVault/vaults/" + n.action, Vault: s.options.ResourceID, OID: c.Object, Address: "127.0.0.1"}
		if s.options.Rights(ask).Allowed {
			do()
			return
		}
	}
	answer(w, http.StatusForbidden, map[string]any{"error": map[string]any{
		"code": "Forbidden", "message": "Caller is not authorized to perform action on resource. Caller: appid=" + c.AppID, "innererror": map[string]string{"code": "ForbiddenByRbac"},
	}})
}

func fail(w http.ResponseWriter, status int, code, message string) {
	answer(w, status, map[string]any{"error": map[string]string{"code": code, "message": message}})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client went away
}

// selfSigned makes a certificate, for a key that is given or, if it is nil, for a new one.
func selfSigned(commonName string, bits, months int, key *rsa.PrivateKey) (_ *certificate, err error) {
	if key == nil {
		if key, err = rsa.GenerateKey(rand.Reader, bits); err != nil {
			return nil, err
		}
	}
	var version [16]byte
	if _, err := rand.Read(version[:]); err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(version[:15]), Subject: pkix.Name{CommonName: commonName}, NotBefore: now.Add(-10 * time.Minute),
		NotAfter: now.AddDate(0, months, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return &certificate{Version: hex.EncodeToString(version[:]), DER: der, Key: x509.MarshalPKCS1PrivateKey(key), Made: now, Ready: now.Add(making)}, err
}

// sign signs a SHA-256 digest.
func (s *Server) sign(w http.ResponseWriter, r *http.Request, name string) {
	c := s.certs[name]
	if c == nil || time.Now().Before(c.Ready) {
		fail(w, http.StatusNotFound, "KeyNotFound", "A key with (name/id) "+name+" was not found in this key vault.")
		return
	}
	var in struct{ Alg, Value string }
	_ = json.NewDecoder(r.Body).Decode(&in) // what is missing fails below
	digest, err := base64.RawURLEncoding.DecodeString(in.Value)
	if err != nil || len(digest) != crypto.SHA256.Size() {
		fail(w, http.StatusBadRequest, "BadParameter", "The value must be a SHA-256 digest.")
		return
	}
	key, err := x509.ParsePKCS1PrivateKey(c.Key)
	if err != nil {
		fail(w, http.StatusInternalServerError, "InternalError", "The key cannot be read.")
		return
	}
	var signature []byte
	switch in.Alg {
	case "PS256":
		signature, err = rsa.SignPSS(rand.Reader, key, crypto.SHA256, digest, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	case "RS256":
		signature, err = rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest)
	default:
		err = errors.New("unsupported algorithm " + in.Alg)
	}
	if err != nil {
		fail(w, http.StatusBadRequest, "BadParameter", err.Error())
		return
	}
	answer(w, http.StatusOK, map[string]string{
		"kid": "https://" + r.Host + "/keys/" + name + "/" + c.Version, "value": base64.RawURLEncoding.EncodeToString(signature),
	})
}
