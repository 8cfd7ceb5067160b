// Package policies is the outside of the Conditional Access policies that block service principals at risk: Graph's paths
// and shapes under /api/identity/conditionalAccess.
//
// It reads and writes state only. Whoever asks for a policy to be made, changed or removed gets an order, written before
// the answer 202, and a place to look at; handlers/conditional carries it out, on the side that holds the permissions,
// and decides again whom the policy may cover.
package policies

import "net/http"

// Route is one call, and which permissions its caller needs, all of them together. They are those that Graph asks for
// when the call is made there.
type Route struct {
	Method string
	Path   string // below the prefix, in the form of http.ServeMux
	Needs  []string
	handle func(*handler, http.ResponseWriter, *http.Request)
}

var (
	read   = []string{"Policy.Read.All"}
	write  = []string{"Policy.Read.All", "Policy.ReadWrite.ConditionalAccess", "Application.Read.All"}
	remove = []string{"Policy.Read.All", "Policy.ReadWrite.ConditionalAccess"}
)

// Routes returns every call.
func Routes() []Route {
	const all, one = "/identity/conditionalAccess/policies", "/identity/conditionalAccess/policies/{id}"
	return []Route{
		{http.MethodGet, all, read, (*handler).list},
		{http.MethodGet, one, read, (*handler).get},
		{http.MethodPost, all, write, (*handler).create},
		{http.MethodPatch, one, write, (*handler).update},
		{http.MethodDelete, one, remove, (*handler).remove},
		{http.MethodGet, "/identity/conditionalAccess/orders/{id}", read, (*handler).order},
	}
}
