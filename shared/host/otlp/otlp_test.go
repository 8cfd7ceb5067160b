package otlp_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"rekey/shared/azure/graph"
	"rekey/shared/azure/queues"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/host/otlp"
	"rekey/shared/host/otlp/otlptest"
	"rekey/shared/host/telemetry"
)

// process is one served process with its telemetry.
type process struct {
	url       string
	collector *otlptest.Collector
	lines     *bytes.Buffer
	close     func()
}

// start serves functions with the exporter that the environment asks for.
func start(t *testing.T, routes map[string]funchost.Handler, instruments ...otlp.Instrument) *process {
	t.Helper()
	p := &process{collector: otlptest.Start(t), lines: &bytes.Buffer{}}
	t.Setenv(otlp.Endpoint, p.collector.URL)
	var names []string
	for name := range routes {
		names = append(names, name)
	}
	e, err := otlp.Start(t.Context(), otlp.Config{Service: "rekey-test", Instance: "one", Functions: names, Instruments: instruments, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	s, err := funchost.New(funchost.Config{Routes: routes, Logger: telemetry.NewLogger(p.lines, slog.LevelInfo, e.Handler(slog.LevelInfo)), Observer: e})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	p.url = server.URL
	p.close = func() {
		server.Close()
		if err := e.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}
	return p
}

func (p *process) post(t *testing.T, function, body, parent string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url+"/"+function, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if parent != "" {
		req.Header.Set("Traceparent", parent)
	}
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
}

// batch is an invocation of an event hub with the senders' properties of its messages.
func batch(properties ...string) string {
	quoted, err := json.Marshal("[" + strings.Join(properties, ",") + "]")
	if err != nil {
		panic(err)
	}
	events, _ := json.Marshal("[" + strings.TrimSuffix(strings.Repeat(`"e30=",`, len(properties)), ",") + "]")
	return fmt.Sprintf(`{"Data":{"events":%s},"Metadata":{"PropertiesArray":%s,"EnqueuedTimeUtcArray":"[\"2026-06-01T12:00:01.234\"]"}}`, events, quoted)
}

// doorbell is an invocation of a queue.
func doorbell(text string) string {
	inner, _ := json.Marshal(text)
	outer, _ := json.Marshal(string(inner))
	return fmt.Sprintf(`{"Data":{"message":%s},"Metadata":{"InsertionTime":"2026-06-01T12:00:00+00:00","DequeueCount":"1"}}`, outer)
}

const (
	secret = "s3cr3t.s3cr3t.s3cr3t"
	parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	other  = "00-11111111111111111111111111111111-2222222222222222-01"
	traced = "0af7651916cd43dd8448eb211c80319c"
)

type credential struct{}

func (credential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: secret, ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// azure stands for the queue service and for Graph: it keeps the messages and the headers.
type azure struct {
	server   *httptest.Server
	messages []string
	parents  []string
}

func startAzure(t *testing.T) *azure {
	a := &azure{}
	a.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.parents = append(a.parents, r.Header.Get("Traceparent"))
		if !strings.HasSuffix(r.URL.Path, "/messages") {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		var m struct{ MessageText string }
		b, _ := io.ReadAll(r.Body)
		if err := xml.Unmarshal(b, &m); err != nil {
			t.Error(err)
		}
		text, err := base64.StdEncoding.DecodeString(m.MessageText)
		if err != nil {
			t.Error(err)
		}
		a.messages = append(a.messages, string(text))
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `<QueueMessagesList><QueueMessage><MessageId>1</MessageId></QueueMessage></QueueMessagesList>`)
	}))
	t.Cleanup(a.server.Close)
	return a
}

// graphOf is the real client, at this server.
func (a *azure) graphOf() *graph.Client {
	return graph.New(a.server.URL, credential{}, azcore.ClientOptions{Transport: a.server.Client()})
}

