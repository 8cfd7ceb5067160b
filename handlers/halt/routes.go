package halt

import (
	"encoding/json"
	"net/http"

	"rekey/handlers/access"
	"rekey/handlers/orders"
	"rekey/shared/host/httpapi"
	"rekey/shared/order"
)

const tag = "kill switch"

// why is the body of both calls.
type why struct {
	Reason string `json:"reason" about:"Whoever comes next has to know it."`
}

// SchemaName is the name of the type in descriptions.
func (why) SchemaName() string { return "reason" }

// Routes are the calls of the kill switch, and the place to look how far an order about remediations is.
func Routes(d orders.Desk) []httpapi.Route {
	stops := httpapi.About{Tag: tag, Body: why{}, Answers: orders.Accepts()}
	resumes := httpapi.About{Tag: tag, Body: why{}, Headers: []httpapi.Param{orders.KeyHeader}, Answers: orders.Repeats()}
	return []httpapi.Route{
		{
			Method: http.MethodPost, Path: "/remediations/stop", Name: "stopRemediations", Permission: access.Act, About: stops,
			Summary: "Stop everything before its next change.", Do: take(d, order.Stop),
		},
		{
			Method: http.MethodPost, Path: "/remediations/resume", Name: "resumeRemediations", Permission: access.Act, About: resumes,
			Summary: "Let everything go on after a stop.", Do: take(d, order.Resume),
		},
		{
			Method: http.MethodGet, Path: orders.Path + "{id}", Name: "getRemediationOrder", Permission: access.ReadPrincipals,
			About: httpapi.About{Tag: tag, Answers: orders.Shows()}, Summary: "How far an order is; of a stop, what is half done.", Do: d.Look,
		},
	}
}

// maxBody bounds what is read of a request.
const maxBody = 16 << 10

// take writes down that somebody wants to stop or to go on, before it answers.
func take(d orders.Desk, kind order.Kind) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		if kind == order.Resume {
			if _, err := orders.Person(r); err != nil {
				return err
			}
		}
		var body why
		j := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
		j.DisallowUnknownFields()
		if err := j.Decode(&body); err != nil {
			return httpapi.BadRequest(`The body must be like {"reason": "why"}.`)
		}
		return d.Take(w, r, order.Request{Kind: kind, Reason: body.Reason})
	}
}
