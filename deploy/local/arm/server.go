package arm

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"rekey/deploy/local/entra"
	"rekey/deploy/local/faults"
)

// Audience is what tokens for ARM are issued for.
const Audience = "https://management.azure.com"

// Options are how ARM behaves.
type Options struct {
	Dir      string        // what survives a restart; "" keeps it in memory
	Lag      time.Duration // until changed rights reach the vaults
	PageSize int           // of lists; default 100
	Queries  int           // of Resource Graph by one caller within 5 seconds; default 15
	Async    time.Duration // how long a long-running operation takes; default 50 ms
}

// Server is ARM.
type Server struct {
	tokens  *entra.Server
	options Options
	lag     time.Duration
	path    string
	handler http.Handler

	mu      sync.Mutex
	state   state
	history []dated
	faults  faults.Hook
	queries map[string][]time.Time // of Resource Graph, by caller
	async   map[string]operation
	cut     bool
	calls   []Call
}

// Call is one authorised request, for tests of what a caller needs.
type Call struct{ OID, Action, Scope string }

// New makes ARM.
func New(tokens *entra.Server, o Options) (*Server, error) {
	if o.PageSize == 0 {
		o.PageSize = 100
	}
	if o.Queries == 0 {
		o.Queries = 15
	}
	if o.Async == 0 {
		o.Async = 50 * time.Millisecond
	}
	s := &Server{tokens: tokens, options: o, lag: o.Lag, queries: map[string][]time.Time{}, async: map[string]operation{}}
	s.handler = faults.Handler(http.HandlerFunc(s.serve), func() faults.Hook {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.faults
	})
	return s, s.load(o.Dir)
}

// Fail makes requests fail from now on; nil ends it.
func (s *Server) Fail(h faults.Hook) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = h
}

// maxCalls bounds what is remembered of calls: a local cloud may run for days.
const maxCalls = 1 << 16

func (s *Server) note(c Call) {
	if len(s.calls) == maxCalls {
		s.calls = slices.Delete(s.calls, 0, maxCalls/2)
	}
	s.calls = append(s.calls, c)
}

// Calls returns what was asked for lately, refused requests included.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// request is one request on its way through.
type request struct {
	*http.Request
	target
	w   http.ResponseWriter
	oid string
	app string
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	claims, err := s.tokens.Verify(r, Audience)
	if err != nil {
		w.Header().Set("WWW-Authenticate", `Bearer authorization_uri="https://login.microsoftonline.com/common", error="invalid_token"`)
		fail(w, http.StatusUnauthorized, "AuthenticationFailed", "Authentication failed. The token is missing, expired or for another audience.")
		return
	}
	req := &request{Request: r, target: parse(r.URL.Path), w: w, oid: claims.Object, app: claims.AppID}
	if strings.Contains(r.URL.Path, "//") {
		fail(w, http.StatusBadRequest, "InvalidUri", "The path has an empty segment.")
		return
	}
	if !req.version() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.route(req)
}

// version checks the api-version: each type knows its own.
func (r *request) version() bool {
	kind := r.kind(r.Method)
	have := r.URL.Query().Get("api-version")
	if have == "" {
		fail(r.w, http.StatusBadRequest, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests.")
		return false
	}
	known := versions(kind)
	if known == nil {
		fail(r.w, http.StatusBadRequest, "InvalidResourceType", "The resource type could not be found in the namespace '"+r.ns+"' for api version '"+have+"'.")
		return false
	}
	if !slices.Contains(known, have) {
		fail(r.w, http.StatusBadRequest, "NoRegisteredProviderFound", fmt.Sprintf("No registered resource provider found for API version '%s' for type '%s'. The supported api-versions are '%s'.", have, kind, strings.Join(known, ", ")))
		return false
	}
	return true
}

// allowed authorises the caller, or answers. ARM does so before it says whether the thing exists.
func (s *Server) allowed(r *request, action, scope string) bool {
	s.note(Call{r.oid, action, scope})
	if s.state.Rights.may(r.oid, action, scope, false) {
		return true
	}
	fail(r.w, http.StatusForbidden, "AuthorizationFailed", fmt.Sprintf("The client '%s' with object id '%s' does not have authorization to perform action '%s' over scope '%s' or the scope is invalid. If access was recently granted, please refresh your credentials.", r.app, r.oid, action, scope))
	return false
}

func fail(w http.ResponseWriter, status int, code, message string) {
	answer(w, status, map[string]any{"error": map[string]string{"code": code, "message": message}})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	if body != nil {
		_ = json.NewEncoder(w).Encode(body) // the client went away
	}
}

// body decodes a request's body, or answers.
func (r *request) body(into any) bool {
	if err := json.NewDecoder(http.MaxBytesReader(r.w, r.Body, 1<<20)).Decode(into); err != nil {
		fail(r.w, http.StatusBadRequest, "InvalidRequestContent", "The request content was invalid and could not be deserialized.")
		return false
	}
	return true
}

// stored saves, or answers.
func (s *Server) stored(r *request) bool {
	if err := s.save(); err != nil {
		fail(r.w, http.StatusInternalServerError, "InternalServerError", "The state could not be written.")
		return false
	}
	return true
}
