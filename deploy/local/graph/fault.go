package graph

import (
	"context"
	"net/http"
	"strings"
	"time"

	"rekey/deploy/local/directory"
)

// Fault is what goes wrong with one request. The zero value is nothing.
type Fault struct {
	Status      int    // the answer, like 429 or 500
	Code        string // of the error; empty is one that suits the status
	RetryAfter  string // the header of that name; empty sends none
	HangUp      bool   // the connection is closed without an answer
	AfterEffect bool   // the request is carried out first, and only its answer is lost
	// Stale makes a read show the directory as it was that long ago.
	Stale time.Duration
}

// Fail makes the next n requests fail with a status. RetryAfter may be empty.
func (s *Server) Fail(n, status int, retryAfter string) {
	s.plan(n, Fault{Status: status, RetryAfter: retryAfter})
}

// FailAfterEffect makes the next n requests fail with a status after they were carried out.
func (s *Server) FailAfterEffect(n, status int) {
	s.plan(n, Fault{Status: status, AfterEffect: true})
}

func (s *Server) plan(n int, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		s.planned = append(s.planned, f)
	}
}

// fault returns what shall go wrong with a request: what was planned first, then what the options say.
func (s *Server) fault(r *http.Request) Fault {
	s.mu.Lock()
	if len(s.planned) > 0 {
		defer s.mu.Unlock()
		f := s.planned[0]
		s.planned = s.planned[1:]
		return f
	}
	s.mu.Unlock()
	if s.options.Faults == nil {
		return Fault{}
	}
	return s.options.Faults(r.Method, strings.TrimPrefix(r.URL.Path, "/v1.0"))
}

func (f Fault) write(w http.ResponseWriter) {
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	code := f.Code
	if code == "" {
		code = map[int]string{http.StatusTooManyRequests: "TooManyRequests", http.StatusServiceUnavailable: "serviceNotAvailable"}[f.Status]
	}
	if code == "" {
		code = "generalException"
	}
	problem{f.Status, code, "The request could not be handled.", nil}.write(w)
}

// tooFast answers 429 when identity protection or Conditional Access was called within the pace. Every other time the
// answer has no Retry-After: these services are documented not to send one, and clients have seen both.
func (s *Server) tooFast(w http.ResponseWriter) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.options.Pace < 0 || time.Since(s.last) >= s.options.Pace {
		s.last = time.Now()
		return false
	}
	if s.refused++; s.refused%2 == 0 {
		w.Header().Set("Retry-After", "1")
	}
	problem{http.StatusTooManyRequests, "TooManyRequests", "Too many requests.", nil}.write(w)
	return true
}

// tooManyKeyReads counts requests for keyCredentials alone: they are limited by tenant and minute.
func (s *Server) tooManyKeyReads() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	minute := time.Now().Add(-time.Minute)
	for len(s.keyReads) > 0 && s.keyReads[0].Before(minute) {
		s.keyReads = s.keyReads[1:]
	}
	if s.options.KeyReads > 0 && len(s.keyReads) >= s.options.KeyReads {
		return true
	}
	s.keyReads = append(s.keyReads, time.Now())
	return false
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

type viewKey struct{}

func withView(ctx context.Context, v directory.View) context.Context {
	return context.WithValue(ctx, viewKey{}, v)
}

func viewOf(ctx context.Context) directory.View {
	v, _ := ctx.Value(viewKey{}).(directory.View)
	return v
}
