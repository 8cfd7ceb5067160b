package otlp

import (
	"context"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"rekey/shared/host/funchost"
	"rekey/shared/host/telemetry"
	text "rekey/shared/host/trace"
)

// kinds are the span kinds of triggers; a timer is internal.
var kinds = map[string]trace.SpanKind{"eventHub": trace.SpanKindConsumer, "queue": trace.SpanKindConsumer, "http": trace.SpanKindServer}

// Begin implements funchost.Observer.
func (e *Exporter) Begin(ctx context.Context, c funchost.Causes) context.Context {
	parent, links := lineage(c)
	ctx = trace.ContextWithRemoteSpanContext(ctx, parent)
	kind, ok := kinds[c.Trigger]
	if !ok {
		kind = trace.SpanKindInternal
	}
	ctx, _ = e.tracer.Start(ctx, c.Function, trace.WithTimestamp(c.Begun), trace.WithSpanKind(kind), trace.WithLinks(links...))
	return ctx
}

// lineage chooses the parent of an invocation's span. When all messages belong to one trace, it goes on with that: from
// the hub's message over the doorbells to the last call it is one. A batch of several traces belongs to the host's. All
// others are linked. A client of the HTTP functions chooses his own context, so it is only linked.
func lineage(c funchost.Causes) (parent trace.SpanContext, links []trace.Link) {
	header := text.Parse(c.Header)
	var messages []trace.SpanContext
	for _, t := range c.Messages {
		if sc := text.Parse(t); sc.IsValid() {
			messages = append(messages, sc)
		}
	}
	switch {
	case oneTrace(messages):
		parent = messages[0]
	case c.Trigger != funchost.FunctionHTTP:
		parent = header
	}
	for _, sc := range append(messages, header) {
		if sc.IsValid() && !sc.Equal(parent) {
			links = append(links, trace.Link{SpanContext: sc})
		}
	}
	return parent, links
}

func oneTrace(all []trace.SpanContext) bool {
	for _, sc := range all {
		if sc.TraceID() != all[0].TraceID() {
			return false
		}
	}
	return len(all) > 0
}

// End implements funchost.Observer.
func (e *Exporter) End(ctx context.Context, r funchost.Report) {
	span := trace.SpanFromContext(ctx)
	for _, a := range r.Attrs {
		span.SetAttributes(keyValue(telemetry.Hide(a)))
	}
	if r.Err != nil {
		span.SetStatus(codes.Error, r.Outcome)
	}
	span.End()
	e.meters.count(ctx, r)
}

func keyValue(a slog.Attr) attribute.KeyValue {
	switch v := a.Value.Resolve(); v.Kind() {
	case slog.KindInt64:
		return attribute.Int64(a.Key, v.Int64())
	case slog.KindFloat64:
		return attribute.Float64(a.Key, v.Float64())
	case slog.KindBool:
		return attribute.Bool(a.Key, v.Bool())
	case slog.KindTime:
		return attribute.String(a.Key, v.Time().UTC().Format(time.RFC3339Nano))
	default:
		return attribute.String(a.Key, telemetry.Redact(v.String()))
	}
}
