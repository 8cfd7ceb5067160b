package policies

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/order"
)

// form is Graph's conditionalAccessPolicy, with the order behind it.
func form(k Kept) (map[string]any, error) {
	out := map[string]any{}
	if err := json.Unmarshal(k.Policy, &out); err != nil {
		return nil, fault.Errorf(fault.Denied, "reading policy %s: %v", k.ID, err)
	}
	out["id"], out["createdDateTime"], out["modifiedDateTime"] = k.ID, k.Created, k.Modified
	out["rekeyOrderId"], out["rekeyOrderedBy"] = k.Order, k.By
	return out, nil
}

// orderStatus is an order in the form of Graph's longRunningOperation.
type orderStatus struct {
	ID         string       `json:"id"`
	Kind       order.Kind   `json:"kind"`
	Status     order.Status `json:"status"`
	Detail     string       `json:"statusDetail"` // what came of it
	Created    time.Time    `json:"createdDateTime"`
	LastAction time.Time    `json:"lastActionDateTime"`
	Policy     string       `json:"policyId,omitempty"`
	Covered    []string     `json:"servicePrincipals"`
	OutOfScope []order.Left `json:"outOfScope"` // principals that are not covered, each with the reason
	Notes      []string     `json:"notes"`
}

func orderForm(o order.Order) orderStatus {
	s := orderStatus{
		ID: o.ID, Kind: o.Kind, Status: o.Status, Detail: o.Message, Created: o.Opened, LastAction: o.Updated, Policy: o.Policy,
		Covered: []string{}, OutOfScope: []order.Left{}, Notes: []string{},
	}
	s.Covered, s.OutOfScope, s.Notes = append(s.Covered, o.Done...), append(s.OutOfScope, o.Left...), append(s.Notes, o.Notes...)
	return s
}

func (h *handler) failed(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, fault.NotFound) {
		h.fail(w, http.StatusNotFound, "Request_ResourceNotFound", "There is no such policy or order of Rekey.")
		return
	}
	funchost.Note(r.Context(), "failed", err.Error())
	h.fail(w, http.StatusServiceUnavailable, "serviceNotAvailable", "State cannot be read or written at the moment. Try again.")
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
