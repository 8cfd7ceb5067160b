// Package graph serves the local directory as Microsoft Graph v1.0 does: its paths, its permissions, its refusals and
// its eventual consistency, for the calls that Rekey makes and the ones it must not get away with.
//
// Where Graph is strict, so is this package: a PATCH of keyCredentials replaces the whole list, an item that is echoed
// with a null key must be unchanged, a certificate may not outlive itself, passwords cannot be patched, keys are shown
// only to who asks for nothing else, locked and managed principals refuse.
package graph

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"rekey/deploy/local/directory"
	"rekey/deploy/local/entra"
)

// Audience is what tokens for Graph are issued for.
const Audience = "https://graph.microsoft.com"

// Permissions that the calls ask for.
const (
	PermissionRead  = "Application.Read.All"
	PermissionWrite = "Application.ReadWrite.All"
)

// Server is Graph.
type Server struct {
	tokens    *entra.Server
	directory *directory.Directory
	lag       time.Duration
	mux       *http.ServeMux

	mu       sync.Mutex
	random   *rand.Rand
	refusals []refusal // the next answers, for tests
}

// Options shape the server's behaviour.
type Options struct {
	Lag  time.Duration // how long some reads may show the state before a change; 0 is none
	Seed uint64        // of which reads lag
}

// New makes a server.
func New(tokens *entra.Server, d *directory.Directory, o Options) *Server {
	s := &Server{tokens: tokens, directory: d, lag: o.Lag, mux: http.NewServeMux(), random: rand.New(rand.NewPCG(o.Seed, 1))} //nolint:gosec // repeatable on purpose
	for _, c := range []string{directory.Applications, directory.ServicePrincipals} {
		s.mux.HandleFunc("GET /v1.0/"+c, s.with(PermissionRead, s.list(c)))
		s.mux.HandleFunc("GET /v1.0/"+c+"/{id}", s.with(PermissionRead, s.get(c)))
		s.mux.HandleFunc("PATCH /v1.0/"+c+"/{id}", s.with(PermissionWrite, s.patch(c)))
		s.mux.HandleFunc("POST /v1.0/"+c+"/{id}/removePassword", s.with(PermissionWrite, s.removePassword(c)))
		s.mux.HandleFunc("GET /v1.0/"+c+"/{id}/federatedIdentityCredentials", s.with(PermissionRead, s.listFederated(c)))
		s.mux.HandleFunc("DELETE /v1.0/"+c+"/{id}/federatedIdentityCredentials/{fic}", s.with(PermissionWrite, s.removeFederated(c)))
		s.mux.HandleFunc("POST /v1.0/"+c+"/{id}/addKey", s.with(PermissionWrite, proofNeeded))
		s.mux.HandleFunc("POST /v1.0/"+c+"/{id}/removeKey", s.with(PermissionWrite, proofNeeded))
	}
	return s
}

// refusal is one answer that a test asked for.
type refusal struct {
	status      int
	retryAfter  string
	afterEffect bool // the request is carried out, and its answer is lost
}

// Fail makes the next n requests fail with a status. RetryAfter may be empty.
func (s *Server) Fail(n, status int, retryAfter string) {
	s.plan(n, refusal{status: status, retryAfter: retryAfter})
}

// FailAfterEffect makes the next n requests fail with a status after they were carried out.
func (s *Server) FailAfterEffect(n, status int) {
	s.plan(n, refusal{status: status, afterEffect: true})
}

func (s *Server) plan(n int, r refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		s.refusals = append(s.refusals, r)
	}
}

func (s *Server) next() (refusal, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.refusals) == 0 {
		return refusal{}, false
	}
	r := s.refusals[0]
	s.refusals = s.refusals[1:]
	return r, true
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.resolve(r)
	no, refused := s.next()
	if refused && no.afterEffect {
		s.mux.ServeHTTP(&discard{}, r)
	}
	if refused {
		if no.retryAfter != "" {
			w.Header().Set("Retry-After", no.retryAfter)
		}
		fail(w, no.status, map[int]string{429: "TooManyRequests", 503: "serviceNotAvailable"}[no.status], "The request could not be handled.")
		return
	}
	s.mux.ServeHTTP(w, r)
}

var alternate = regexp.MustCompile(`^/v1\.0/(applications|servicePrincipals)\(appId='([^']*)'\)`)

