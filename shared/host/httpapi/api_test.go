package httpapi_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rekey/shared/fault"
	"rekey/shared/host/httpapi"
)

var (
	read  = httpapi.Permission{Name: "read", AnyOf: [][]string{{"Thing.Read.All"}, {"Thing.ReadWrite.All"}}, Roles: []string{httpapi.SecurityReader, httpapi.SecurityAdministrator}}
	write = httpapi.Permission{Name: "write", AnyOf: [][]string{{"Thing.ReadWrite.All", "Policy.Read.All"}}, Roles: []string{httpapi.SecurityAdministrator}}
)

func TestAPermissionIsAskedOfClientAndUser(t *testing.T) {
	app := func(roles ...string) httpapi.Caller { return httpapi.Caller{App: true, Roles: roles} }
	user := func(scope string, wids ...string) httpapi.Caller {
		return httpapi.Caller{Scopes: strings.Fields(scope), Directory: wids}
	}
	for name, tt := range map[string]struct {
		p    httpapi.Permission
		c    httpapi.Caller
		want string // part of the refusal; empty: allowed
	}{
		"an application with the role":              {read, app("Thing.Read.All"), ""},
		"an application with a larger one":          {read, app("Thing.ReadWrite.All"), ""},
		"an application without":                    {read, app("Other"), "The application lacks the app role Thing.Read.All."},
		"an application with a directory role":      {read, httpapi.Caller{App: true, Directory: []string{httpapi.SecurityReader}}, "app role Thing.Read.All"},
		"an application with a scope":               {read, httpapi.Caller{App: true, Scopes: []string{"Thing.Read.All"}}, "app role Thing.Read.All"},
		"an application with half of what it needs": {write, app("Thing.ReadWrite.All"), "the app roles Thing.ReadWrite.All and Policy.Read.All"},
		"a user with scope and role":                {read, user("Thing.Read.All", httpapi.SecurityReader), ""},
		"a user with scope and app role":            {read, httpapi.Caller{Scopes: []string{"Thing.Read.All"}, Roles: []string{"Thing.Read.All"}}, ""},
		"a user with a scope only":                  {read, user("Thing.Read.All"), "directory roles Security Reader, Security Administrator"},
		"a user with a role only":                   {read, user("openid", httpapi.SecurityReader), "The client was not granted the scope Thing.Read.All"},
		"a reader who writes":                       {write, user("Thing.ReadWrite.All Policy.Read.All", httpapi.SecurityReader), "directory roles Security Administrator"},
		"everybody's default marker":                {read, user("Thing.Read.All", "b79fbf4d-3ef9-4689-8143-76b194e85509"), "directory roles"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tt.p.Refusal(tt.c); (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func api(a *authority) *httpapi.API {
	do := func(w http.ResponseWriter, r *http.Request) error {
		switch r.PathValue("id") {
		case "gone":
			return fault.Errorf(fault.NotFound, "secret detail")
		case "down":
			return fault.Errorf(fault.Transient, "secret detail")
		case "odd":
			return errors.New("secret detail")
		case "bad":
			return httpapi.BadRequest("Say it otherwise.")
		}
		httpapi.JSON(w, http.StatusOK, map[string]string{"caller": httpapi.CallerOf(r.Context()).String()})
		return nil
	}
	return httpapi.New(httpapi.Config{Prefix: "/api", Verifier: a.verifier(), Now: func() time.Time { return now }, Routes: []httpapi.Route{
		{Method: "GET", Path: "/things/{id}", Name: "getThing", Permission: read, Do: do},
		{Method: "POST", Path: "/things/{id}", Name: "changeThing", Permission: write, Do: do},
	}})
}

func TestEveryAnswerHasGraphsForm(t *testing.T) {
	a := newAuthority(t)
	h := api(a)
	reader := a.sign(t, a.application("Thing.Read.All"))
	for name, tt := range map[string]struct {
		method, path, token string
		status              int
		code, message       string
		header              string // name: part of the value
	}{
		"what is there":              {"GET", "/api/things/1", reader, 200, "", "", "OData-Version: 4.0"},
		"no token":                   {"GET", "/api/things/1", "", 401, "InvalidAuthenticationToken", "There is no access token", "WWW-Authenticate: authorization_uri"},
		"a bad token":                {"GET", "/api/things/1", "x.y.z", 401, "InvalidAuthenticationToken", "not a JWT", `WWW-Authenticate: error="invalid_token"`},
		"no token, and no such path": {"GET", "/api/else", "", 401, "InvalidAuthenticationToken", "", ""},
		"no such path":               {"GET", "/api/else", reader, 404, "Request_ResourceNotFound", "/api/else", ""},
		"no such method":             {"DELETE", "/api/things/1", reader, 405, "Request_BadRequest", "GET and POST", "Allow: GET, POST"},
		"a missing permission":       {"POST", "/api/things/1", reader, 403, "Authorization_RequestDenied", "app roles Thing.ReadWrite.All and Policy.Read.All", `WWW-Authenticate: scope="Thing.ReadWrite.All Policy.Read.All"`},
		"no such thing":              {"GET", "/api/things/gone", reader, 404, "Request_ResourceNotFound", "no such resource", ""},
		"a store that is down":       {"GET", "/api/things/down", reader, 503, "serviceNotAvailable", "Try again", "Retry-After: 5"},
		"an error of no kind":        {"GET", "/api/things/odd", reader, 503, "serviceNotAvailable", "", ""},
		"a request that is wrong":    {"GET", "/api/things/bad", reader, 400, "Request_BadRequest", "Say it otherwise.", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), tt.method, tt.path, nil)
			r.Header.Set("client-request-id", "11111111-aaaa")
			if tt.token != "" {
				r.Header.Set("Authorization", "Bearer "+tt.token)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			var body struct {
				Error struct {
					Code, Message string
					InnerError    map[string]string
				}
			}
			if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
				t.Fatal(err, w.Body)
			}
			if w.Code != tt.status || body.Error.Code != tt.code || !strings.Contains(body.Error.Message, tt.message) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if strings.Contains(w.Body.String(), "secret detail") {
				t.Error("an inner error is told to the client")
			}
			if inner := body.Error.InnerError; tt.status != 200 && (inner["request-id"] != w.Header().Get("request-id") || inner["request-id"] == "" || inner["client-request-id"] != "11111111-aaaa" || inner["date"] != "2026-11-24T03:00:00") {
				t.Errorf("innerError %v", inner)
			}
			if field, part, ok := strings.Cut(tt.header, ": "); ok && !strings.Contains(w.Header().Get(field), part) {
				t.Errorf("%s is %q", field, w.Header().Get(field))
			}
		})
	}
}

func TestKeysThatCannotBeReadAreTheServicesFault(t *testing.T) {
	a := newAuthority(t)
	a.down = true
	w := httptest.NewRecorder()
	r := request(t, a.sign(t, a.application("Thing.Read.All")))
	api(a).ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestABodyIsReadWithinBounds(t *testing.T) {
	for name, tt := range map[string]struct {
		kind, body string
		status     int // 0: taken
	}{
		"JSON":            {"application/json; charset=utf-8", `{"a":1}`, 0},
		"no content type": {"", `{"a":1}`, 415},
		"a form":          {"application/x-www-form-urlencoded", `a=1`, 415},
		"no JSON":         {"application/json", `{`, 400},
		"far too much":    {"application/json", `"` + strings.Repeat("a", 70<<10) + `"`, 413},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(tt.body))
			r.Header.Set("Content-Type", tt.kind)
			var into any
			err := httpapi.Decode(r, &into)
			var e *httpapi.Error
			if errors.As(err, &e) != (tt.status != 0) || e != nil && e.Status != tt.status {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestTheOriginIsWhereTheClientCalled(t *testing.T) {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:8080/api", nil)
	if got := httpapi.Origin(r); got != "http://127.0.0.1:8080" {
		t.Error(got)
	}
	r.Header.Set("X-Forwarded-Proto", "https")
	r.Header.Set("X-Forwarded-Host", "rekey.example")
	if got := httpapi.Origin(r); got != "https://rekey.example" {
		t.Error(got)
	}
	r.Header.Set("X-Forwarded-Host", "evil.example/path?x=")
	if got := httpapi.Origin(r); got != "https://127.0.0.1:8080" {
		t.Error(got)
	}
}

// Paths of which neither is the more specific are told apart by their first literal.
func TestAPathIsFoundByItsLiterals(t *testing.T) {
	a := newAuthority(t)
	says := func(name string) httpapi.Route {
		return httpapi.Route{Method: "GET", Path: name, Name: name, Permission: read, Do: func(w http.ResponseWriter, r *http.Request) error {
			httpapi.JSON(w, http.StatusOK, map[string]string{"path": name, "id": r.PathValue("id")})
			return nil
		}}
	}
	h := httpapi.New(httpapi.Config{Prefix: "/api", Verifier: a.verifier(), Now: func() time.Time { return now }, Routes: []httpapi.Route{
		says("/things"), says("/things/{id}"), says("/things/{id}/parts"), says("/things/orders/{id}"), says("/things/stop"), says("/things/{id}/parts/all"),
	}})
	token := a.sign(t, a.application("Thing.Read.All"))
	for path, want := range map[string]string{
		"/api/things":             `{"id":"","path":"/things"}`,
		"/api/things/stop":        `{"id":"","path":"/things/stop"}`,
		"/api/things/1":           `{"id":"1","path":"/things/{id}"}`,
		"/api/things/a%2Fb":       `{"id":"a/b","path":"/things/{id}"}`,
		"/api/things/app:1":       `{"id":"app:1","path":"/things/{id}"}`,
		"/api/things/1/parts":     `{"id":"1","path":"/things/{id}/parts"}`,
		"/api/things/orders/1":    `{"id":"1","path":"/things/orders/{id}"}`,
		"/api/things/1/parts/all": `{"id":"1","path":"/things/{id}/parts/all"}`,
		"/api/things/":            "",
		"/api/things/1/":          "",
		"/api/things/1/else":      "",
		"/api":                    "",
		"/things":                 "",
		"/api/THINGS":             "",
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if want == "" && w.Code != http.StatusNotFound || want != "" && w.Body.String() != want {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