func TestOneTraceLeadsFromTheHubsMessageOverTheDoorbellToTheLastCallOfGraph(t *testing.T) {
	a := startAzure(t)
	key := base64.StdEncoding.EncodeToString([]byte(secret))
	q, err := queues.FromConnectionString("DefaultEndpointsProtocol=https;AccountName=acc;AccountKey="+key+";QueueEndpoint="+a.server.URL+"/acc", azcore.ClientOptions{Transport: a.server.Client()})
	if err != nil {
		t.Fatal(err)
	}
	var heard string
	p := start(t, map[string]funchost.Handler{
		"signins": funchost.Events(func(ctx context.Context, _ funchost.Batch) error { return q.Bell("evict").Ring(ctx, "an-operation") }),
		"evict": funchost.Queue(func(ctx context.Context, m funchost.Message) error {
			heard = m.Text
			funchost.Note(ctx, "operation", m.Text)
			err := a.graphOf().SetEnabled(ctx, "victim", false)
			return errors.Join(err, fault.Errorf(fault.Limit, "stopped after Bearer %s", secret))
		}),
	})
	p.post(t, "signins", batch(`{"Diagnostic-Id":"`+parent+`"}`), other)
	if len(a.messages) != 1 || !strings.HasPrefix(a.messages[0], "an-operation\ntraceparent=00-"+traced) {
		t.Fatalf("the doorbell is %q", a.messages)
	}
	p.post(t, "evict", doorbell(a.messages[0]), "")
	p.close()
	if heard != "an-operation" {
		t.Errorf("the handler heard %q", heard)
	}
	spans := map[string]otlptest.Span{}
	for _, s := range p.collector.Spans() {
		spans[s.Name] = s
		if s.Trace != traced {
			t.Errorf("%s is in the trace %s", s.Name, s.Trace)
		}
	}
	for name, parent := range map[string]string{"queue POST": "signins", "evict": "signins", "graph PATCH": "evict"} {
		if s := spans[name]; s.Parent != spans[parent].ID || s.ID == "" {
			t.Errorf("%s has the parent %q, want %s", name, s.Parent, parent)
		}
	}
	if s := spans["signins"]; s.Parent != "b7ad6b7169203331" || !slices.Contains(s.Links, "11111111111111111111111111111111") {
		t.Errorf("the first span is %+v: the message is to be its parent, the host's context a link", s)
	}
	if got := a.parents[len(a.parents)-1]; got != "00-"+traced+"-"+spans["graph PATCH"].ID+"-01" {
		t.Errorf("Graph was told %q", got)
	}
	if s := spans["evict"]; s.Attributes["operation"] != "an-operation" || s.Attributes["outcome"] != "limit" || s.Attributes["calls_graph"] != "1" || s.Attributes["queue_age_ms"] == "" {
		t.Errorf("the wide event is not on the span: %v", s.Attributes)
	}
	records := p.collector.Records()
	if i := slices.IndexFunc(records, func(r otlptest.Record) bool { return r.Attributes["function"] == "evict" }); i < 0 || records[i].Span != spans["evict"].ID {
		t.Errorf("the log record of the eviction does not belong to its span: %v", records)
	}
	for where, all := range map[string][]byte{"what was sent": p.collector.Bodies(), "the log": p.lines.Bytes()} {
		for _, s := range []string{secret, key} {
			if bytes.Contains(all, []byte(s)) {
				t.Errorf("%q is in %s", s, where)
			}
		}
	}
	if !bytes.Contains(p.lines.Bytes(), []byte(`"function":"evict"`)) {
		t.Errorf("the log lines are gone: %s", p.lines)
	}
}

