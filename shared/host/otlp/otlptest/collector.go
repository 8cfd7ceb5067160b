// Package otlptest is a collector for tests: it takes OTLP over HTTP on the loopback and remembers what came.
package otlptest

import (
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	logs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	metrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	traces "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	metric "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/protobuf/proto"
)

// Span is a span as it came.
type Span struct {
	Name, Trace, ID, Parent string
	Links                   []string // the traces that are linked
	Attributes              map[string]string
}

// Record is a log record.
type Record struct {
	Body, Trace, Span string
	Attributes        map[string]string
}

// Point is one stream of a metric, with its last value: a counter's sum, a histogram's count.
type Point struct {
	Metric     string
	Attributes map[string]string
	Value      int64
}

// Collector is a running collector.
type Collector struct {
	URL string

	mu      sync.Mutex
	spans   []Span
	records []Record
	points  map[string]Point
	bodies  []byte
}

// Start serves until the test ends.
func Start(t testing.TB) *Collector {
	t.Helper()
	c := &Collector{points: map[string]Point{}}
	s := httptest.NewServer(c)
	t.Cleanup(s.Close)
	c.URL = s.URL
	return c
}

// ServeHTTP implements http.Handler.
func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := read(r)
	if err == nil {
		err = c.take(r.URL.Path, body)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func read(r *http.Request) ([]byte, error) {
	if r.Header.Get("Content-Encoding") != "gzip" {
		return io.ReadAll(r.Body)
	}
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

func (c *Collector) take(path string, body []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bodies = append(c.bodies, body...)
	switch path {
	case "/v1/traces":
		return c.takeSpans(body)
	case "/v1/logs":
		return c.takeRecords(body)
	case "/v1/metrics":
		return c.takePoints(body)
	}
	return fmt.Errorf("nothing is sent to %s", path)
}

func (c *Collector) takeSpans(body []byte) error {
	var m traces.ExportTraceServiceRequest
	if err := proto.Unmarshal(body, &m); err != nil {
		return err
	}
	for _, r := range m.ResourceSpans {
		for _, scope := range r.ScopeSpans {
			for _, s := range scope.Spans {
				span := Span{
					Name: s.Name, Trace: hex.EncodeToString(s.TraceId), ID: hex.EncodeToString(s.SpanId), Parent: hex.EncodeToString(s.ParentSpanId), Attributes: texts(s.Attributes),
				}
				for _, l := range s.Links {
					span.Links = append(span.Links, hex.EncodeToString(l.TraceId))
				}
				c.spans = append(c.spans, span)
			}
		}
	}
	return nil
}

func (c *Collector) takeRecords(body []byte) error {
	var m logs.ExportLogsServiceRequest
	if err := proto.Unmarshal(body, &m); err != nil {
		return err
	}
	for _, r := range m.ResourceLogs {
		for _, scope := range r.ScopeLogs {
			for _, l := range scope.LogRecords {
				c.records = append(c.records, Record{
					Body: l.Body.GetStringValue(), Trace: hex.EncodeToString(l.TraceId), Span: hex.EncodeToString(l.SpanId), Attributes: texts(l.Attributes),
				})
			}
		}
	}
	return nil
}

func (c *Collector) takePoints(body []byte) error {
	var m metrics.ExportMetricsServiceRequest
	if err := proto.Unmarshal(body, &m); err != nil {
		return err
	}
	for _, r := range m.ResourceMetrics {
		for _, scope := range r.ScopeMetrics {
			for _, x := range scope.Metrics {
				for _, p := range streams(x) {
					c.points[fmt.Sprint(p.Metric, p.Attributes)] = p
				}
			}
		}
	}
	return nil
}

func streams(m *metric.Metric) []Point {
	var out []Point
	for _, p := range m.GetSum().GetDataPoints() {
		out = append(out, Point{m.Name, texts(p.Attributes), p.GetAsInt()})
	}
	for _, p := range m.GetHistogram().GetDataPoints() {
		out = append(out, Point{m.Name, texts(p.Attributes), int64(p.Count)}) //nolint:gosec // a few
	}
	return out
}

func texts(attributes []*common.KeyValue) map[string]string {
	out := map[string]string{}
	for _, a := range attributes {
		switch v := a.Value.Value.(type) {
		case *common.AnyValue_StringValue:
			out[a.Key] = v.StringValue
		case *common.AnyValue_IntValue:
			out[a.Key] = fmt.Sprint(v.IntValue)
		default:
			out[a.Key] = a.Value.String()
		}
	}
	return out
}

// Spans returns the spans that came.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.spans)
}

// Records returns the log records that came.
func (c *Collector) Records() []Record {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.records)
}

// Points returns the streams of all metrics that came.
func (c *Collector) Points() []Point {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Values(c.points))
}

// Bodies returns every byte that came.
func (c *Collector) Bodies() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.bodies)
}
