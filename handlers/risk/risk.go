// Package risk is the read side of the risk API under /api/identityProtection: detections and risky principals in the
// shapes of Microsoft Graph's servicePrincipalRiskDetection and riskyServicePrincipal, so that Graph clients read them.
//
// It reads state only: no Graph, no vault. The Functions host asks for the function key before a request comes here.
package risk

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"rekey/handlers/cases"
	"rekey/handlers/findings"
	"rekey/shared/casefile"
	"rekey/shared/fault"
)

// Config is what the handler works with.
type Config struct {
	Findings findings.Store
	Cases    cases.Store
	Prefix   string // of the path, "/api"
	Now      func() time.Time
}

const (
	defaultTop = 100
	maxTop     = 1000
)

// New makes the handler.
func New(c Config) http.Handler {
	h := &handler{c}
	mux := http.NewServeMux()
	base := "GET " + c.Prefix + "/identityProtection/"
	mux.HandleFunc(base+"servicePrincipalRiskDetections", h.listDetections)
	mux.HandleFunc(base+"servicePrincipalRiskDetections/{id}", h.getDetection)
	mux.HandleFunc(base+"riskyServicePrincipals", h.listPrincipals)
	mux.HandleFunc(base+"riskyServicePrincipals/{id}", h.getPrincipal)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		h.fail(w, http.StatusNotFound, "Request_ResourceNotFound", "There is no "+r.Method+" "+r.URL.Path+
			". This version reads servicePrincipalRiskDetections and riskyServicePrincipals.")
	})
	return mux
}

type handler struct{ Config }

// page is what a list request asks for.
type page struct {
	top  int
	from string
}

// options reads the query. What this version does not do is refused, not ignored: a filter that is ignored lies.
func options(r *http.Request) (page, error) {
	p := page{top: defaultTop}
	for name, values := range r.URL.Query() {
		switch name {
		case "$top":
			n, err := strconv.Atoi(values[0])
			if err != nil || n < 1 || n > maxTop {
				return p, fmt.Errorf("$top must be a number from 1 to %d", maxTop)
			}
			p.top = n
		case "$skiptoken":
			b, err := base64.RawURLEncoding.DecodeString(values[0])
			if err != nil || len(b) == 0 {
				return p, errors.New("the $skiptoken is not one of this service: follow @odata.nextLink as it is")
			}
			p.from = string(b)
		case "code": // the function key, checked by the host
		default:
			return p, fmt.Errorf("the query option %.40q is not supported by this version: it has $top and $skiptoken", name)
		}
	}
	return p, nil
}

func (h *handler) listDetections(w http.ResponseWriter, r *http.Request) {
	p, err := options(r)
	if err != nil {
		h.fail(w, http.StatusBadRequest, "Request_BadRequest", err.Error())
		return
	}
	found, next, err := h.Findings.Recent(r.Context(), p.from, p.top)
	if err != nil {
		h.failed(w, err)
		return
	}
	values := make([]any, len(found))
	for i, d := range found {
		values[i] = detectionForm(d)
	}
	h.list(w, r, "identityProtection/servicePrincipalRiskDetections", values, next)
}

func (h *handler) getDetection(w http.ResponseWriter, r *http.Request) {
	d, err := h.Findings.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		h.failed(w, err)
		return
	}
	h.answer(w, http.StatusOK, detectionForm(d))
}

func (h *handler) listPrincipals(w http.ResponseWriter, r *http.Request) {
	p, err := options(r)
	if err != nil {
		h.fail(w, http.StatusBadRequest, "Request_BadRequest", err.Error())
		return
	}
	risky, err := h.principals(r.Context())
	if err != nil {
		h.failed(w, err)
		return
	}
	i, _ := slices.BinarySearchFunc(risky, p.from, func(c casefile.Case, from string) int {
		return strings.Compare(c.Principal.Key(), from)
	})
	next := ""
	if end := i + p.top; end < len(risky) {
		next = risky[end].Principal.Key()
		risky = risky[:end]
	}
	values := []any{}
	for _, c := range risky[i:] {
		values = append(values, principalForm(c))
	}
	h.list(w, r, "identityProtection/riskyServicePrincipals", values, next)
}

// principals returns the newest case of each principal, by key.
func (h *handler) principals(ctx context.Context) ([]casefile.Case, error) {
	all, err := h.Cases.All(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b casefile.Case) int {
		if c := strings.Compare(a.Principal.Key(), b.Principal.Key()); c != 0 {
			return c
		}
		return b.Updated.Compare(a.Updated)
	})
	return slices.CompactFunc(all, func(a, b casefile.Case) bool { return a.Principal.Key() == b.Principal.Key() }), nil
}

func (h *handler) getPrincipal(w http.ResponseWriter, r *http.Request) {
	found, err := h.Cases.Of(r.Context(), r.PathValue("id"))
	if err == nil && len(found) == 0 {
		err = fault.Errorf(fault.NotFound, "no risk is known of this service principal")
	}
	if err != nil {
		h.failed(w, err)
		return
	}
	h.answer(w, http.StatusOK, principalForm(slices.MaxFunc(found, func(a, b casefile.Case) int { return a.Updated.Compare(b.Updated) })))
}

// list answers a page in the form of Graph's collections.
func (h *handler) list(w http.ResponseWriter, r *http.Request, context string, values []any, next string) {
	out := map[string]any{"@odata.context": origin(r) + h.Prefix + "/$metadata#" + context, "value": values}
	if next != "" {
		u := *r.URL
		q := u.Query()
		q.Del("code") // a key has no place in a link that is logged and passed on
		q.Set("$skiptoken", base64.RawURLEncoding.EncodeToString([]byte(next)))
		u.RawQuery = q.Encode()
		out["@odata.nextLink"] = origin(r) + u.RequestURI()
	}
	h.answer(w, http.StatusOK, out)
}

// origin is where the client reached the API: in front of the Functions host.
func origin(r *http.Request) string {
	scheme, host := r.Header.Get("X-Forwarded-Proto"), r.Header.Get("X-Forwarded-Host")
	if scheme != "https" {
		scheme = "http"
	}
	if host == "" {
		host = r.Host
	}
	return scheme + "://" + host
}

func (h *handler) failed(w http.ResponseWriter, err error) {
	if errors.Is(err, fault.NotFound) {
		h.fail(w, http.StatusNotFound, "Request_ResourceNotFound", "The resource does not exist or no risk is known of it.")
		return
	}
	h.fail(w, http.StatusServiceUnavailable, "serviceNotAvailable", "State cannot be read at the moment. Try again.")
}

// fail answers an error in Graph's form.
func (h *handler) fail(w http.ResponseWriter, status int, code, message string) {
	h.answer(w, status, map[string]any{"error": map[string]any{
		"code": code, "message": message, "innerError": map[string]any{"date": h.Now().UTC().Format("2006-01-02T15:04:05")},
	}})
}

func (h *handler) answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client went away
}
