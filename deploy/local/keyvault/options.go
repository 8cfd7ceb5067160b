package keyvault

import (
	"time"

	"rekey/deploy/local/arm"
	"rekey/deploy/local/faults"
)

// Options are what a vault has besides its content. The zero Options is a vault that goes by the roles in the caller's
// token and keeps no log.
type Options struct {
	Name       string                   // as logged; the local host name says nothing
	ResourceID string                   // in ARM
	Rights     func(arm.Ask) arm.Answer // who may do what; nil goes by the roles in the token
	Log        func(record []byte)      // is given each AuditEvent record, with the vault locked; may be nil
	Limit      int                      // requests within 10 seconds; default 4000, as the service
}

// window is how long requests are counted.
const window = 10 * time.Second

const defaultLimit = 4000

// Fail makes requests fail from now on; nil ends it.
func (s *Server) Fail(h faults.Hook) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = h
}

// throttled counts a request and reports whether it is one too many.
func (s *Server) throttled(now time.Time) bool {
	limit := s.options.Limit
	if limit == 0 {
		limit = defaultLimit
	}
	if now.Sub(s.since) > window {
		s.since, s.count = now, 0
	}
	s.count++
	return s.count > limit
}
