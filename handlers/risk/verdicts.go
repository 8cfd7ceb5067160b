package risk

import (
	"net/http"
	"slices"
	"strings"

	"rekey/shared/host/funchost"
	"rekey/shared/host/httpapi"
	"rekey/shared/verdict"
)

// maxIDs is how many principals one request may name, as Graph has it.
const maxIDs = 60

// say takes a verdict on some principals. Each is an order in state before the answer; then triage is rung for. A ring that
// is lost is made up for by sweep. All ids are looked at before the first order is written; an order that is given twice,
// because the answer was lost, changes nothing the second time.
func (h *handler) say(kind verdict.Kind) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		var body named
		if err := httpapi.Decode(r, &body); err != nil {
			return err
		}
		orders, err := h.orders(kind, body.IDs, r, w.Header().Get("request-id"))
		if err != nil {
			return err
		}
		ctx := r.Context()
		for _, v := range orders {
			if err := h.Verdicts.Order(ctx, v); err != nil {
				return err
			}
		}
		for _, v := range orders {
			if err := h.Triage.Ring(ctx, v.Principal); err != nil {
				funchost.Note(ctx, "not_rung", err.Error())
			}
		}
		funchost.Count(ctx, "verdicts", int64(len(orders)))
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
}

func (h *handler) orders(kind verdict.Kind, ids []string, r *http.Request, request string) ([]verdict.Verdict, error) {
	if len(ids) == 0 || len(ids) > maxIDs {
		return nil, httpapi.BadRequest("servicePrincipalIds names %d principals: name 1 to %d, by object id.", len(ids), maxIDs)
	}
	caller := httpapi.CallerOf(r.Context())
	var out []verdict.Verdict
	for _, id := range ids {
		v, err := verdict.New(kind, strings.TrimSpace(id), caller.String(), request, h.Now())
		if err != nil {
			return nil, httpapi.BadRequest("servicePrincipalIds: %.60q is no object id.", id)
		}
		v.Person = !caller.App
		if !slices.ContainsFunc(out, func(o verdict.Verdict) bool { return o.Principal == v.Principal }) {
			out = append(out, v)
		}
	}
	return out, nil
}
