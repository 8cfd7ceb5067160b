package main

import (
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"rekey/handlers/access"
	"rekey/handlers/halt"
	"rekey/handlers/orders"
	"rekey/handlers/policies"
	"rekey/handlers/risk"
	"rekey/handlers/settings"
	"rekey/handlers/state"
	"rekey/shared/host/config"
	"rekey/shared/host/funchost"
	"rekey/shared/host/httpapi"
	"rekey/shared/store"
)

// newFace makes the handler that the HTTP functions share: the Functions host proxies every request of an app to one
// place, and its path tells whose it is.
func newFace(*slog.Logger) (funchost.Handler, error) {
	h, err := oneFace()
	if err != nil {
		return funchost.Handler{}, err
	}
	return funchost.HTTP(h), nil
}

// prefix of every path: the Functions host's own.
const prefix = "/api"

var oneFace = sync.OnceValues(func() (http.Handler, error) {
	var c settings.Face
	if err := config.Load(&c); err != nil {
		return nil, err
	}
	account, err := state.Open(c.State, c.Identity)
	if err != nil {
		return nil, err
	}
	routes := risk.Routes(risk.Config{
		Findings: account.Findings(), Cases: account.Cases(), Verdicts: account.Verdicts(), Triage: account.Bell(store.QueueTriage), Prefix: prefix, Now: time.Now,
	})
	routes = append(routes, policyRoutes(policies.New(policies.Config{
		Policies: policies.Store{Table: account.Table(store.TablePolicies)}, Prefix: prefix, Now: time.Now,
		Orders: orders.Store{Table: account.Table(store.TableOrders), Bell: account.Bell(store.QueueEvict)},
		Caller: func(r *http.Request) string { return httpapi.CallerOf(r.Context()).String() },
	}))...)
	routes = append(routes, halt.Routes(halt.Config{
		Orders: orders.Store{Table: account.Table(store.TableOrders), Bell: account.Bell(store.QueueEvict)}, Prefix: prefix, Now: time.Now,
	})...)
	return httpapi.New(httpapi.Config{Prefix: prefix, Routes: routes, Verifier: httpapi.NewVerifier(c.Tokens(time.Now)), Now: time.Now}), nil
})

// policyRoutes are the calls of policies, each with the permissions it names.
func policyRoutes(h http.Handler) []httpapi.Route {
	var out []httpapi.Route
	for _, r := range policies.Routes() {
		p := access.WritePolicies
		if slices.Equal(r.Needs, access.ReadPolicies.AnyOf[0]) {
			p = access.ReadPolicies
		}
		p.AnyOf = [][]string{r.Needs}
		out = append(out, httpapi.Route{
			Method: r.Method, Path: r.Path, Name: r.Method + " " + r.Path, Summary: p.Name, Permission: p,
			Do: func(w http.ResponseWriter, req *http.Request) error { h.ServeHTTP(w, req); return nil },
		})
	}
	return out
}
