package functions

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
)

// Config says what to host.
type Config struct {
	// Root is the staged app: host.json, function folders and the executable.
	Root string
	// Settings are the app settings: %NAME% in function.json, connections by name, and the handler's environment on top
	// of this process's.
	Settings map[string]string
	// HTTPAddr is where HTTP functions are reached, "127.0.0.1:0" for any free port. Empty: no HTTP.
	HTTPAddr string
	// Keys are the app's function keys by name; "_master" opens functions of level admin, too. Without keys every HTTP
	// function that is not anonymous answers 401.
	Keys map[string]string
	// Output receives what the handler prints and logs, each line with its origin. Nil discards it.
	Output io.Writer
	// Logger receives one record an invocation and what befalls the handler. Nil discards them.
	Logger *slog.Logger
}

// Host runs one app.
type Host struct {
	process  *process
	triggers []trigger
	front    *front
	listener net.Listener // nil: no HTTP
}

// trigger waits for work and has it done, until the context ends.
type trigger interface {
	run(ctx context.Context) error
}

// New reads and checks the app. All complaints come in one error. The HTTP address is taken at once, so that HTTPAddr
// can be told to others before Run.
func New(c Config) (*Host, error) {
	root, err := filepath.Abs(c.Root)
	if err != nil {
		return nil, fmt.Errorf("finding the app: %w", err)
	}
	options, err := readHostJSON(root)
	if err != nil {
		return nil, err
	}
	functions, err := readFunctions(root, c.Settings, options)
	if err != nil {
		return nil, err
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	b, err := newBuilder(root, c, options)
	if err != nil {
		return nil, err
	}
	for _, f := range functions {
		if err := b.add(f); err != nil {
			return nil, fmt.Errorf("preparing function %s: %w", f.name, err)
		}
	}
	h := &Host{process: b.caller.process, triggers: b.triggers, front: newFront(b.routes, c.Keys, b.caller, c.Logger)}
	if c.HTTPAddr == "" {
		return h, nil
	}
	h.listener, err = net.Listen("tcp", c.HTTPAddr) //nolint:noctx // takes no time on a local address
	if err != nil {
		return nil, fmt.Errorf("listening for HTTP: %w", err)
	}
	return h, nil
}

// Run serves the app until the context ends, which is no error, or until the handler has crashed too often.
func (h *Host) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return h.process.run(ctx) })
	for _, t := range h.triggers {
		g.Go(func() error { return t.run(ctx) })
	}
	if h.listener != nil {
		g.Go(func() error { return h.front.serve(ctx, h.listener) })
	}
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("hosting functions: %w", err)
	}
	return nil
}

// HTTPAddr is the address of the HTTP functions, or empty.
func (h *Host) HTTPAddr() string {
	if h.listener == nil {
		return ""
	}
	return h.listener.Addr().String()
}

// HandlerPID is the process id of the handler, 0 when it is not running.
func (h *Host) HandlerPID() int {
	h.process.mu.Lock()
	defer h.process.mu.Unlock()
	return h.process.pid
}

// newTransport talks to the handler: no proxy, no compression, connections kept.
func newTransport() *http.Transport {
	return &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute}
}
