package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"rekey/handlers/metrics"
	"rekey/shared/fault"
	"rekey/shared/host/config"
	"rekey/shared/host/funchost"
	"rekey/shared/host/otlp"
	"rekey/shared/host/telemetry"
)

// process are the settings of the process itself.
type process struct {
	Root     string     `envconfig:"FUNCTIONS_APP_ROOT_PATH" default:"." help:"the app's folder, set by the Functions host"`
	LogLevel slog.Level `envconfig:"REKEY_LOG_LEVEL" default:"INFO" help:"DEBUG, INFO, WARN or ERROR"`
	Site     string     `envconfig:"WEBSITE_SITE_NAME" help:"the function app's name, set by Azure"`
	Worker   string     `envconfig:"FUNCTIONS_CUSTOMHANDLER_WORKER_ID" help:"the process's id, set by the Functions host"`
}

// memoryLimit makes the collector work harder well below the smallest instance (512 MB), where the decoded batches and
// the runtime have to fit side by side.
const memoryLimit = 400 << 20

// serve answers the host until ctx ends. It always returns an error.
//
// A wrong setting does not end the process: the host would give up after three tries, and nobody would see why. The
// reason is logged once, and every invocation fails with it, so that the hub's checkpoints wait.
func serve(ctx context.Context, ln net.Listener) error {
	debug.SetMemoryLimit(memoryLimit)
	var p process
	err := config.Load(&p)
	logger, export := observed(ctx, p)
	var routes map[string]funchost.Handler
	if err == nil {
		routes, err = staged(p.Root, logger)
	}
	if err != nil {
		logger.ErrorContext(ctx, "not ready", slog.String("error", err.Error()))
		routes = refuse(p.Root, err)
	}
	c := funchost.Config{Routes: routes, Logger: logger}
	if export != nil {
		c.Observer = export
	}
	s, err := funchost.New(c)
	if err != nil {
		return err
	}
	logger.InfoContext(ctx, "ready", slog.Int("functions", len(routes)))
	err = s.Serve(ctx, ln)
	if export == nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flush)
	defer cancel()
	return errors.Join(err, export.Close(ctx))
}

// flush is how long a process that ends waits for its telemetry to be taken.
const flush = 3 * time.Second

// observed makes the logger, and the exporter if the environment asks for one. A mistake in what concerns telemetry only is
// logged and does not stop the work.
func observed(ctx context.Context, p process) (*slog.Logger, *otlp.Exporter) {
	lines := telemetry.NewLogger(os.Stdout, p.LogLevel)
	if !otlp.Wanted() {
		return lines, nil
	}
	names, _ := funchost.Staged(p.Root) // an error is told where the functions are made
	export, err := otlp.Start(ctx, otlp.Config{
		Service: cmp.Or(p.Site, "rekey"), Instance: cmp.Or(p.Worker, rand.Text()), Functions: names, Instruments: metrics.Instruments(), Logger: lines,
	})
	if err != nil {
		lines.ErrorContext(ctx, "telemetry is off", slog.String("error", err.Error()))
		return lines, nil
	}
	return telemetry.NewLogger(os.Stdout, p.LogLevel, export.Handler(p.LogLevel)), export
}

// staged makes the handlers of the functions that are staged beside the binary, and of no others: an app that is not
// given a setting cannot be made to use it.
func staged(root string, logger *slog.Logger) (map[string]funchost.Handler, error) {
	names, err := funchost.Staged(root)
	if err != nil {
		return nil, err
	}
	routes := map[string]funchost.Handler{}
	for _, name := range names {
		make, ok := functions[strings.TrimRight(name, "0123456789")] // vaultlogs2 is vaultlogs of another region's hub
		if !ok {
			return nil, fmt.Errorf("function %q is staged, but this program has no handler of that name", name)
		}
		if routes[name], err = make(logger); err != nil {
			return nil, fmt.Errorf("preparing function %s: %w", name, err)
		}
	}
	return routes, nil
}

// refuse answers every staged function with the reason.
func refuse(root string, reason error) map[string]funchost.Handler {
	names, _ := funchost.Staged(root)
	routes := map[string]funchost.Handler{"proxied": funchost.HTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		funchost.Note(r.Context(), funchost.NoteFailed, "not ready: "+reason.Error())
		http.Error(w, `{"error":{"code":"serviceNotAvailable","message":"A setting is missing or wrong; the app's log says which."}}`, http.StatusServiceUnavailable)
	}))}
	for _, name := range names {
		routes[name] = funchost.Events(func(context.Context, funchost.Batch) error {
			return fault.Errorf(fault.Transient, "not ready: %w", reason)
		})
	}
	return routes
}
