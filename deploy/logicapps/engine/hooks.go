package engine

import (
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
)

// hooks are the addresses at which a workflow is called back. The signature in them is what opens them.
type hooks struct {
	server *httptest.Server
	secret string
	mu     sync.Mutex
	got    map[string][]any // by the name of the action or trigger
	gone   map[string]bool  // that are called back no more
}

func newHooks(c *tls.Config) *hooks {
	h := &hooks{secret: rand.Text(), got: map[string][]any{}, gone: map[string]bool{}}
	h.server = httptest.NewUnstartedServer(h)
	h.server.TLS = c
	h.server.StartTLS()
	return h
}

func (h *hooks) url(name string) string {
	return h.server.URL + "/workflows/w1/hooks/" + name + "?api-version=2016-10-01&sig=" + h.secret
}

// ServeHTTP takes a call as Logic Apps does: 202, and nothing of it is looked at before.
func (h *hooks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Path[len("/workflows/w1/hooks/"):]
	var body any
	b, err := io.ReadAll(r.Body)
	if err := errors.Join(err, json.Unmarshal(b, &body)); err != nil || r.Header.Get("Content-Type") != "application/json" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case r.URL.Query().Get("sig") != h.secret:
		w.WriteHeader(http.StatusUnauthorized)
	case h.gone[name]:
		w.WriteHeader(http.StatusNotFound)
	default:
		h.got[name] = append(h.got[name], body)
		w.WriteHeader(http.StatusAccepted)
	}
}

func (h *hooks) take(name string) (any, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.got[name]) == 0 {
		return nil, false
	}
	body := h.got[name][0]
	h.got[name] = h.got[name][1:]
	return body, true
}

// Delete makes the workflow's trigger one that is not there any more.
func (w *Workflow) Delete() {
	w.hooks.mu.Lock()
	defer w.hooks.mu.Unlock()
	w.hooks.gone[w.trigger] = true
}

// Callbacks is what calls back need to reach the workflow: its certificate is its own.
func (w *Workflow) Callbacks() http.RoundTripper { return w.hooks.server.Client().Transport }

// Secret is the signature of the workflow's callbacks, which may appear nowhere.
func (w *Workflow) Secret() string { return w.hooks.secret }

// Close ends it.
func (w *Workflow) Close() { w.hooks.server.Close() }

// maxIdle is how often the world goes on before a step that waits gives up.
const maxIdle = 100

// wait subscribes, waits for the call, and unsubscribes, whether it came or not.
func (w *Workflow) wait(s *scope, name string, a step) error {
	s.callback = w.hooks.url(name)
	out, err := w.http(s, a.Inputs["subscribe"], false)
	if err == nil {
		err = refused("subscribing", out)
	}
	if err != nil {
		return err
	}
	called := false
	for range maxIdle {
		var body any
		if body, called = w.hooks.take(name); called {
			s.outputs[name] = map[string]any{"body": body}
			break
		}
		w.Idle()
	}
	if out, err = w.http(s, a.Inputs["unsubscribe"], false); err == nil {
		err = refused("unsubscribing", out)
	}
	if !called {
		err = errors.Join(errors.New("nobody called back"), err)
	}
	return err
}
