// Package otlp sends what an invocation's wide event says to an OpenTelemetry collector: as a span, as a log record and as
// metrics, by OTLP over HTTP (opentelemetry.io/docs/specs/otlp).
//
// It is on when OTEL_EXPORTER_OTLP_ENDPOINT is set, and reads the other settings of OpenTelemetry, too: headers,
// compression, timeouts, sampling, resource attributes. Nothing waits for it: what the collector does not take in time is
// dropped, and Rekey goes on.
//
// Spans and log records have ids of cases and operations, like the log. Metrics have labels out of fixed lists and none
// that anybody outside can choose, so that their number has a bound.
package otlp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"rekey/shared/host/telemetry"
)

// Endpoint is the setting that switches this package on: a URL to which /v1/traces, /v1/metrics and /v1/logs are added.
const Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"

// Config says who sends what.
type Config struct {
	Service     string       // the name of the app; OTEL_SERVICE_NAME wins
	Instance    string       // of the process
	Functions   []string     // all that are served: the values of the label function
	Instruments []Instrument // beside those of every invocation
	Logger      *slog.Logger // is told when something cannot be sent
}

// Exporter observes invocations (see funchost.Observer).
type Exporter struct {
	tracer  trace.Tracer
	logs    *sdklog.LoggerProvider
	meters  *meters
	closers []func(context.Context) error
}

// Wanted reports whether the environment asks for this.
func Wanted() bool {
	return os.Getenv(Endpoint) != "" && !strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true")
}

// scope names the instrumentation in what is sent.
const scope = "rekey"

// cardinality bounds the streams of one instrument, should the fixed lists be wrong.
const cardinality = 500

// Start makes an exporter. Its parts send in the background until Close.
func Start(ctx context.Context, c Config) (*Exporter, error) {
	if err := validate(); err != nil {
		return nil, err
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		c.Logger.WarnContext(context.Background(), "telemetry not sent", slog.String("reason", err.Error()))
	}))
	r, err := resource.New(ctx,
		resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", c.Service), attribute.String("service.instance.id", c.Instance)),
		resource.WithFromEnv(),
	)
	if err != nil {
		return nil, fmt.Errorf("reading OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	spans, errS := otlptracehttp.New(ctx)
	numbers, errN := otlpmetrichttp.New(ctx)
	records, errR := otlploghttp.New(ctx)
	if err := errors.Join(errS, errN, errR); err != nil {
		return nil, fmt.Errorf("preparing telemetry: %s", telemetry.Redact(err.Error()))
	}
	tracers := sdktrace.NewTracerProvider(append(sampler(), sdktrace.WithResource(r), sdktrace.WithBatcher(spans))...)
	meter := metric.NewMeterProvider(metric.WithResource(r), metric.WithReader(metric.NewPeriodicReader(numbers)), metric.WithCardinalityLimit(cardinality))
	logs := sdklog.NewLoggerProvider(sdklog.WithResource(r), sdklog.WithProcessor(sdklog.NewBatchProcessor(records)))
	m, err := newMeters(meter.Meter(scope), c)
	return &Exporter{
		tracer: tracers.Tracer(scope), logs: logs, meters: m,
		closers: []func(context.Context) error{tracers.Shutdown, meter.Shutdown, logs.Shutdown},
	}, err
}

// validate words the mistakes that the exporters would find one by one, in the background.
func validate() error {
	u, err := url.Parse(os.Getenv(Endpoint))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("%s is no URL of a collector: it is like https://collector.example.com:4318, without /v1/traces", Endpoint)
	}
	switch p := os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL"); p {
	case "", "http/protobuf":
		return nil
	default:
		return fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL is %q: Rekey speaks http/protobuf; leave it empty and give the collector's HTTP port, 4318", p)
	}
}

// sampler records everything, whatever the sender of a message says about its own trace: who writes into a hub must not
// choose what is seen of it. The setting of OpenTelemetry wins.
func sampler() []sdktrace.TracerProviderOption {
	if os.Getenv("OTEL_TRACES_SAMPLER") != "" {
		return nil
	}
	return []sdktrace.TracerProviderOption{sdktrace.WithSampler(sdktrace.AlwaysSample())}
}

// Close sends what is left.
func (e *Exporter) Close(ctx context.Context) error {
	var all []error
	for _, f := range e.closers {
		all = append(all, f(ctx))
	}
	return errors.Join(all...)
}
