package otlp

import (
	"context"
	"errors"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"rekey/shared/host/funchost"
)

// Instrument takes one number of the wide event for a metric. Several may feed one metric, each with its own value of the
// label.
type Instrument struct {
	From         string // what funchost.Count or funchost.Lapse calls it
	Lapse        bool   // it is a time: the metric is a histogram of seconds
	Name         string
	Unit, Help   string
	Label, Value string // a label beside the function; may be empty
}

// other stands for a value that is in no list.
const other = "other"

// bounds of the histograms, in seconds: from one call to a day.
var bounds = []float64{0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600, 6 * 3600, 24 * 3600}

type meters struct {
	functions   []string
	invocations metric.Int64Counter
	durations   metric.Float64Histogram
	counters    map[string]counter
	histograms  map[string]histogram
}

type counter struct {
	metric.Int64Counter
	label []attribute.KeyValue
}

type histogram struct {
	metric.Float64Histogram
	label []attribute.KeyValue
}

func newMeters(m metric.Meter, c Config) (*meters, error) {
	out := &meters{functions: append(slices.Clone(c.Functions), funchost.FunctionHTTP), counters: map[string]counter{}, histograms: map[string]histogram{}}
	var errI, errD error
	out.invocations, errI = m.Int64Counter("rekey.invocations", metric.WithUnit("{invocation}"), metric.WithDescription("Invocations, by what they came to."))
	out.durations, errD = m.Float64Histogram("rekey.invocation.duration", metric.WithUnit("s"), metric.WithDescription("How long invocations took."), metric.WithExplicitBucketBoundaries(bounds...))
	errs := []error{errI, errD}
	for _, i := range c.Instruments {
		var label []attribute.KeyValue
		if i.Label != "" {
			label = []attribute.KeyValue{attribute.String(i.Label, i.Value)}
		}
		if i.Lapse {
			h, err := m.Float64Histogram(i.Name, metric.WithUnit("s"), metric.WithDescription(i.Help), metric.WithExplicitBucketBoundaries(bounds...))
			out.histograms[i.From] = histogram{h, label}
			errs = append(errs, err)
			continue
		}
		n, err := m.Int64Counter(i.Name, metric.WithUnit(i.Unit), metric.WithDescription(i.Help))
		out.counters[i.From] = counter{n, label}
		errs = append(errs, err)
	}
	return out, errors.Join(errs...)
}

// count takes the numbers of a wide event. What no instrument names stays in spans and logs.
func (m *meters) count(ctx context.Context, r funchost.Report) {
	function := attribute.String("function", within(r.Function, m.functions))
	outcome := metric.WithAttributes(function, attribute.String("outcome", within(r.Outcome, funchost.Outcomes)))
	m.invocations.Add(ctx, 1, outcome)
	m.durations.Record(ctx, r.Duration.Seconds(), outcome)
	for name, n := range r.Counts {
		if c, ok := m.counters[name]; ok {
			c.Add(ctx, n, metric.WithAttributes(append([]attribute.KeyValue{function}, c.label...)...))
		}
	}
	for name, all := range r.Lapses {
		h, ok := m.histograms[name]
		for _, d := range all {
			if ok {
				h.Record(ctx, d.Seconds(), metric.WithAttributes(append([]attribute.KeyValue{function}, h.label...)...))
			}
		}
	}
}

func within(value string, all []string) string {
	if slices.Contains(all, value) {
		return value
	}
	return other
}
