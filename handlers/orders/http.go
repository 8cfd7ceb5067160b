package orders

import (
	"crypto/rand"
	"errors"
	"net/http"
	"time"

	"rekey/shared/fault"
	"rekey/shared/host/httpapi"
	"rekey/shared/order"
)

// Desk takes orders over HTTP and tells how far they are.
type Desk struct {
	Store
	Prefix string // of all paths, "/api"
	Now    func() time.Time
}

// Path is where the orders about remediations are looked at, below the prefix.
const Path = "/remediations/orders/"

// retryAfter is when to look again, in seconds.
const retryAfter = "2"

// Status is an order in the form of Graph's longRunningOperation.
type Status struct {
	ID         string       `json:"id"`
	Kind       order.Kind   `json:"kind"`
	Status     order.Status `json:"status" enum:"notStarted,running,succeeded,failed"`
	Detail     string       `json:"statusDetail" about:"What came of it, for people; of one that failed, why."`
	Resource   string       `json:"resourceLocation,omitempty" about:"The remediation or rotation that it is about, once that is known."`
	Notes      []string     `json:"notes" about:"What people should know of the result, line by line."`
	Created    time.Time    `json:"createdDateTime"`
	LastAction time.Time    `json:"lastActionDateTime"`
}

// SchemaName is the name of the type in descriptions.
func (Status) SchemaName() string { return "order" }

// Accepts describes the answer of a call that makes an order, and another one each time.
func Accepts() []httpapi.Answer {
	return []httpapi.Answer{{Status: http.StatusAccepted, Text: "The order is kept, and is carried out within seconds.", Body: Status{}, Headers: []httpapi.Param{
		{Name: "Location", Text: "Where to look how far the order is."}, {Name: "Retry-After", Text: "Seconds until it is worth looking.", Kind: "integer"},
	}}}
}

// Repeats describes the answers of a call that makes an order, or finds the one that was sent under the same key.
func Repeats() []httpapi.Answer {
	return append(Accepts(), httpapi.Answer{Status: http.StatusOK, Text: "It was sent under this key before, and has ended: status says how.", Body: Status{}})
}

// Shows describes the answers of looking at an order.
func Shows() []httpapi.Answer {
	return append(Accepts(), httpapi.Answer{Status: http.StatusOK, Text: "It ended: status says how.", Body: Status{}})
}

// KeyHeader describes the header that makes a request the same request.
var KeyHeader = httpapi.Param{Name: "Idempotency-Key", Text: "Of the caller's own choice, at most 256 bytes: what is sent again with the same key within a day is the same order."}

// KeyLife is how long a key stands for its order. A key that comes later is refused: whoever sends a fixed one would else be
// told of an order that ended long ago.
const KeyLife = 24 * time.Hour

// Take writes an order down and answers where to look. What a caller sends again with the same Idempotency-Key is the same
// order; without one, each is another. To stop is another order each time: stopping twice does no harm, and being told of
// an earlier stop would.
func (d Desk) Take(w http.ResponseWriter, r *http.Request, req order.Request) error {
	caller := httpapi.CallerOf(r.Context())
	req.By, req.Key = caller.String(), r.Header.Get(KeyHeader.Name)
	if !caller.App {
		req.Person = caller.ObjectID
	}
	if req.Key == "" || req.Kind == order.Stop {
		req.Key = rand.Text()
	}
	o, err := order.New(req, d.Now())
	if err == nil {
		o, err = d.Open(r.Context(), o)
	}
	switch {
	case errors.Is(err, fault.Conflict):
		return httpapi.Errorf(http.StatusConflict, "Request_Conflict", "The Idempotency-Key was used for another request, order %s: send a new key.", o.ID)
	case errors.Is(err, fault.Poison):
		return httpapi.BadRequest("%s", err)
	case errors.Is(err, fault.ErrUnreadable):
		return unreadable(err)
	case err != nil:
		return err
	case d.Now().Sub(o.Opened) >= KeyLife:
		return httpapi.Errorf(http.StatusConflict, "Request_Conflict", "The Idempotency-Key was used at %s, for order %s: a key holds for a day, send a new key.", o.Opened.Format(time.RFC3339), o.ID)
	}
	d.show(w, r, o)
	return nil
}

func unreadable(err error) error {
	return httpapi.Errorf(http.StatusConflict, "Request_Conflict", "The order cannot be read by this version of Rekey: %s.", err)
}

// Person returns the user who calls. It refuses applications: they may ask and stop, and not decide.
func Person(r *http.Request) (string, error) {
	c := httpapi.CallerOf(r.Context())
	if c.App || c.ObjectID == "" {
		return "", httpapi.Errorf(http.StatusForbidden, "Authorization_RequestDenied",
			"Deciding is for people: the caller is an application. It may ask for a remediation, look, and stop everything; a user has to decide, with the directory role Security Administrator or Global Administrator.")
	}
	return c.ObjectID, nil
}

// Sent reports whether the caller sent an order of this kind under his Idempotency-Key before. Whether it asks for the same
// is for Take to see.
func (d Desk) Sent(r *http.Request, kind order.Kind) bool {
	key := r.Header.Get(KeyHeader.Name)
	if key == "" {
		return false
	}
	_, err := d.Get(r.Context(), order.Identify(kind, httpapi.CallerOf(r.Context()).String(), key))
	return err == nil
}

// show answers how far an order is: 202 while it is under way, 200 when it ended. The address is whole, because not every
// client completes one.
func (d Desk) show(w http.ResponseWriter, r *http.Request, o order.Order) {
	status := http.StatusOK
	if o.Due() {
		status = http.StatusAccepted
		w.Header().Set("Location", httpapi.Origin(r)+d.Prefix+Path+o.ID)
		w.Header().Set("Retry-After", retryAfter)
	}
	httpapi.JSON(w, status, d.form(r, o))
}

// Look shows an order about remediations.
func (d Desk) Look(w http.ResponseWriter, r *http.Request) error {
	o, err := d.Get(r.Context(), r.PathValue("id"))
	switch {
	case errors.Is(err, fault.NotFound), err == nil && !o.Kind.Remedial():
		return httpapi.Errorf(http.StatusNotFound, "Request_ResourceNotFound", "There is no such order: take the address from the Location of the answer that accepted it.")
	case errors.Is(err, fault.ErrUnreadable):
		return unreadable(err)
	case err != nil:
		return err
	}
	d.show(w, r, o)
	return nil
}

func (d Desk) form(r *http.Request, o order.Order) Status {
	s := Status{ID: o.ID, Kind: o.Kind, Status: o.Status, Detail: o.Message, Notes: append([]string{}, o.Notes...), Created: o.Opened, LastAction: o.Updated}
	if o.Result != "" {
		s.Resource = httpapi.Origin(r) + d.Prefix + "/remediations/" + o.Result
	}
	return s
}
