package funchost

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/semaphore"
)

// Config says what is served and within which bounds. Zero bounds take the defaults.
type Config struct {
	Routes        map[string]Handler // by function name: a name is a path, exactly
	Timeout       time.Duration      // own deadline of an invocation; must be below the host's functionTimeout. Default 4 minutes
	MaxBytes      int64              // bodies decoded at a time, in bytes as sent. Default 192 MiB: 8 batches of 16 events of 1 MiB
	MaxConcurrent int64              // invocations at a time. Default 64
	Logger        *slog.Logger
	Observer      Observer // told of every invocation; nil: nobody
}

const (
	defaultTimeout    = 4 * time.Minute
	defaultBytes      = 192 << 20
	defaultConcurrent = 64
	unknownLength     = 4 << 20 // what a chunked body is taken for until it was read
	drain             = 5 * time.Second
)

// Server answers the Functions host.
type Server struct {
	Config
	mux   *http.ServeMux
	bytes *semaphore.Weighted
	count *semaphore.Weighted
}

// New makes a server.
func New(c Config) (*Server, error) {
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = defaultBytes
	}
	if c.MaxConcurrent == 0 {
		c.MaxConcurrent = defaultConcurrent
	}
	s := &Server{
		Config: c, mux: http.NewServeMux(),
		bytes: semaphore.NewWeighted(c.MaxBytes), count: semaphore.NewWeighted(c.MaxConcurrent),
	}
	proxied := http.NotFoundHandler()
	for name, h := range c.Routes {
		switch h.trigger {
		case "http":
			proxied = h.http
		case "":
			return nil, fmt.Errorf("serving function %q: it has no handler", name)
		default:
			s.mux.Handle("POST /"+name, s.invocation(name, h))
		}
	}
	s.mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	s.mux.Handle("/", s.proxied(proxied))
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// errStopped is why a server that was told to stop ends: never with success, because the host restarts only failures.
var errStopped = errors.New("stopped by a signal")

// Serve answers on a listener until ctx ends. It always returns an error.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	server := &http.Server{
		Handler: s, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(s.Logger.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(ln) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving on %s: %w", ln.Addr(), err)
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	return errors.Join(errStopped, server.Shutdown(ctx))
}

// invocation answers one function's invocations.
func (s *Server) invocation(name string, h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), s.Timeout)
		defer cancel()
		ctx, rec := s.record(ctx, name, h.trigger, r)
		rec.attrs = []slog.Attr{
			slog.String("function", name), slog.String("trigger", h.trigger),
			slog.String("invocation_id", r.Header.Get("X-Azure-Functions-InvocationId")),
		}
		err := guard(func() error { return s.invoke(ctx, rec, h, r) })
		e := effects(h.trigger, err)
		rec.end(ctx, s.Logger, e, err)
		answer(w, e.status)
	})
}

// answer is what the host wants to read: an object, never an empty body, which would hang the invocation.
func answer(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"Outputs":{},"Logs":[],"ReturnValue":null}`)
}

// invoke waits for room, decodes and runs the handler.
func (s *Server) invoke(ctx context.Context, rec *record, h Handler, r *http.Request) error {
	size := r.ContentLength
	if size < 0 {
		size = unknownLength
	}
	size = min(size, s.MaxBytes)
	if err := s.count.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("waiting for a place: %w", err)
	}
	defer s.count.Release(1)
	if err := s.bytes.Acquire(ctx, size); err != nil {
		return fmt.Errorf("waiting for memory: %w", err)
	}
	defer s.bytes.Release(size)
	inv, err := decode(r.Body, s.Observer != nil)
	if err != nil {
		return errors.Join(errBody, err)
	}
	ctx = rec.begin(ctx, inv.contexts(h))
	Count(ctx, "retry", int64(inv.meta.retry()))
	return h.run(ctx, r.Header.Get("X-Azure-Functions-InvocationId"), inv)
}

// run hands a decoded invocation to the handler.
func (h Handler) run(ctx context.Context, id string, inv *invocation) error {
	switch {
	case h.events != nil:
		p := inv.meta.partition()
		Note(ctx, "hub", p.EventHubName)
		Note(ctx, "partition", p.PartitionID)
		Count(ctx, "messages", int64(len(inv.payload)))
		waited(ctx, "hub_age_ms", inv.oldest())
		return h.events(ctx, Batch{
			InvocationID: id, Namespace: p.FullyQualifiedNamespace, Hub: p.EventHubName, ConsumerGroup: p.ConsumerGroup,
			Partition: p.PartitionID, Events: inv.payload, Retry: inv.meta.retry(),
		})
	case h.queue != nil:
		waited(ctx, "queue_age_ms", moment(inv.meta.scalar("insertiontime")))
		return h.queue(ctx, Message{InvocationID: id, Text: inv.text(), Dequeues: int(inv.meta.number("dequeuecount"))})
	}
	return h.timer(ctx, inv.tick(id))
}

// waited notes how long ago something was put where the host took it from, if the host says when.
func waited(ctx context.Context, name string, since time.Time) {
	if !since.IsZero() {
		Lapse(ctx, name, time.Since(since))
	}
}

// oldest is when the first of a batch's events came into the hub.
func (inv *invocation) oldest() time.Time {
	if len(inv.payload) == 0 {
		return time.Time{}
	}
	return inv.payload[0].Enqueued
}

func (inv *invocation) text() string {
	if len(inv.payload) == 0 {
		return ""
	}
	return string(inv.payload[0].Body)
}

func (inv *invocation) tick(id string) Tick {
	var t struct {
		IsPastDue      bool
		ScheduleStatus *struct{ Next string }
	}
	t.IsPastDue = false
	if err := json.Unmarshal([]byte(inv.text()), &t); err != nil {
		return Tick{InvocationID: id, Retry: inv.meta.retry()}
	}
	tick := Tick{InvocationID: id, PastDue: t.IsPastDue, Retry: inv.meta.retry()}
	if t.ScheduleStatus != nil {
		tick.Next = moment(t.ScheduleStatus.Next)
	}
	return tick
}

// proxied serves requests that clients sent to an HTTP function. Queries are not logged: they may hold keys.
func (s *Server) proxied(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), s.Timeout)
		defer cancel()
		ctx, rec := s.record(ctx, FunctionHTTP, "http", r)
		ctx = rec.begin(ctx, nil)
		rec.attrs = []slog.Attr{
			slog.String("function", FunctionHTTP), slog.String("trigger", "http"), slog.String("method", r.Method), slog.String("path", r.URL.Path),
			slog.String("invocation_id", r.Header.Get("X-Azure-Functions-InvocationId")),
		}
		wrapped := &statusWriter{ResponseWriter: w}
		err := guard(func() error { h.ServeHTTP(wrapped, r.WithContext(ctx)); return nil })
		if err != nil && wrapped.status == 0 {
			http.Error(wrapped, `{"error":{"code":"generalException","message":"The request could not be handled."}}`, http.StatusInternalServerError)
		}
		rec.attrs = append(rec.attrs, slog.Int("status", wrapped.status))
		if err == nil {
			err = rec.fault(wrapped.status)
		}
		rec.end(ctx, s.Logger, effects("http", err), err)
	})
}

// fault is the error of a request that was answered with a server's fault: the client was told to try again, and people are
// told of it as of any other function that fails.
func (r *record) fault(status int) error {
	if status < http.StatusInternalServerError {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if why := r.notes[NoteFailed]; why != "" {
		return fmt.Errorf("answering with status %d: %s", status, why)
	}
	return fmt.Errorf("answering with status %d", status)
}

// statusWriter remembers the status for the log.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the writer below.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
