// Package risk is the risk API under /api/identityProtection: detections and risky principals in the shapes of Microsoft
// Graph's servicePrincipalRiskDetection and riskyServicePrincipal, so that Graph's clients read them, and the calls by
// which people say what they make of a risk.
//
// It reads state and writes orders: no Graph, no vault. Lists are read from indexes, newest detections first, principals by
// id; at most maxRows rows are read for one request, then the page is what was found and has a link to the next.
package risk

import (
	"net/http"
	"time"

	"rekey/handlers/access"
	"rekey/handlers/cases"
	"rekey/handlers/findings"
	"rekey/handlers/verdicts"
	"rekey/shared/host/httpapi"
	"rekey/shared/store"
	"rekey/shared/verdict"
)

// Config is what the handlers work with.
type Config struct {
	Findings findings.Store
	Cases    cases.Store
	Verdicts verdicts.Store
	Triage   store.Bell
	Prefix   string // of the API's paths, "/api"
	Now      func() time.Time
}

const (
	defaultTop = 100
	maxTop     = 1000
	maxRows    = 1000
)

const (
	detectionsPath = "/identityProtection/servicePrincipalRiskDetections"
	principalsPath = "/identityProtection/riskyServicePrincipals"
)

// Routes are the calls of the risk API.
func Routes(c Config) []httpapi.Route {
	h := &handler{c}
	say := func(kind verdict.Kind, summary string) httpapi.Route {
		return httpapi.Route{
			Method: http.MethodPost, Path: principalsPath + "/" + string(kind), Name: string(kind), Summary: summary, Permission: access.Decide, Do: h.say(kind),
			About: httpapi.About{Tag: tag, Body: named{}, Answers: []httpapi.Answer{{Status: http.StatusNoContent, Text: "The order is kept, and carried out within seconds."}}},
		}
	}
	return []httpapi.Route{
		{
			Method: http.MethodGet, Path: detectionsPath, Name: "listDetections", Summary: "List risk detections, the newest first.", Permission: access.ReadDetections, Do: h.listDetections,
			About: listed(httpapi.Collection[detection]{}, detectionSchema),
		},
		{
			Method: http.MethodGet, Path: detectionsPath + "/{id}", Name: "getDetection", Summary: "Read one risk detection.", Permission: access.ReadDetections, Do: h.getDetection,
			About: one(detectionAlone{}),
		},
		{
			Method: http.MethodGet, Path: principalsPath, Name: "listPrincipals", Summary: "List risky service principals, by id.", Permission: access.ReadPrincipals, Do: h.listPrincipals,
			About: listed(httpapi.Collection[principal]{}, principalSchema),
		},
		{
			Method: http.MethodGet, Path: principalsPath + "/{id}", Name: "getPrincipal", Summary: "Read one risky service principal.", Permission: access.ReadPrincipals, Do: h.getPrincipal,
			About: one(principalAlone{}),
		},
		{
			Method: http.MethodGet, Path: principalsPath + "/{id}/history", Name: "listHistory", Summary: "List what was found and said about a principal, the newest first.", Permission: access.ReadPrincipals,
			Do: h.listHistory, About: listed(httpapi.Collection[item]{}, historySchema),
		},
		say(verdict.ConfirmCompromised, "Say that principals are compromised."),
		say(verdict.Dismiss, "Say that principals are at no risk."),
		say(verdict.ConfirmSafe, "Say that what was seen of principals was themselves."),
	}
}

type handler struct{ Config }
