package funchost

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"rekey/shared/host/trace"
)

// Observer is told of every invocation, for traces and metrics. It must not block: it stands in the way of the answer.
type Observer interface {
	// Begin returns the context that the handler works in.
	Begin(ctx context.Context, c Causes) context.Context
	// End is told what came of it. ctx is the one that Begin returned.
	End(ctx context.Context, r Report)
}

// Causes says where an invocation came from. The contexts are texts as they arrived, from senders that nobody vouches for.
type Causes struct {
	Function string
	Trigger  string
	Begun    time.Time
	Header   string   // the traceparent of the Functions host
	Messages []string // those of the messages that have one
}

// Report is an invocation's wide event.
type Report struct {
	Function string
	Trigger  string
	Outcome  string
	Err      error
	Duration time.Duration
	Attrs    []slog.Attr                // everything that the log says
	Counts   map[string]int64           // see Count
	Lapses   map[string][]time.Duration // see Lapse
}

// Outcomes are the words for what an invocation can come to.
var Outcomes = []string{"success", "unreadable", "timeout", "poison", "denied", "limit", "retry"}

// FunctionHTTP stands for the function of a proxied request: the host does not say which of an app's it is.
const FunctionHTTP = "http"

// senders are the properties in which senders of messages leave their context: the one of W3C, and the older one of
// Azure's clients, with the same content.
var senders = []string{trace.Header, "Diagnostic-Id"}

// contexts are the traceparents that the messages of an invocation came with. A doorbell's is cut off its text.
func (inv *invocation) contexts(h Handler) []string {
	if h.queue != nil && len(inv.payload) > 0 {
		text, parent := trace.Cut(string(inv.payload[0].Body))
		inv.payload[0].Body = []byte(text)
		return present(parent)
	}
	if !inv.meta.traced {
		return nil
	}
	var many []map[string]any
	if !inv.meta.into("propertiesarray", &many) {
		many = make([]map[string]any, 1)
		inv.meta.into("properties", &many[0])
	}
	var out []string
	for _, properties := range many {
		for _, name := range senders {
			if t, ok := properties[name].(string); ok {
				out = append(out, present(t)...)
				break
			}
		}
	}
	return out
}

func present(text string) []string {
	var inner string
	if json.Unmarshal([]byte(text), &inner) == nil { // a value may be wrapped once more
		text = inner
	}
	if text == "" {
		return nil
	}
	return []string{text}
}
