package httpapi

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"rekey/shared/host/funchost"
)

// Route is one call of the API. The table of routes is what documentation and descriptions are checked against.
type Route struct {
	Method     string
	Path       string // below the prefix, like /identityProtection/riskyServicePrincipals/{id}
	Name       string // unique, for logs and as operationId: listRiskyServicePrincipals
	Summary    string // one sentence
	Permission Permission
	About      About
	Do         func(w http.ResponseWriter, r *http.Request) error // an error is answered in Graph's form
}

// Config is what an API is made of.
type Config struct {
	Routes   []Route
	Prefix   string // of all paths, like /api
	Verifier *Verifier
	Now      func() time.Time
}

// API serves the routes.
type API struct {
	Config
	router router
	paths  map[string]map[string]Route // by path template and method
}

// New makes an API.
func New(c Config) *API {
	a := &API{Config: c, paths: map[string]map[string]Route{}}
	for _, route := range c.Routes {
		if a.paths[route.Path] == nil {
			a.paths[route.Path] = map[string]Route{}
		}
		a.paths[route.Path][route.Method] = route
	}
	a.router = newRouter(slices.Collect(maps.Keys(a.paths)))
	return a
}

type contextKey int

const callerKey contextKey = iota

// WithCaller returns a context of a request whose sender is known.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey, c)
}

// CallerOf returns who sent the request that is being handled.
func CallerOf(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey).(Caller)
	return c
}

// clientID is the form of a client-request-id that is echoed.
var clientID = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)

// ServeHTTP implements http.Handler. Nobody learns without a token what there is.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("request-id", uuid.NewString())
	if id := r.Header.Get("client-request-id"); clientID.MatchString(id) {
		h.Set("client-request-id", id)
	}
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	caller, err := a.Verifier.Caller(r)
	switch {
	case isTransient(err):
		funchost.Note(r.Context(), funchost.NoteFailed, err.Error())
		h.Set("Retry-After", "10")
		a.fail(w, r, Errorf(http.StatusServiceUnavailable, "serviceNotAvailable", "The keys to check tokens with cannot be read at the moment. Try again."))
	case err != nil:
		funchost.Note(r.Context(), "refused", err.Error())
		a.unauthorized(w, r, err)
	default:
		funchost.Note(r.Context(), "caller", caller.String())
		a.serve(w, r.WithContext(WithCaller(r.Context(), caller)))
	}
}

func (a *API) unauthorized(w http.ResponseWriter, r *http.Request, why error) {
	v := a.Verifier
	challenge := `Bearer realm="", authorization_uri="` + v.Authority + "/" + v.Tenant + `/oauth2/v2.0/authorize"`
	if r.Header.Get("Authorization") != "" {
		challenge += `, error="invalid_token", error_description="` + strings.ReplaceAll(why.Error(), `"`, `'`) + `"`
	}
	w.Header().Set("WWW-Authenticate", challenge)
	text := why.Error()
	a.fail(w, r, Errorf(http.StatusUnauthorized, "InvalidAuthenticationToken", "%s", strings.ToUpper(text[:1])+text[1:]+"."))
}

// serve finds the call of a request.
func (a *API) serve(w http.ResponseWriter, r *http.Request) {
	path, ok := a.router.find(r, a.Prefix)
	if !ok {
		a.fail(w, r, Errorf(http.StatusNotFound, "Request_ResourceNotFound", "There is no %.200s; see docs/api.md for what there is.", r.URL.Path))
		return
	}
	a.dispatch(path)(w, r)
}

// dispatch chooses among the methods of a path, and asks for the permission.
func (a *API) dispatch(path string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		route, ok := a.paths[path][r.Method]
		if !ok {
			var methods []string
			for m := range a.paths[path] {
				methods = append(methods, m)
			}
			slices.Sort(methods)
			w.Header().Set("Allow", strings.Join(methods, ", "))
			a.fail(w, r, Errorf(http.StatusMethodNotAllowed, "Request_BadRequest", "This path takes %s.", strings.Join(methods, " and ")))
			return
		}
		funchost.Note(r.Context(), "operation", route.Name)
		if no := route.Permission.Refusal(CallerOf(r.Context())); no != "" {
			funchost.Note(r.Context(), "refused", no)
			w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope", scope="`+route.Permission.scope()+`"`)
			a.fail(w, r, Errorf(http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation. %s", no))
			return
		}
		if err := route.Do(w, r); err != nil {
			e := asError(err)
			if e.Status >= http.StatusInternalServerError {
				funchost.Note(r.Context(), funchost.NoteFailed, err.Error())
			}
			a.fail(w, r, e)
		}
	}
}

// fail answers an error in Graph's form.
func (a *API) fail(w http.ResponseWriter, _ *http.Request, e *Error) {
	inner := map[string]string{"date": a.Now().UTC().Format("2006-01-02T15:04:05"), "request-id": w.Header().Get("request-id")}
	if id := w.Header().Get("client-request-id"); id != "" {
		inner["client-request-id"] = id
	}
	if e.Status == http.StatusServiceUnavailable && w.Header().Get("Retry-After") == "" {
		w.Header().Set("Retry-After", "5")
	}
	JSON(w, e.Status, map[string]any{"error": map[string]any{"code": e.Code, "message": e.Message, "innerError": inner}})
}

// Origin is where the client reached the API, in front of the Functions host.
func Origin(r *http.Request) string {
	scheme, host := r.Header.Get("X-Forwarded-Proto"), r.Header.Get("X-Forwarded-Host")
	if scheme != "https" && r.TLS == nil {
		scheme = "http"
	} else {
		scheme = "https"
	}
	if host == "" {
		host = r.Host
	}
	if u, err := url.Parse(scheme + "://" + host); err != nil || u.Host != host || u.Path != "" {
		host = r.Host
	}
	return scheme + "://" + host
}
