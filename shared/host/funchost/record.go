package funchost

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"rekey/shared/host/trace"
)

// record is the one wide event of an invocation, filled while it runs.
type record struct {
	mu       sync.Mutex
	function string
	trigger  string
	counts   map[string]int64
	notes    map[string]string
	lapses   map[string][]time.Duration
	attrs    []slog.Attr
	begun    time.Time
	header   string          // the host's traceparent
	observer Observer        // nil: nobody
	observed context.Context // what the observer returned
}

// NoteFailed is the note in which the handler of a request leaves why it answers with a server's fault.
const NoteFailed = "failed"

type recordKey struct{}

// record begins the wide event of a request.
func (s *Server) record(ctx context.Context, function, trigger string, r *http.Request) (context.Context, *record) {
	rec := &record{
		function: function, trigger: trigger, counts: map[string]int64{}, notes: map[string]string{}, begun: time.Now(),
		header: r.Header.Get(trace.Header), observer: s.Observer,
	}
	return context.WithValue(ctx, recordKey{}, rec), rec
}

// Count adds to a number in the invocation's log record. Outside an invocation it does nothing.
func Count(ctx context.Context, name string, n int64) {
	if r, ok := ctx.Value(recordKey{}).(*record); ok && n != 0 {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.counts[name] += n
	}
}

// Note sets a text in the invocation's log record: an id, never content. Outside an invocation it does nothing.
func Note(ctx context.Context, name, text string) {
	if r, ok := ctx.Value(recordKey{}).(*record); ok {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.notes[name] = text
	}
}

// Lapse adds a time that something took or waited. The invocation's log record has the longest, in milliseconds; name it
// with _ms at the end. Outside an invocation it does nothing, and a time that a clock which is behind makes negative is 0.
func Lapse(ctx context.Context, name string, d time.Duration) {
	if r, ok := ctx.Value(recordKey{}).(*record); ok {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.lapses == nil {
			r.lapses = map[string][]time.Duration{}
		}
		r.lapses[name] = append(r.lapses[name], max(0, d))
	}
}

// begin tells the observer, once what the invocation was caused by is known.
func (r *record) begin(ctx context.Context, messages []string) context.Context {
	if r.observer == nil {
		return ctx
	}
	r.observed = r.observer.Begin(ctx, Causes{Function: r.function, Trigger: r.trigger, Begun: r.begun, Header: r.header, Messages: messages})
	return r.observed
}

// end logs the record and tells the observer.
func (r *record) end(ctx context.Context, logger *slog.Logger, e effect, err error) {
	if r.observed == nil {
		ctx = r.begin(ctx, nil) // it ended before its messages were read
	} else {
		ctx = r.observed
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	took := time.Since(r.begun)
	attrs := append(r.attrs, slog.String("outcome", e.outcome), slog.Int64("duration_ms", took.Milliseconds()))
	for name, n := range r.counts {
		attrs = append(attrs, slog.Int64(name, n))
	}
	for name, all := range r.lapses {
		attrs = append(attrs, slog.Int64(name, slices.Max(all).Milliseconds()))
	}
	for name, text := range r.notes {
		attrs = append(attrs, slog.String(name, text))
	}
	level := slog.LevelInfo
	if err != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	logger.LogAttrs(ctx, level, "invocation", attrs...)
	if r.observer != nil {
		r.observer.End(ctx, Report{
			Function: r.function, Trigger: r.trigger, Outcome: e.outcome, Err: err, Duration: took, Attrs: attrs, Counts: r.counts, Lapses: r.lapses,
		})
	}
}