// resolve rewrites /applications(appId='...') to the object's id.
func (s *Server) resolve(r *http.Request) {
	m := alternate.FindStringSubmatch(r.URL.Path)
	if m == nil {
		return
	}
	id := "none"
	if found := s.directory.ByAppID(m[1], m[2]); len(found) > 0 {
		id = found[0].ID
	}
	r.URL.Path, r.URL.RawPath = "/v1.0/"+m[1]+"/"+id+r.URL.Path[len(m[0]):], ""
}

// discard swallows an answer.
type discard struct{ header http.Header }

// Header implements http.ResponseWriter.
func (d *discard) Header() http.Header {
	if d.header == nil {
		d.header = http.Header{}
	}
	return d.header
}

// Write implements http.ResponseWriter.
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }

// WriteHeader implements http.ResponseWriter.
func (d *discard) WriteHeader(int) {}

// with checks the token and its permission. Graph does not say which one is missing, and neither does this.
func (s *Server) with(permission string, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		claims, err := s.tokens.Verify(r, Audience)
		if err != nil {
			fail(w, http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token validation failure.")
			return
		}
		if !slices.Contains(claims.Roles, permission) && !slices.Contains(claims.Roles, PermissionWrite) {
			fail(w, http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
			return
		}
		r.Header.Set("X-Actor", claims.AppID)
		h(w, r)
	}
}

func fail(w http.ResponseWriter, status int, code, message string) {
	answer(w, status, map[string]any{"error": map[string]any{
		"code": code, "message": message,
		"innerError": map[string]string{"date": time.Now().UTC().Format("2006-01-02T15:04:05"), "request-id": "00000000-0000-0000-0000-000000000000", "client-request-id": "00000000-0000-0000-0000-000000000000"},
	}})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client went away
}

func notFound(w http.ResponseWriter, id string) {
	fail(w, http.StatusNotFound, "Request_ResourceNotFound", "Resource '"+id+"' does not exist or one of its queried reference-property objects are not present.")
}

// seen returns the object as this read's replica has it: up to lag behind, some of the time.
func (s *Server) seen(collection, id string) (directory.Object, bool) {
	s.mu.Lock()
	late := s.lag > 0 && s.random.IntN(2) == 0
	s.mu.Unlock()
	if late {
		return s.directory.At(collection, id, time.Now().Add(-s.lag))
	}
	return s.directory.Get(collection, id)
}

var byAppID = regexp.MustCompile(`^appId eq '([^']*)'$`)

// list answers $filter=appId eq '...', the only one Rekey needs; Graph has more.
func (s *Server) list(collection string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		m := byAppID.FindStringSubmatch(r.URL.Query().Get("$filter"))
		if m == nil {
			fail(w, http.StatusBadRequest, "Request_UnsupportedQuery", "The local Graph lists by $filter=appId eq '...' only.")
			return
		}
		values := []any{}
		for _, o := range s.directory.ByAppID(collection, m[1]) {
			if seen, ok := s.seen(collection, o.ID); ok {
				values = append(values, shown(seen, r, false))
			}
		}
		answer(w, http.StatusOK, map[string]any{"@odata.context": Audience + "/v1.0/$metadata#" + collection, "value": values})
	}
}

func (s *Server) get(collection string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		o, ok := s.seen(collection, r.PathValue("id"))
		if !ok {
			notFound(w, r.PathValue("id"))
			return
		}
		answer(w, http.StatusOK, shown(o, r, r.URL.Query().Get("$select") == "keyCredentials"))
	}
}

