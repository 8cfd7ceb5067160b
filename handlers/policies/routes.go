// Package policies is the outside of the Conditional Access policies that block service principals at risk: Graph's paths
// and shapes under /api/identity/conditionalAccess.
//
// It reads and writes state only. Whoever asks for a policy to be made, changed or removed gets an order, written before
// the answer 202, and a place to look at; handlers/conditional carries it out, on the side that holds the permissions,
// and decides again whom the policy may cover.
package policies

import (
	"encoding/json"
	"net/http"
	"time"

	"rekey/shared/host/httpapi"
)

// Route is one call, and which permissions its caller needs, all of them together. They are those that Graph asks for
// when the call is made there.
type Route struct {
	Method  string
	Path    string // below the prefix, in the form of http.ServeMux
	Name    string // unique, as operationId
	Summary string
	Needs   []string
	About   httpapi.About
	handle  func(*handler, http.ResponseWriter, *http.Request)
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
		{http.MethodGet, all, "listPolicies", "List the Conditional Access policies that Rekey made.", read, shows(httpapi.Collection[conditionalAccessPolicy]{}), (*handler).list},
		{http.MethodGet, one, "getPolicy", "Read one policy.", read, shows(conditionalAccessPolicy{}), (*handler).get},
		{http.MethodPost, all, "createPolicy", "Order a policy that blocks service principals at risk.", write, takes(conditionalAccessPolicy{}), (*handler).create},
		{http.MethodPatch, one, "updatePolicy", "Order a change of a policy.", write, takes(conditionalAccessPolicy{}), (*handler).update},
		{http.MethodDelete, one, "removePolicy", "Order that a policy be removed.", remove, takes(nil), (*handler).remove},
		{http.MethodGet, "/identity/conditionalAccess/orders/{id}", "getPolicyOrder", "How far an order for a policy is.", read, followed, (*handler).order},
	}
}

const tag = "policies"

// conditionalAccessPolicy is Graph's type, as far as everybody asks for it: the rest is taken and given as it is.
type conditionalAccessPolicy struct {
	ID         string          `json:"id,omitempty"`
	Name       string          `json:"displayName,omitempty"`
	State      string          `json:"state,omitempty" enum:"enabled,disabled,enabledForReportingButNotEnforced"`
	Conditions json.RawMessage `json:"conditions,omitempty" about:"clientApplications and servicePrincipalRiskLevels, as in Microsoft Graph."`
	Controls   json.RawMessage `json:"grantControls,omitempty" about:"operator OR and builtInControls block."`
	Created    *time.Time      `json:"createdDateTime,omitempty"`
	Modified   *time.Time      `json:"modifiedDateTime,omitempty"`
	Order      string          `json:"rekeyOrderId,omitempty" about:"The order that made it what it is."`
	OrderedBy  string          `json:"rekeyOrderedBy,omitempty"`
}

// SchemaName is the name of the type.
func (orderStatus) SchemaName() string { return "policyOrder" }

func shows(body any) httpapi.About {
	return httpapi.About{Tag: tag, Answers: []httpapi.Answer{{Status: http.StatusOK, Text: "What there is.", Body: body}}}
}

// later are the headers of an answer that something is under way.
var later = []httpapi.Param{{Name: "Location", Text: "Where to look how far it is."}, {Name: "Retry-After", Text: "Seconds until it is worth looking.", Kind: "integer"}}

func takes(body any) httpapi.About {
	return httpapi.About{
		Tag: tag, Body: body, Query: []httpapi.Param{{Name: "named", Text: "The full displayName of a policy that Rekey did not make, and that is meant all the same."}},
		Headers: []httpapi.Param{{Name: "Idempotency-Key", Text: "A request that is sent again with the same key within a day is the same order."}},
		Answers: []httpapi.Answer{
			{Status: http.StatusAccepted, Text: "The order is kept.", Body: orderStatus{}, Headers: later},
			{Status: http.StatusOK, Text: "It was sent under this key before, and has ended.", Body: orderStatus{}},
		},
	}
}

var followed = httpapi.About{Tag: tag, Answers: []httpapi.Answer{
	{Status: http.StatusOK, Text: "It ended.", Body: orderStatus{}}, {Status: http.StatusAccepted, Text: "It is under way.", Body: orderStatus{}, Headers: later},
}}
