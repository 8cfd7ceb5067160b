package policies

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"rekey/handlers/orders"
	"rekey/shared/fault"
	"rekey/shared/host/httpapi"
	"rekey/shared/order"
	"rekey/shared/policy"
)

// Config is what the handler works with.
type Config struct {
	Policies Store
	Orders   orders.Store
	Prefix   string // of the path, "/api"
	// Caller says who asks, for the order and the ledger: an id, and a name if there is one. While it is nil or returns
	// nothing, whatever would change something is refused.
	Caller func(*http.Request) string
	Now    func() time.Time
}

// New makes the handler. It checks no permission: whoever wraps it does, by Routes.
func New(c Config) http.Handler {
	h := &handler{c}
	mux := http.NewServeMux()
	for _, r := range Routes() {
		mux.HandleFunc(r.Method+" "+c.Prefix+r.Path, func(w http.ResponseWriter, req *http.Request) { r.handle(h, w, req) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		h.fail(w, http.StatusNotFound, "Request_ResourceNotFound", "There is no "+r.Method+" "+r.URL.Path+
			". Policies are listed, read, created, changed and removed under "+c.Prefix+"/identity/conditionalAccess/policies.")
	})
	return mux
}

type handler struct{ Config }

func (h *handler) list(w http.ResponseWriter, r *http.Request) {
	all, err := h.Policies.All(r.Context())
	if err != nil {
		h.failed(w, r, err)
		return
	}
	values := make([]any, len(all))
	for i, k := range all {
		if values[i], err = form(k); err != nil {
			h.failed(w, r, err)
			return
		}
	}
	h.answer(w, http.StatusOK, map[string]any{"@odata.context": httpapi.Origin(r) + h.Prefix + "/$metadata#identity/conditionalAccess/policies", "value": values})
}

func (h *handler) get(w http.ResponseWriter, r *http.Request) {
	k, err := h.Policies.Get(r.Context(), strings.ToLower(r.PathValue("id")))
	if err != nil {
		h.failed(w, r, err)
		return
	}
	out, err := form(k)
	if err != nil {
		h.failed(w, r, err)
		return
	}
	h.answer(w, http.StatusOK, out)
}

func (h *handler) create(w http.ResponseWriter, r *http.Request) {
	body, err := read64(r)
	if err == nil {
		var d policy.Draft
		if d, err = policy.Parse(body); err == nil {
			_, err = d.New()
		}
	}
	if err != nil {
		h.refused(w, r, err)
		return
	}
	h.open(w, r, order.Request{Kind: order.CreatePolicy, Body: body})
}

func (h *handler) update(w http.ResponseWriter, r *http.Request) {
	body, err := read64(r)
	if err == nil {
		_, err = policy.Parse(body)
	}
	if err != nil {
		h.refused(w, r, err)
		return
	}
	h.open(w, r, order.Request{Kind: order.UpdatePolicy, IDs: []string{r.PathValue("id")}, Body: body})
}

func (h *handler) remove(w http.ResponseWriter, r *http.Request) {
	h.open(w, r, order.Request{Kind: order.RemovePolicy, IDs: []string{r.PathValue("id")}})
}

// read64 reads a body of at most 64 KiB.
func read64(r *http.Request) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r.Body, order.MaxBody+1))
	switch {
	case err != nil:
		return nil, fault.Errorf(fault.Poison, "the body could not be read")
	case len(b) > order.MaxBody:
		return nil, fault.Errorf(fault.Poison, "the body is larger than %d bytes", order.MaxBody)
	}
	return b, nil
}

// open writes an order and answers where to look for its result. A request that is sent again with the same
// Idempotency-Key is the same order; without one, each is another.
func (h *handler) open(w http.ResponseWriter, r *http.Request, req order.Request) {
	for name := range r.URL.Query() {
		if name != "named" && name != "code" {
			h.fail(w, http.StatusBadRequest, "BadRequest", fmt.Sprintf("The query option %.40q is not supported: there is named, the full displayName of a policy that Rekey did not make.", name))
			return
		}
	}
	if h.Caller != nil {
		req.By = h.Caller(r)
	}
	if req.By == "" {
		h.fail(w, http.StatusForbidden, "AccessDenied", "Who asks is not known: nothing is changed for nobody.")
		return
	}
	req.Named, req.Key = r.URL.Query().Get("named"), r.Header.Get("Idempotency-Key")
	if req.Key == "" {
		req.Key = rand.Text()
	}
	o, err := order.New(req, h.Now())
	if err == nil {
		o, err = h.Orders.Open(r.Context(), o)
	}
	if err == nil && h.Now().Sub(o.Opened) >= orders.KeyLife {
		err = fault.Errorf(fault.Conflict, "the Idempotency-Key was used at %s, for order %s: a key holds for a day, send a new key", o.Opened.Format(time.RFC3339), o.ID)
	}
	if err != nil {
		h.refused(w, r, err)
		return
	}
	h.show(w, r, o)
}

// order shows how far an order is.
func (h *handler) order(w http.ResponseWriter, r *http.Request) {
	o, err := h.Orders.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		h.failed(w, r, err)
		return
	}
	h.show(w, r, o)
}

// retryAfter is when to look again: an order makes a handful of calls at one a second.
const retryAfter = "5"

// show answers 202 while an order is under way, 200 when it ended.
func (h *handler) show(w http.ResponseWriter, r *http.Request, o order.Order) {
	status := http.StatusOK
	if o.Due() {
		status = http.StatusAccepted
		w.Header().Set("Location", httpapi.Origin(r)+h.Prefix+"/identity/conditionalAccess/orders/"+o.ID)
		w.Header().Set("Retry-After", retryAfter)
	}
	h.answer(w, status, orderForm(o))
}

// refused answers what is wrong with a request.
func (h *handler) refused(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, fault.Poison):
		h.fail(w, http.StatusBadRequest, "BadRequest", err.Error())
	case errors.Is(err, fault.Conflict):
		h.fail(w, http.StatusConflict, "Conflict", err.Error())
	default:
		h.failed(w, r, err)
	}
}
