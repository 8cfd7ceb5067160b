// Package traced makes the calls of all Azure clients visible: how many an invocation made of each kind and how many were
// told to come later are in its wide event, and when it is traced, each call is a span whose context goes along.
//
// The SDK has tracing of its own. It is not used, because its spans have the URL: that of a Graph call names principals,
// and a filter may hold what an intruder chose. These spans have the method, the host and the status, and no secret can get
// into them.
package traced

import (
	"net/http"
	"slices"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"rekey/shared/host/funchost"
	text "rekey/shared/host/trace"
)

// Kinds of services, as calls are counted.
const (
	Graph = "graph"
	ARM   = "arm"
	Vault = "vault"
	Table = "table"
	Queue = "queue"
	Blob  = "blob"
	Token = "token"
)

// Kinds lists them.
var Kinds = []string{Graph, ARM, Vault, Table, Queue, Blob, Token}

// Calls is the name of the number of calls of a kind in the wide event.
func Calls(kind string) string { return "calls_" + kind }

// Throttled is the name of the number of answers that said "later".
const Throttled = "throttled"

// Options returns a client's options with the calls made visible.
func Options(kind string, o azcore.ClientOptions) azcore.ClientOptions {
	o.PerRetryPolicies = append(slices.Clip(o.PerRetryPolicies), call{kind, Calls(kind)})
	return o
}

type call struct{ kind, count string }

// Do implements policy.Policy. Each try is a call of its own: that is what is billed and throttled.
func (c call) Do(req *policy.Request) (*http.Response, error) {
	ctx := req.Raw().Context()
	funchost.Count(ctx, c.count, 1)
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		resp, err := req.Next()
		c.throttled(req, resp)
		return resp, err
	}
	r := req.Raw()
	ctx, span := parent.TracerProvider().Tracer("rekey").Start(ctx, c.kind+" "+r.Method, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("rekey.service", c.kind), attribute.String("http.request.method", r.Method), attribute.String("server.address", r.URL.Hostname()),
	))
	defer span.End()
	req = req.WithContext(ctx)
	req.Raw().Header.Set(text.Header, text.Text(ctx))
	resp, err := req.Next()
	c.throttled(req, resp)
	switch {
	case err != nil:
		span.SetStatus(codes.Error, "no answer")
	default:
		span.SetAttributes(attribute.Int("http.response.status_code", resp.StatusCode))
		if resp.StatusCode >= http.StatusBadRequest {
			span.SetStatus(codes.Error, "")
		}
	}
	return resp, err
}

func (call) throttled(req *policy.Request, resp *http.Response) {
	if resp != nil && (resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable) {
		funchost.Count(req.Raw().Context(), Throttled, 1)
	}
}
