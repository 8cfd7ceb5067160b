// Package graph serves the local directory as Microsoft Graph v1.0 does: its paths, its permissions, its refusals and
// its eventual consistency, for the calls that Rekey makes and the ones it must not get away with.
//
// Where Graph is strict, so is this package: every call asks for the permissions that Microsoft documents for it, a PATCH
// of keyCredentials replaces the whole list, an item that is echoed with a null key must be unchanged, a certificate may
// not outlive itself, passwords cannot be patched, keys are shown only to who asks for nothing else, locked and managed
// principals refuse, policies limit what may be added, identity protection answers once a second.
// docs/graph-refusals.md lists every refusal by number; each has a test of that number here.
package graph

import (
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"rekey/deploy/local/directory"
	"rekey/deploy/local/entra"
)

// Audience is what tokens for Graph are issued for.
const Audience = "https://graph.microsoft.com"

// Server is Graph.
type Server struct {
	tokens    *entra.Server
	directory *directory.Directory
	options   Options
	mux       *http.ServeMux

	mu       sync.Mutex
	random   *rand.Rand
	planned  []Fault     // of the next requests, for tests
	last     time.Time   // when identity protection or Conditional Access answered last
	refused  int         // how often they refused
	keyReads []time.Time // of the last minute
}

// Options shape the server's behaviour. The zero value is a tenant with every licence and no faults.
type Options struct {
	Lag  time.Duration // how long some reads may show the state before a change; 0 is none
	Seed uint64        // of which reads lag

	// Pace is the time between two calls to identity protection and Conditional Access, over all applications of the
	// tenant. 0 is Graph's one second; a negative one sets no limit.
	Pace time.Duration
	// KeyReads is how many requests for keyCredentials alone are answered a minute. 0 sets no limit; Graph's is 150.
	KeyReads   int
	PageSize   int      // most that a list shows at once, whatever $top says; 0 is Graph's own: 100, or $top
	Unlicensed bool     // the tenant has no Workload ID Premium
	Plans      []string // service plans that the tenant has; nil is Entra ID P2, and Workload ID Premium unless Unlicensed

	// Faults says what goes wrong with a request. The path is without /v1.0. It may be nil, and is called by many
	// goroutines at once.
	Faults func(method, path string) Fault
	// Meanwhile is what others do between a request's arrival and its effect: a concurrent administrator, or an intruder.
	// It may be nil, and is called by many goroutines at once.
	Meanwhile func(method, path string)
}

const defaultPace = time.Second

// New makes a server.
func New(tokens *entra.Server, d *directory.Directory, o Options) *Server {
	if o.Pace == 0 {
		o.Pace = defaultPace
	}
	s := &Server{tokens: tokens, directory: d, options: o, mux: http.NewServeMux(), random: rand.New(rand.NewPCG(o.Seed, 1))} //nolint:gosec // repeatable on purpose
	for _, r := range s.routes() {
		s.mux.HandleFunc(r.method+" "+r.versioned(), s.checked(r))
	}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		problem{http.StatusBadRequest, "BadRequest", "Resource not found for the segment '" + r.URL.Path + "'.", nil}.write(w)
	})
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f := s.fault(r)
	if f.Status == 0 && !f.HangUp {
		s.serve(w, r, f)
		return
	}
	if f.AfterEffect {
		s.serve(&discard{}, r, f)
	}
	if f.HangUp {
		panic(http.ErrAbortHandler) // closes the connection without an answer
	}
	f.write(w)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request, f Fault) {
	view := s.replica(f)
	resolve(r, view)
	s.mux.ServeHTTP(w, r.WithContext(withView(r.Context(), view)))
}

// replica returns the directory as this request's replica has it: up to lag behind, some of the time.
func (s *Server) replica(f Fault) directory.View {
	s.mu.Lock()
	defer s.mu.Unlock()
	behind := f.Stale
	if behind == 0 && s.options.Lag > 0 && s.random.IntN(2) == 0 {
		behind = s.options.Lag
	}
	if behind == 0 {
		return s.directory.View(time.Time{})
	}
	return s.directory.View(time.Now().Add(-behind))
}

// named is the alternate key that applications can be made by, too.
var named = regexp.MustCompile(`^/v1\.0/applications\(uniqueName='((?:[^']|'')*)'\)$`)

var alternate = regexp.MustCompile(`^/v1\.0/(applications|servicePrincipals)\(appId='((?:[^']|'')*)'\)`)

// resolve rewrites /applications(appId='...') to the object's id.
func resolve(r *http.Request, view directory.View) {
	if m := named.FindStringSubmatch(r.URL.Path); m != nil {
		r.URL.Path, r.URL.RawPath = "/v1.0/applications.uniqueName/"+strings.ReplaceAll(m[1], "''", "'"), ""
		return
	}
	m := alternate.FindStringSubmatch(r.URL.Path)
	if m == nil {
		return
	}
	id := "none"
	if found := view.ByAppID(m[1], strings.ReplaceAll(m[2], "''", "'")); len(found) > 0 {
		id = found[0].ID
	}
	r.URL.Path, r.URL.RawPath = "/v1.0/"+m[1]+"/"+id+r.URL.Path[len(m[0]):], ""
}

// checked wraps a route's handler with what Graph checks of every call: the token, its permissions, the pace.
func (s *Server) checked(rt route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		claims, err := s.tokens.Verify(r, Audience)
		if err != nil {
			problem{http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token validation failure.", nil}.write(w)
			return
		}
		c := call{w: w, r: r, actor: claims, view: viewOf(r.Context())}
		if !s.permitted(c, rt) {
			rt.refusal().write(w)
			return
		}
		if rt.paced() && s.tooFast(w) {
			return
		}
		if s.options.Meanwhile != nil {
			s.options.Meanwhile(r.Method, strings.TrimPrefix(r.URL.Path, "/v1.0"))
		}
		rt.handle(c)
	}
}
