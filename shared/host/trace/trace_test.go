package trace_test

import (
	"context"
	"strings"
	"testing"

	otel "go.opentelemetry.io/otel/trace"

	"rekey/shared/host/trace"
)

const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func TestADoorbellCarriesTheContextInItsLastLine(t *testing.T) {
	ctx := otel.ContextWithRemoteSpanContext(t.Context(), trace.Parse(parent))
	text := trace.Join(ctx, "op-1")
	if text != "op-1\ntraceparent="+parent {
		t.Fatalf("got %q", text)
	}
	if rest, got := trace.Cut(text); rest != "op-1" || got != parent {
		t.Errorf("got %q and %q", rest, got)
	}
}

func TestADoorbellWithoutATraceIsTheBareID(t *testing.T) {
	if got := trace.Join(context.Background(), "op-1"); got != "op-1" {
		t.Errorf("got %q", got)
	}
	if rest, got := trace.Cut("op-1"); rest != "op-1" || got != "" {
		t.Errorf("got %q and %q", rest, got)
	}
}

func TestWhatStandsBehindAnIDIsNeverPartOfIt(t *testing.T) {
	for name, text := range map[string]string{
		"no traceparent": "op-1\ntraceparent=nonsense", "a long one": "op-1\ntraceparent=" + strings.Repeat("x", 5000), "an empty one": "op-1\ntraceparent=",
	} {
		t.Run(name, func(t *testing.T) {
			rest, got := trace.Cut(text)
			if rest != "op-1" || trace.Parse(got).IsValid() {
				t.Errorf("got %q and %q", rest, got)
			}
		})
	}
}
