package functions

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

func web(attributes string) string {
	return fmt.Sprintf(`{"bindings":[{"type":"httpTrigger","name":"req","direction":"in"%s},{"type":"http","name":"res","direction":"out"}]}`, attributes)
}

// site is an app with HTTP functions of every kind; call makes a request and returns the status.
func site(t *testing.T, keys map[string]string) (*app, func(method, path string, body io.Reader, headers ...string) *http.Response) {
	t.Helper()
	a := newApp(t, "", map[string]string{
		"open":     web(`,"authLevel":"anonymous"`),
		"keyed":    web(`,"route":"v1/keyed"`),
		"master":   web(`,"authLevel":"admin","route":"v1/master"`),
		"item":     web(`,"authLevel":"anonymous","route":"items/{id:int}","methods":["get"]`),
		"named":    web(`,"authLevel":"anonymous","route":"items/{name}/parts/{part?}"`),
		"files":    web(`,"authLevel":"anonymous","route":"files/{*rest}"`),
		"filelist": web(`,"authLevel":"anonymous","route":"files/list"`),
	})
	a.config.HTTPAddr, a.config.Keys = "127.0.0.1:0", keys
	h, _ := a.start()
	return a, func(method, path string, body io.Reader, headers ...string) *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+h.HTTPAddr()+path, body)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		return resp
	}
}

func TestARequestReachesTheHandlerUntouched(t *testing.T) {
	a, call := site(t, map[string]string{"default": "k1"})
	resp := call("POST", "/api/v1/keyed?a=1&a=2;3&code=k1&x=%zz", io.MultiReader(strings.NewReader("chunked body")), "X-Custom", "v")
	if resp.StatusCode != 200 {
		t.Fatal(resp.Status)
	}
	r := a.requests()[0]
	if r.Path != "/api/v1/keyed?a=1&a=2;3&code=k1&x=%zz" || r.Method != "POST" || r.Body != "chunked body" || r.Header.Get("X-Custom") != "v" {
		t.Errorf("%+v", r)
	}
	if !strings.HasPrefix(r.Host, "127.0.0.1:") || r.Host == resp.Request.URL.Host || r.Header.Get("X-Forwarded-Host") != resp.Request.URL.Host {
		t.Errorf("host %s, forwarded %s", r.Host, r.Header.Get("X-Forwarded-Host"))
	}
	for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Azure-Functions-Invocationid", "X-Azure-Functions-Hostversion", "X-Ms-Invocation-Id"} {
		if r.Header.Get(name) == "" {
			t.Errorf("%s is missing", name)
		}
	}
}

func TestRoutesAndMethods(t *testing.T) {
	_, call := site(t, nil)
	for path, want := range map[string]int{
		"GET /":                      200,
		"GET /api/open":              200,
		"GET /API/Open/":             200,
		"GET /open":                  404,
		"GET /api/items/5":           200,
		"POST /api/items/5":          404, // not 405
		"GET /api/items/five":        404,
		"GET /api/items/five/parts":  200,
		"GET /api/items/5/parts/7":   200,
		"GET /api/items/5/parts/7/":  200,
		"GET /api/items/5/parts/7/8": 404,
		"GET /api/files":             200,
		"GET /api/files/a/b/c":       200,
		"GET /api/none":              404,
	} {
		method, target, _ := strings.Cut(path, " ")
		if resp := call(method, target, nil); resp.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, resp.StatusCode, want)
		}
	}
}

func TestTheMoreSpecificRouteWins(t *testing.T) {
	parse := func(name, template string) route {
		r, err := parseRoute(name, binding{Route: &template}, &hostJSON{CustomHandler: customHandler{EnableProxyingHTTPRequest: true}})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	all := []route{parse("rest", "a/{*r}"), parse("any", "a/{x}"), parse("int", "a/{x:int}"), parse("list", "a/list")}
	f := newFront(all, nil, &caller{process: &process{}, client: &http.Client{}}, discard())
	for path, want := range map[string]string{"/a/list": "list", "/a/5": "int", "/a/b": "any", "/a/b/c": "rest", "/a/%6Cist": "list"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://x"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := find(f.routes, r); !ok || got.function != want {
			t.Errorf("%s: %s, want %s", path, got.function, want)
		}
	}
}

func TestKeys(t *testing.T) {
	keys := map[string]string{"default": "k1", "_master": "m1", "unset": ""}
	tests := []struct {
		keys         map[string]string
		path, header string
		want         int
	}{
		{keys, "/api/v1/keyed", "", 401},
		{keys, "/api/v1/keyed", "wrong", 401},
		{keys, "/api/v1/keyed", "k1", 200},
		{keys, "/api/v1/keyed", "m1", 200},
		{keys, "/api/v1/keyed?code=k1", "", 200},
		{keys, "/api/v1/keyed?code=k1", "wrong", 401}, // the header wins
		{keys, "/api/v1/master", "k1", 401},
		{keys, "/api/v1/master", "m1", 200},
		{nil, "/api/v1/keyed", "", 401},
		{nil, "/api/v1/keyed?code=", "", 401},
		{nil, "/api/open", "", 200},
	}
	calls := map[bool]func(method, path string, body io.Reader, headers ...string) *http.Response{}
	_, calls[true] = site(t, keys)
	_, calls[false] = site(t, nil)
	for _, tt := range tests {
		if resp := calls[tt.keys != nil]("GET", tt.path, nil, "X-Functions-Key", tt.header); resp.StatusCode != tt.want {
			t.Errorf("%s with %q: %d, want %d", tt.path, tt.header, resp.StatusCode, tt.want)
		}
	}
}

func TestTheHostTellsItsState(t *testing.T) {
	_, call := site(t, nil)
	eventually(t, "the state Running", func() bool {
		b, err := io.ReadAll(call("GET", "/admin/host/status", nil).Body)
		return err == nil && bytes.Contains(b, []byte(`"state":"Running"`))
	})
}

func TestABodyBeyondTheLimitIsRefused(t *testing.T) {
	_, call := site(t, nil)
	if resp := call("POST", "/api/open", bytes.NewReader(make([]byte, maxRequest+1))); resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Error(resp.Status)
	}
}
