package functions

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"
)

// maxRequest is the real host's limit for a request's body.
const maxRequest = 104_857_600

// masterKey is the name of the key that opens the functions of level admin. It opens all others, too.
const masterKey = "_master"

// front is the host's HTTP side: it checks keys and passes requests on untouched.
type front struct {
	routes []route
	keys   map[string]string
	caller *caller
	proxy  *httputil.ReverseProxy
	log    *slog.Logger
}

func newFront(routes []route, keys map[string]string, c *caller, log *slog.Logger) *front {
	slices.SortStableFunc(routes, specific)
	f := &front{routes: routes, keys: keys, caller: c, log: log}
	target := &url.URL{Scheme: "http", Host: c.process.address()}
	f.proxy = &httputil.ReverseProxy{
		Transport: c.client.Transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.URL.Path, r.Out.URL.RawPath, r.Out.URL.RawQuery = r.In.URL.Path, r.In.URL.RawPath, r.In.URL.RawQuery
			r.SetXForwarded()
			id := uuid.NewString()
			r.Out.Header.Set("X-Azure-Functions-InvocationId", id)
			r.Out.Header.Set("X-Ms-Invocation-Id", id)
			r.Out.Header.Set("X-Azure-Functions-HostVersion", hostVersion)
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			log.WarnContext(r.Context(), "proxying", slog.Any("error", err))
			var tooLarge *http.MaxBytesError
			if errors.As(err, &tooLarge) {
				w.WriteHeader(http.StatusRequestEntityTooLarge)
				return
			}
			w.WriteHeader(http.StatusBadGateway)
		},
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	return f
}

// serve answers until the context ends. Requests that are being answered then are cut off, as the handler is.
func (f *front) serve(ctx context.Context, l net.Listener) error {
	s := &http.Server{
		Handler: http.MaxBytesHandler(f, maxRequest), ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    slog.NewLogLogger(f.log.Handler(), slog.LevelWarn),
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		err := s.Close()
		<-done
		return err
	}
}

// ServeHTTP implements http.Handler.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/":
		w.WriteHeader(http.StatusOK)
		return
	case "/admin/host/status":
		f.status(w)
		return
	}
	to, ok := find(f.routes, r)
	switch {
	case !ok:
		w.WriteHeader(http.StatusNotFound)
	case !f.allowed(to.level, r):
		w.WriteHeader(http.StatusUnauthorized)
	default:
		f.pass(w, r)
	}
}

// status tells whether the handler is running. The real host wants the master key for this; nothing secret is in it.
func (f *front) status(w http.ResponseWriter) {
	state := "Initialized"
	if f.caller.process.isReady() {
		state = "Running"
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{"state": state, "version": hostVersion}) // the client may be gone
}

// pass proxies a request within the function timeout.
func (f *front) pass(w http.ResponseWriter, r *http.Request) {
	generation, err := f.caller.process.ready(r.Context())
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	ctx, cancel := f.caller.limit(r.Context())
	defer cancel()
	f.proxy.ServeHTTP(w, r.WithContext(ctx))
	if errors.Is(context.Cause(ctx), errTimeout) {
		f.caller.process.restart(generation)
	}
}

// allowed compares the request's key with the app's. The header wins over the query.
func (f *front) allowed(level string, r *http.Request) bool {
	if level == "anonymous" {
		return true
	}
	given := r.Header.Get("X-Functions-Key")
	if given == "" {
		given = r.URL.Query().Get("code")
	}
	for name, key := range f.keys {
		if (name == masterKey || level == "function") && key != "" && same(given, key) {
			return true
		}
	}
	return false
}

// same compares without telling by its duration how much is right.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
