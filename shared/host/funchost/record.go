package funchost

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// record is the one wide event of an invocation, filled while it runs.
type record struct {
	mu     sync.Mutex
	counts map[string]int64
	notes  map[string]string
	attrs  []slog.Attr
	begun  time.Time
}

type recordKey struct{}

func withRecord(ctx context.Context) (context.Context, *record) {
	r := &record{counts: map[string]int64{}, notes: map[string]string{}, begun: time.Now()}
	return context.WithValue(ctx, recordKey{}, r), r
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

// write logs the record.
func (r *record) write(ctx context.Context, logger *slog.Logger, e effect, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	attrs := append(r.attrs, slog.String("outcome", e.outcome), slog.Int64("duration_ms", time.Since(r.begun).Milliseconds()))
	for name, n := range r.counts {
		attrs = append(attrs, slog.Int64(name, n))
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
}
