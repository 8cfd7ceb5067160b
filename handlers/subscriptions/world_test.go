package subscriptions_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"rekey/handlers/subscriptions"
	"rekey/shared/event"
	"rekey/shared/host/funchost"
	"rekey/shared/host/httpapi"
	"rekey/shared/notice"
	"rekey/shared/remedy"
	"rekey/shared/store/memory"
)

const (
	tenant = "8f0c5d7e-0000-4000-8000-000000000001"
	secret = "s3cret-signature"
)

var start = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

// receiver is a callback. It answers with the statuses in turn, and 202 after them, as Logic Apps does.
type receiver struct {
	*httptest.Server
	statuses []int
	after    string // Retry-After of what is no success
	got      []string
	headers  []http.Header
	bodies   []string
	took     func() // called when a notice was taken, before the answer
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	b, _ := io.ReadAll(req.Body)
	status := http.StatusAccepted
	if len(r.statuses) > 0 {
		status, r.statuses = r.statuses[0], r.statuses[1:]
	}
	if status == http.StatusFound {
		w.Header().Set("Location", "http://169.254.169.254/metadata/identity/oauth2/token")
	}
	if status/100 == 2 {
		r.got, r.headers, r.bodies = append(r.got, req.Header.Get("Rekey-Id")), append(r.headers, req.Header), append(r.bodies, string(b))
		if r.took != nil {
			r.took()
		}
	} else if r.after != "" {
		w.Header().Set("Retry-After", r.after)
	}
	w.WriteHeader(status)
}

// world is the side that faces the network and the side that delivers, over one state.
type world struct {
	t        *testing.T
	now      time.Time
	store    subscriptions.Store
	bell     *memory.Bell
	desk     []httpapi.Route
	sink     *subscriptions.Sink
	deliver  *subscriptions.Deliverer
	receiver *receiver
	moves    map[string][]notice.Notice
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: start, bell: &memory.Bell{}, receiver: &receiver{}, moves: map[string][]notice.Notice{}}
	w.receiver.Server = httptest.NewTLSServer(w.receiver)
	t.Cleanup(w.receiver.Close)
	clock := func() time.Time { return w.now }
	w.store = subscriptions.Store{Subscriptions: &memory.Table{}, Deliveries: &memory.Table{}}
	w.desk = subscriptions.Routes(subscriptions.Desk{Store: w.store, Bell: w.bell, Hosts: []string{"127.0.0.1", "*.logic.azure.com"}, Prefix: "/api", Now: clock})
	w.sink = &subscriptions.Sink{Store: w.store, Bell: w.bell, Now: clock}
	w.deliver = w.instance("one")
	return w
}

func (w *world) instance(owner string) *subscriptions.Deliverer {
	return subscriptions.New(subscriptions.Config{
		Store: w.store, Hosts: []string{"127.0.0.1"}, Transport: w.receiver.Client().Transport, Bell: w.bell, Owner: owner, Now: func() time.Time { return w.now },
		Moves: func(_ context.Context, id string) ([]notice.Notice, error) { return w.moves[id], nil },
	})
}

// call makes a request, as the API does once the caller is known.
func (w *world) call(name, id string, body any) (*httptest.ResponseRecorder, error) {
	w.t.Helper()
	for _, r := range w.desk {
		if r.Name != name {
			continue
		}
		text, ok := body.(string)
		if !ok {
			b, err := json.Marshal(body)
			if err != nil {
				w.t.Fatal(err)
			}
			text = string(b)
		}
		req := httptest.NewRequestWithContext(w.t.Context(), r.Method, "https://rekey.example/api"+r.Path, strings.NewReader(text))
		req.SetPathValue("id", id)
		rec := httptest.NewRecorder()
		return rec, r.Do(rec, req)
	}
	w.t.Fatalf("there is no route %s", name)
	return nil, nil
}

// body makes the body of subscribing to everything at the receiver, with changes.
func (w *world) body(changes map[string]any) map[string]any {
	out := map[string]any{"callbackUrl": w.receiver.URL + "/workflows/w1/triggers/t/run?sig=" + secret}
	for k, v := range changes {
		out[k] = v
	}
	return out
}

// subscribe returns the id of a new subscription.
func (w *world) subscribe(changes map[string]any) string {
	w.t.Helper()
	rec, err := w.call("subscribe", "", w.body(changes))
	if err != nil || rec.Code != http.StatusCreated {
		w.t.Fatalf("%d %s (%v)", rec.Code, rec.Body, err)
	}
	at := rec.Header().Get("Location")
	id, ok := strings.CutPrefix(at, "https://rekey.example/api/subscriptions/")
	if !ok {
		w.t.Fatalf("Location: %s", at)
	}
	return id
}

// look returns what is told of a subscription.
func (w *world) look(id string) map[string]any {
	w.t.Helper()
	rec, err := w.call("getSubscription", id, "")
	var out map[string]any
	if err := errors.Join(err, json.Unmarshal(rec.Body.Bytes(), &out)); err != nil {
		w.t.Fatal(err)
	}
	return out
}

// tell gives the sink notices, as the function publish does.
func (w *world) tell(ns ...notice.Notice) {
	w.t.Helper()
	if err := w.sink.Deliver(w.t.Context(), ns); err != nil {
		w.t.Fatal(err)
	}
}

// turn handles every ring there is.
func (w *world) turn() {
	w.t.Helper()
	for _, id := range w.bell.Rung() {
		if err := w.deliver.Handle(w.t.Context(), funchost.Message{Text: id}); err != nil {
			w.t.Fatal(err)
		}
	}
}

// pass lets time go by, with sweep looking every two minutes.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	for end := w.now.Add(d); w.now.Before(end); {
		w.now = w.now.Add(2 * time.Minute)
		if err := w.deliver.Missed(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		w.turn()
	}
}

// moved are the notices of an operation that was in some states, a minute apart, the last one now.
func (w *world) moved(id string, states ...remedy.State) []notice.Notice {
	o := remedy.Operation{ID: id, Principal: event.Principal{ObjectID: "sp1", Name: "billing"}, PlanHash: "4b1d"}
	for i, s := range states {
		o.State, o.Updated = s, w.now.Add(time.Duration(i-len(states)+1)*time.Minute)
		o.Moves, _ = o.Track()
	}
	return notice.OfOperation(tenant, o)
}

// some are n notices of as many operations.
func (w *world) some(n int) []notice.Notice {
	var out []notice.Notice
	for i := range n {
		out = append(out, w.moved("op-"+strconv.Itoa(i), remedy.StateAwaitingApproval)...)
	}
	return out
}
