package halt

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"rekey/handlers/access"
	"rekey/handlers/orders"
	"rekey/shared/fault"
	"rekey/shared/host/httpapi"
	"rekey/shared/order"
)

// Config is what the routes work with.
type Config struct {
	Orders orders.Store
	Prefix string // of all paths, "/api"
	Now    func() time.Time
}

// Routes are the calls of the kill switch, and the place to look how far an order is.
func Routes(c Config) []httpapi.Route {
	return []httpapi.Route{
		{
			Method: http.MethodPost, Path: "/remediations/stop", Name: "stopRemediations", Permission: access.Act,
			Summary: "Stop everything before its next change.", Do: c.order(order.Stop),
		},
		{
			Method: http.MethodPost, Path: "/remediations/resume", Name: "resumeRemediations", Permission: access.Act,
			Summary: "Let everything go on after a stop.", Do: c.order(order.Resume),
		},
		{
			Method: http.MethodGet, Path: "/remediations/orders/{id}", Name: "getRemediationOrder", Permission: access.ReadPrincipals,
			Summary: "How far an order is; of a stop, what is half done.", Do: c.look,
		},
	}
}

// maxBody bounds what is read of a request.
const maxBody = 16 << 10

// order writes down that somebody wants to stop or to go on, before it answers.
func (c Config) order(kind order.Kind) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		var body struct {
			Reason string `json:"reason"`
		}
		d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
		d.DisallowUnknownFields()
		if err := d.Decode(&body); err != nil {
			return httpapi.BadRequest(`The body must be like {"reason": "why"}.`)
		}
		key := r.Header.Get("Idempotency-Key")
		if key == "" {
			key = rand.Text()
		}
		o, err := order.New(order.Request{Kind: kind, Reason: body.Reason, By: httpapi.CallerOf(r.Context()).String(), Key: key}, c.Now())
		if err == nil {
			o, err = c.Orders.Open(r.Context(), o)
		}
		if errors.Is(err, fault.Poison) || errors.Is(err, fault.Denied) {
			return httpapi.BadRequest("%s", err)
		}
		if err != nil {
			return err
		}
		return c.accepted(w, o)
	}
}

// retryAfter is when to look again.
const retryAfter = "2"

func (c Config) accepted(w http.ResponseWriter, o order.Order) error {
	w.Header().Set("Location", c.Prefix+"/remediations/orders/"+o.ID)
	w.Header().Set("Retry-After", retryAfter)
	httpapi.JSON(w, http.StatusAccepted, form(o))
	return nil
}

// look shows an order: 202 while it is under way, 200 when it ended.
func (c Config) look(w http.ResponseWriter, r *http.Request) error {
	o, err := c.Orders.Get(r.Context(), r.PathValue("id"))
	switch {
	case errors.Is(err, fault.NotFound):
		return httpapi.Errorf(http.StatusNotFound, "Request_ResourceNotFound", "There is no such order.")
	case err != nil:
		return err
	case o.Kind != order.Stop && o.Kind != order.Resume:
		return httpapi.Errorf(http.StatusNotFound, "Request_ResourceNotFound", "There is no such order here.")
	case o.Due():
		return c.accepted(w, o)
	}
	httpapi.JSON(w, http.StatusOK, form(o))
	return nil
}

// status is an order in the form of Graph's longRunningOperation.
type status struct {
	ID         string       `json:"id"`
	Kind       order.Kind   `json:"kind"`
	Status     order.Status `json:"status"`
	Detail     string       `json:"statusDetail"` // what is half done
	Created    time.Time    `json:"createdDateTime"`
	LastAction time.Time    `json:"lastActionDateTime"`
}

func form(o order.Order) status {
	return status{o.ID, o.Kind, o.Status, o.Message, o.Opened, o.Updated}
}
