// Package face is everything that is served over HTTP, in one table: the risk API, policies, remediations, the kill
// switch, and the description of all of them.
package face

import (
	"net/http"
	"slices"
	"time"

	"rekey/handlers/access"
	"rekey/handlers/cases"
	"rekey/handlers/findings"
	"rekey/handlers/halt"
	"rekey/handlers/operations"
	"rekey/handlers/orders"
	"rekey/handlers/policies"
	"rekey/handlers/remediations"
	"rekey/handlers/risk"
	"rekey/handlers/rotations"
	"rekey/handlers/verdicts"
	"rekey/shared/host/httpapi"
	"rekey/shared/host/openapi"
	"rekey/shared/store"
)

// Config is what the handlers work with.
type Config struct {
	Findings findings.Store
	Cases    cases.Store
	Verdicts verdicts.Store
	Policies policies.Store
	Orders   orders.Store
	Triage   store.Bell

	Operations operations.Store // read
	Rotations  rotations.Store  // read
	Ledger     store.Blobs      // read

	Authority string // of the tenant, for the description: where tokens are had
	Prefix    string // of all paths, "/api"
	Now       func() time.Time
}

// Routes are all calls.
func Routes(c Config) []httpapi.Route {
	desk := orders.Desk{Store: c.Orders, Prefix: c.Prefix, Now: c.Now}
	routes := risk.Routes(risk.Config{Findings: c.Findings, Cases: c.Cases, Verdicts: c.Verdicts, Triage: c.Triage, Prefix: c.Prefix, Now: c.Now})
	routes = append(routes, policyRoutes(policies.New(policies.Config{
		Policies: c.Policies, Orders: c.Orders, Prefix: c.Prefix, Now: c.Now,
		Caller: func(r *http.Request) string { return httpapi.CallerOf(r.Context()).String() },
	}))...)
	routes = append(routes, halt.Routes(desk)...)
	routes = append(routes, remediations.Routes(remediations.Config{
		Desk: desk, Findings: c.Findings, Operations: c.Operations, Rotations: c.Rotations, Ledger: c.Ledger,
	})...)
	return append(routes, description(c, routes))
}

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
			Method: r.Method, Path: r.Path, Name: r.Name, Summary: r.Summary, Permission: p, About: r.About,
			Do: func(w http.ResponseWriter, req *http.Request) error { h.ServeHTTP(w, req); return nil },
		})
	}
	return out
}

// description is the call that describes all others. It asks for a token, as every call does, and for no more than reading:
// the same text is in docs/openapi.json.
func description(c Config, routes []httpapi.Route) httpapi.Route {
	self := httpapi.Route{
		Method: http.MethodGet, Path: "/openapi.json", Name: "describe", Permission: access.Describe, Summary: "This description, in OpenAPI 3.1.",
		About: httpapi.About{Tag: "description", Answers: []httpapi.Answer{{Status: http.StatusOK, Text: "The description.", Body: map[string]any{}}}},
	}
	all := append(slices.Clone(routes), self)
	self.Do = func(w http.ResponseWriter, r *http.Request) error {
		a := API(all)
		a.Server = httpapi.Origin(r) + c.Prefix
		if c.Authority != "" {
			a.Authority = c.Authority
		}
		httpapi.JSON(w, http.StatusOK, a.V31())
		return nil
	}
	return self
}

// API is what is described, with an example's address.
func API(routes []httpapi.Route) openapi.API {
	return openapi.API{
		Title: "Rekey", Version: "1.0", Routes: routes, Server: "https://contoso-rekey.azurewebsites.net/api", Authority: "https://login.microsoftonline.com/organizations",
		Text: "Risk of workload identities in the shapes of Microsoft Graph's identityProtection, Conditional Access policies against it, and the remediations that change the locks. docs/api.md says who may what.",
	}
}
