package otlp

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"

	"rekey/shared/host/telemetry"
)

// Handler returns the handler by which the log's records are sent, too, from a level on. A record that is written within
// an invocation belongs to its span.
func (e *Exporter) Handler(level slog.Level) slog.Handler {
	return &handler{logger: e.logs.Logger(scope), level: level}
}

type handler struct {
	logger log.Logger
	level  slog.Level
	attrs  []slog.Attr // of With
	prefix string      // of WithGroup
}

// Enabled implements slog.Handler.
func (h *handler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

// Handle implements slog.Handler.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	var out log.Record
	out.SetTimestamp(r.Time)
	out.SetObservedTimestamp(time.Now())
	out.SetSeverity(log.Severity(int(r.Level) + int(log.SeverityInfo))) // four steps between the levels of both
	out.SetSeverityText(r.Level.String())
	out.SetBody(attribute.StringValue(telemetry.Redact(r.Message)))
	add := func(a slog.Attr) {
		out.AddAttributes(keyValue(telemetry.Hide(slog.Attr{Key: a.Key, Value: a.Value.Resolve()})))
	}
	for _, a := range h.attrs {
		add(a)
	}
	r.Attrs(func(a slog.Attr) bool { add(slog.Attr{Key: h.prefix + a.Key, Value: a.Value}); return true })
	h.logger.Emit(ctx, out)
	return nil
}

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	c.attrs = slices.Clone(h.attrs)
	for _, a := range attrs {
		c.attrs = append(c.attrs, slog.Attr{Key: h.prefix + a.Key, Value: a.Value})
	}
	return &c
}

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	c := *h
	c.prefix += name + "."
	return &c
}