// shown is an object as Graph answers it: only what was selected, no secret, keys only when nothing else was asked for.
func shown(o directory.Object, r *http.Request, withKeys bool) map[string]any {
	keys, passwords := []any{}, []any{}
	for _, k := range o.KeyCredentials {
		item := map[string]any{
			"customKeyIdentifier": k.CustomKeyIdentifier, "displayName": k.DisplayName, "endDateTime": k.EndDateTime, "keyId": k.KeyID,
			"startDateTime": k.StartDateTime, "type": k.Type, "usage": k.Usage, "key": nil,
		}
		if withKeys && k.Usage == "Verify" {
			item["key"] = k.Key
		}
		keys = append(keys, item)
	}
	for _, p := range o.PasswordCredentials {
		passwords = append(passwords, map[string]any{
			"customKeyIdentifier": nil, "displayName": p.DisplayName, "endDateTime": p.EndDateTime, "hint": p.Hint, "keyId": p.KeyID, "secretText": nil,
			"startDateTime": p.StartDateTime,
		})
	}
	all := map[string]any{
		"id": o.ID, "appId": o.AppID, "displayName": o.DisplayName, "signInAudience": o.SignInAudience, "keyCredentials": keys, "passwordCredentials": passwords,
		"tokenEncryptionKeyId": text(o.TokenEncryptionKeyID),
	}
	if o.ServicePrincipalType != "" {
		all["servicePrincipalType"], all["accountEnabled"] = o.ServicePrincipalType, o.AccountEnabled
		all["appOwnerOrganizationId"], all["preferredSingleSignOnMode"] = text(o.AppOwnerOrganizationID), text(o.PreferredSSOMode)
		all["preferredTokenSigningKeyThumbprint"] = text(o.PreferredTokenSigningKey)
	}
	chosen := r.URL.Query().Get("$select")
	if chosen == "" {
		return all
	}
	out := map[string]any{}
	for name := range strings.SplitSeq(chosen, ",") {
		if v, ok := all[name]; ok {
			out[name] = v
		}
	}
	return out
}

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// change applies an edit to an object and answers 204, or what stands against it.
func (s *Server) change(w http.ResponseWriter, r *http.Request, collection, what string, edit func(*directory.Object) error) {
	id := r.PathValue("id")
	err := s.directory.Update(collection, id, r.Header.Get("X-Actor"), what, func(o *directory.Object) error {
		if o.ServicePrincipalType == "ManagedIdentity" && what != "accountEnabled" {
			return problem{http.StatusForbidden, "Authorization_RequestDenied", "Managed identities cannot be updated or modified directly."}
		}
		return edit(o)
	})
	var p problem
	switch {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case errors.Is(err, directory.ErrNotFound):
		notFound(w, id)
	case errors.As(err, &p):
		fail(w, p.status, p.code, p.message)
	default:
		fail(w, http.StatusInternalServerError, "generalException", "The directory could not be written.")
	}
}

// problem is a refusal of an edit.
type problem struct {
	status        int
	code, message string
}

// Error implements error.
func (p problem) Error() string { return p.code + ": " + p.message }

func bad(message string) problem {
	return problem{http.StatusBadRequest, "Request_BadRequest", message}
}

func proofNeeded(w http.ResponseWriter, _ *http.Request) {
	fail(w, http.StatusUnauthorized, "Authentication_MissingOrMalformed", "Access Token missing or malformed.")
}

func (s *Server) removePassword(collection string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in struct{ KeyID string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.KeyID == "" {
			fail(w, http.StatusBadRequest, "Request_BadRequest", "A value is required for property 'keyId'.")
			return
		}
		s.change(w, r, collection, "removePassword "+in.KeyID, func(o *directory.Object) error {
			if o.Locked {
				return locked
			}
			left := slices.DeleteFunc(slices.Clone(o.PasswordCredentials), func(p directory.PasswordCredential) bool { return p.KeyID == in.KeyID })
			if len(left) == len(o.PasswordCredentials) {
				return bad("No password credential found with keyId.")
			}
			o.PasswordCredentials = left
			return nil
		})
	}
}

var locked = problem{http.StatusBadRequest, "CannotUpdateLockedServicePrincipalProperty", "Property keyCredentials is invalid: the app instance property lock is on."}

func (s *Server) listFederated(collection string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		o, ok := s.seen(collection, r.PathValue("id"))
		if !ok {
			notFound(w, r.PathValue("id"))
			return
		}
		values := o.Federated
		if values == nil {
			values = []directory.Federated{}
		}
		answer(w, http.StatusOK, map[string]any{"value": values})
	}
}

func (s *Server) removeFederated(collection string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		fic := r.PathValue("fic")
		s.change(w, r, collection, "removeFederated "+fic, func(o *directory.Object) error {
			left := slices.DeleteFunc(slices.Clone(o.Federated), func(f directory.Federated) bool { return f.ID == fic || f.Name == fic })
			if len(left) == len(o.Federated) {
				return problem{http.StatusNotFound, "Request_ResourceNotFound", "Resource '" + fic + "' does not exist."}
			}
			o.Federated = left
			return nil
		})
	}
}
