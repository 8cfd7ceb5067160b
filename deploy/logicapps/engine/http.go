package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"
)

// What the engine does by default.
const (
	tries      = 5 // the first one, and four more
	firstPause = 7 * time.Second
	pollPause  = 20 * time.Second
	maxPolls   = 100
)

// request is an HTTP call.
type request struct {
	method, url string
	headers     map[string]string
	body        any
	auth        string // an access token; "" for none
}

// http makes the call that an action's inputs describe.
func (w *Workflow) http(s *scope, inputs any, async bool) (map[string]any, error) {
	v, err := s.value(inputs)
	if err != nil {
		return nil, err
	}
	in, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("there are no inputs")
	}
	r := request{method: asText(in["method"]), url: asText(in["uri"]), body: in["body"], headers: map[string]string{}}
	if q, ok := in["queries"].(map[string]any); ok {
		values := url.Values{}
		for k, v := range q {
			values.Set(k, asText(v))
		}
		r.url += "?" + values.Encode()
	}
	if h, ok := in["headers"].(map[string]any); ok {
		for k, v := range h {
			r.headers[k] = asText(v)
		}
	}
	if a, ok := in["authentication"].(map[string]any); ok {
		if a["type"] != "ManagedServiceIdentity" {
			return nil, fmt.Errorf("an authentication of the type %v is not known here", a["type"])
		}
		r.auth = w.Token(asText(a["audience"]))
	}
	out, err := w.send(r)
	if err != nil || !async {
		return out.output(), err
	}
	return w.follow(out, r)
}

// send makes a call, and makes it again when the answer is that of a moment.
func (w *Workflow) send(r request) (Response, error) {
	for try, pause := 1, firstPause; ; try, pause = try+1, 2*pause {
		out, err := w.once(r)
		again := err == nil && (out.Status == http.StatusRequestTimeout || out.Status == http.StatusTooManyRequests || out.Status >= 500)
		if !again || try == tries {
			return out, err
		}
		w.Pause(max(after(out.Headers, 0), pause))
	}
}

func (w *Workflow) once(r request) (Response, error) {
	var body io.Reader
	if r.body != nil {
		b, err := json.Marshal(r.body)
		if err != nil {
			return Response{}, err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequest(r.method, r.url, body) //nolint:noctx // the client has its limit
	if err != nil {
		return Response{}, err
	}
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for k, v := range r.headers {
		req.Header.Set(k, v)
	}
	if r.auth != "" {
		req.Header.Set("Authorization", "Bearer "+r.auth)
	}
	resp, err := w.Client.Do(req)
	if err != nil {
		return Response{}, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	out := Response{Status: resp.StatusCode, Headers: resp.Header, Body: string(b)}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		err = errors.Join(err, json.Unmarshal(b, &out.Body))
	}
	return out, err
}

// follow polls where a 202 points to until the answer is another one. The address has to be whole: the engine completes none.
func (w *Workflow) follow(out Response, r request) (map[string]any, error) {
	for polls := 0; out.Status == http.StatusAccepted && out.Headers.Get("Location") != ""; polls++ {
		u, err := url.Parse(out.Headers.Get("Location"))
		if err != nil || !u.IsAbs() {
			return nil, fmt.Errorf("the Location is %q, which is no whole address", out.Headers.Get("Location"))
		}
		if polls == maxPolls {
			return nil, fmt.Errorf("after %d polls it is still under way", polls)
		}
		w.Pause(after(out.Headers, pollPause))
		if out, err = w.send(request{method: http.MethodGet, url: u.String(), auth: r.auth}); err != nil {
			return nil, err
		}
	}
	return out.output(), nil
}

func after(h http.Header, otherwise time.Duration) time.Duration {
	if n, err := strconv.Atoi(h.Get("Retry-After")); err == nil {
		return time.Duration(n) * time.Second
	}
	return otherwise
}

// output is an answer as expressions see it.
func (r Response) output() map[string]any {
	headers := map[string]any{}
	for k := range r.Headers {
		headers[k] = r.Headers.Get(k)
	}
	return map[string]any{"statusCode": float64(r.Status), "headers": headers, "body": r.Body}
}

// connector calls a connector.
func (w *Workflow) connector(s *scope, name string, a step) (map[string]any, error) {
	s.callback = w.hooks.url(name)
	v, err := s.value(a.Inputs)
	if err != nil {
		return nil, err
	}
	in := v.(map[string]any)
	connection, err := access(in["host"], "connection", false)
	if err != nil {
		return nil, err
	}
	id, err := access(connection, "name", false)
	if err != nil {
		return nil, err
	}
	c := Call{Connection: path.Base(asText(id)), Webhook: a.Type == "ApiConnectionWebhook", Method: strings.ToUpper(asText(in["method"])), Path: asText(in["path"]), Body: in["body"]}
	if h, ok := in["headers"].(map[string]any); ok {
		c.Headers = map[string]string{}
		for k, v := range h {
			c.Headers[k] = asText(v)
		}
	}
	out := w.Connector(c)
	if out.Status == http.StatusAccepted && !c.Webhook {
		return nil, errors.New("a connector's 202 is followed by whoever answers for it here: see Follow")
	}
	return out.output(), nil
}

// Follow makes a connector's call over HTTP, with the token of the connection, and polls as the engine does.
func (w *Workflow) Follow(base, token string, c Call) (Response, error) {
	r := request{method: c.Method, url: base + c.Path, body: c.Body, headers: c.Headers, auth: token}
	out, err := w.send(r)
	if err != nil {
		return out, err
	}
	ended, err := w.follow(out, r)
	if err != nil {
		return out, err
	}
	code, _ := ended["statusCode"].(float64)
	return Response{Status: int(code), Body: ended["body"]}, nil
}