func TestTheParentOfAnInvocation(t *testing.T) {
	const sameTrace = "00-0af7651916cd43dd8448eb211c80319c-3333333333333333-01"
	tests := map[string]struct {
		body, header string
		trace        string // "": a new one
		links        int
	}{
		"a message, and nothing from the host":      {batch(`{"traceparent":"` + parent + `"}`), "", traced, 0},
		"two messages of one trace":                 {batch(`{"Diagnostic-Id":"`+parent+`"}`, `{"Diagnostic-Id":"`+sameTrace+`"}`), "", traced, 1},
		"messages of two traces, and the host's":    {batch(`{"Diagnostic-Id":"`+parent+`"}`, `{"Diagnostic-Id":"`+other+`"}`), sameTrace, traced, 2},
		"messages of two traces":                    {batch(`{"Diagnostic-Id":"`+parent+`"}`, `{"Diagnostic-Id":"`+other+`"}`), "", "", 2},
		"no context at all":                         {batch(`{}`), "", "", 0},
		"only the host's":                           {batch(`{}`), parent, traced, 0},
		"a context that is none":                    {batch(`{"Diagnostic-Id":"00-zz"}`), "", "", 0},
		"a context that asks not to be recorded":    {batch(`{"Diagnostic-Id":"` + strings.TrimSuffix(parent, "1") + `0"}`), "", traced, 0},
		"properties that are no object":             {batch(`17`), "", "", 0},
		"a body that is not the JSON of the host's": {`{"Data":`, parent, traced, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := start(t, map[string]funchost.Handler{"f": funchost.Events(func(context.Context, funchost.Batch) error { return nil })})
			p.post(t, "f", tt.body, tt.header)
			p.close()
			spans := p.collector.Spans()
			if len(spans) != 1 {
				t.Fatalf("%d spans", len(spans))
			}
			got := spans[0]
			if tt.trace != "" && got.Trace != tt.trace || tt.trace == "" && got.Parent != "" || len(got.Links) != tt.links {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestAClientOfTheHTTPFunctionsDoesNotChooseTheTrace(t *testing.T) {
	p := start(t, map[string]funchost.Handler{"risk": funchost.HTTP(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/api/x?code="+secret, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Traceparent", parent)
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	p.close()
	if s := p.collector.Spans()[0]; s.Name != "http" || s.Trace == traced || !slices.Contains(s.Links, traced) {
		t.Errorf("got %+v", s)
	}
	if bytes.Contains(p.collector.Bodies(), []byte(secret)) {
		t.Error("the function key was sent")
	}
}

func TestAMetricHasNoLabelThatSomebodyElseChooses(t *testing.T) {
	p := start(t, map[string]funchost.Handler{
		"f": funchost.Queue(func(ctx context.Context, m funchost.Message) error {
			funchost.Note(ctx, "principal", m.Text)
			funchost.Count(ctx, "found_high", 1)
			funchost.Count(ctx, "found_"+m.Text, 1)
			funchost.Lapse(ctx, "lag_ms", time.Second)
			if len(m.Text)%2 == 0 {
				return fmt.Errorf("something about %s", m.Text)
			}
			return nil
		}),
	}, otlp.Instrument{From: "found_high", Name: "rekey.found", Label: "level", Value: "high"}, otlp.Instrument{From: "lag_ms", Lapse: true, Name: "rekey.lag"})
	const many = 200
	for i := range many {
		p.post(t, "f", doorbell(strings.Repeat("x", i)+"-0000-principal"), "")
	}
	p.close()
	allowed := map[string][]string{"function": {"f"}, "outcome": {"success", "retry"}, "level": {"high"}}
	sums := map[string]int64{}
	for _, s := range p.collector.Points() {
		sums[s.Metric] += s.Value
		for label, value := range s.Attributes {
			if !slices.Contains(allowed[label], value) {
				t.Errorf("%s has the label %s=%q", s.Metric, label, value)
			}
		}
	}
	for _, metric := range []string{"rekey.invocations", "rekey.invocation.duration", "rekey.found", "rekey.lag"} {
		if sums[metric] != many {
			t.Errorf("%s is %d, want %d", metric, sums[metric], many)
		}
	}
}

func TestAMistakeInTheSettingsIsToldAtOnce(t *testing.T) {
	tests := map[string]struct{ endpoint, protocol, want string }{
		"no URL":              {"collector:4318", "", "OTEL_EXPORTER_OTLP_ENDPOINT is no URL"},
		"a protocol of gRPC":  {"http://localhost:4317", "grpc", `OTEL_EXPORTER_OTLP_PROTOCOL is "grpc"`},
		"a secret in the URL": {"//user:" + secret + "@host", "", "OTEL_EXPORTER_OTLP_ENDPOINT is no URL"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv(otlp.Endpoint, tt.endpoint)
			t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", tt.protocol)
			_, err := otlp.Start(t.Context(), otlp.Config{Logger: slog.New(slog.DiscardHandler)})
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), secret) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestNothingWaitsForACollectorThatIsGone(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close() // it takes connections, and answers none of them
	t.Setenv(otlp.Endpoint, "http://"+ln.Addr().String())
	e, err := otlp.Start(t.Context(), otlp.Config{Functions: []string{"f"}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	s, err := funchost.New(funchost.Config{Observer: e, Logger: slog.New(e.Handler(slog.LevelInfo)), Routes: map[string]funchost.Handler{
		"f": funchost.Queue(func(context.Context, funchost.Message) error { return nil }),
	}})
	if err != nil {
		t.Fatal(err)
	}
	const many = 5_000 // more than fit into what waits to be sent
	begun := time.Now()
	for range many {
		s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/f", strings.NewReader(doorbell("x"))))
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("%d invocations took %s", many, took)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := e.Close(ctx); err == nil {
		t.Error("what was not sent is not told")
	}
}

func TestItIsOffUnlessTheEnvironmentAsks(t *testing.T) {
	for name, tt := range map[string]struct {
		endpoint, disabled string
		want               bool
	}{"nothing is set": {"", "", false}, "an endpoint is set": {"http://localhost:4318", "", true}, "it is switched off": {"http://localhost:4318", "true", false}} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(otlp.Endpoint, tt.endpoint)
			t.Setenv("OTEL_SDK_DISABLED", tt.disabled)
			if got := otlp.Wanted(); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
