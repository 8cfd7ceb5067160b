// Package trace carries a trace's context where Rekey's messages have room for it: W3C Trace Context's traceparent as
// text (w3.org/TR/trace-context), and a last line of a doorbell.
//
// A context says which calls belong together and nothing else. It comes from whoever sent the message, so no handler sees
// it and nothing is decided by it.
package trace

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Header is the name of the HTTP header, and of the key in a doorbell's last line.
const Header = "traceparent"

// line is what a doorbell's last line begins with. Not JSON: of a message that is an object, the Functions host takes its
// properties for metadata.
const line = "\n" + Header + "="

// Parse reads a traceparent. What is none gives a context that is not valid.
func Parse(text string) trace.SpanContext {
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{Header: text})
	return trace.SpanContextFromContext(ctx)
}

// Text is the traceparent of the span that ctx is in, or nothing.
func Text(ctx context.Context) string {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier[Header]
}

// Join adds the context to a doorbell's text, if there is one.
func Join(ctx context.Context, text string) string {
	if t := Text(ctx); t != "" {
		return text + line + t
	}
	return text
}

// Cut parts a doorbell's text from the traceparent in its last line. A line that is no traceparent is cut, too: it is no
// part of an id.
func Cut(text string) (rest, parent string) {
	i := strings.LastIndex(text, line)
	if i < 0 {
		return text, ""
	}
	return text[:i], text[i+len(line):]
}
