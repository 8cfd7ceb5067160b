// Package faults lets a local service fail as services do: before it did what it was asked, after it, or by hanging up
// once it is done. A crash test drives it with a schedule.
package faults

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
)

// When says at which moment a request fails.
type When int

// The moments. After and HangUp are the ones that cost weeks: the effect is there and the caller does not know.
const (
	Never  When = iota
	Before      // the service answers Status and does nothing
	After       // the service does it and answers Status
	HangUp      // the service does it and closes the connection without an answer
)

// Fault is how one request fails. The zero Fault is none.
type Fault struct {
	When       When
	Status     int
	Code       string // of the error body; empty takes the status' text
	RetryAfter int    // seconds; 0 sends no header, as services do, too
}

// Hook decides about a request. It is called once a request, from many goroutines.
type Hook func(method, path string) Fault

// Handler wraps a service. Hook is asked for each request, so that it can be replaced while the service runs; it may
// return nil.
func Handler(next http.Handler, hook func() Hook) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var f Fault
		if h := hook(); h != nil {
			f = h(r.Method, r.URL.Path)
		}
		switch f.When {
		case Before:
			f.answer(w)
		case After, HangUp:
			next.ServeHTTP(&swallow{header: http.Header{}}, r)
			if f.When == HangUp {
				panic(http.ErrAbortHandler)
			}
			f.answer(w)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (f Fault) answer(w http.ResponseWriter) {
	code := f.Code
	if code == "" {
		code = string(bytes.ReplaceAll([]byte(http.StatusText(f.Status)), []byte(" "), nil))
	}
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(f.Status)
	fmt.Fprintf(w, `{"error":{"code":%q,"message":"injected"}}`, code)
}

// swallow takes an answer that nobody will see.
type swallow struct{ header http.Header }

func (s *swallow) Header() http.Header         { return s.header }
func (s *swallow) Write(b []byte) (int, error) { return len(b), nil }
func (s *swallow) WriteHeader(int)             {}
