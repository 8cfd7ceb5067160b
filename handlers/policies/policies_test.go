package policies_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/handlers/orders"
	"rekey/handlers/policies"
	"rekey/shared/azure/graph"
	"rekey/shared/order"
	"rekey/shared/store/memory"
)

var now = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

// face is the HTTP function and what it writes.
type face struct {
	http.Handler
	orders orders.Store
	bell   *memory.Bell
}

func newFace(t *testing.T, who string) face {
	t.Helper()
	kept := policies.Store{Table: &memory.Table{}}
	if err := kept.Keep(t.Context(), policies.Kept{ID: "p1", Name: "block", State: "enabled", Created: now, Policy: json.RawMessage(`{"displayName":"block","state":"enabled"}`), Order: "order-1", By: "alice"}); err != nil {
		t.Fatal(err)
	}
	bell := &memory.Bell{}
	s := orders.Store{Table: &memory.Table{}, Bell: bell}
	caller := func(*http.Request) string { return who }
	return face{policies.New(policies.Config{Policies: kept, Orders: s, Prefix: "/api", Caller: caller, Now: func() time.Time { return now }}), s, bell}
}

func (f face) send(t *testing.T, method, url, body string, header ...string) (*httptest.ResponseRecorder, map[string]any) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	r.Header.Set("X-Forwarded-Host", "rekey.example")
	r.Header.Set("X-Forwarded-Proto", "https")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	var out map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		t.Fatalf("%s %s: %v: %s", method, url, err, w.Body)
	}
	return w, out
}

const base = "/api/identity/conditionalAccess/"

func mission(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../shared/policy/testdata/mission.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAnOrderIsWrittenBeforeItIsAcceptedAndSaysWhereToLook(t *testing.T) {
	f := newFace(t, "alice")
	for name, tt := range map[string]struct {
		method, url, body string
		kind              order.Kind
	}{
		"create": {http.MethodPost, base + "policies?code=s3cret", mission(t), order.CreatePolicy},
		"update": {http.MethodPatch, base + "policies/p1", `{"state":"enabled"}`, order.UpdatePolicy},
		"remove": {http.MethodDelete, base + "policies/p1?named=block", ``, order.RemovePolicy},
	} {
		t.Run(name, func(t *testing.T) {
			w, body := f.send(t, tt.method, tt.url, tt.body)
			id, _ := body["id"].(string)
			if w.Code != http.StatusAccepted || w.Header().Get("Retry-After") == "" || w.Header().Get("Location") != "https://rekey.example"+base+"orders/"+id {
				t.Fatalf("%d %v %v", w.Code, w.Header(), body)
			}
			o, err := f.orders.Get(t.Context(), id)
			if err != nil || o.Kind != tt.kind || o.By != "alice" || !slices.Contains(f.bell.Rung(), id) {
				t.Errorf("%+v %v, rung %v", o, err, f.bell.Rung())
			}
			if strings.Contains(w.Header().Get("Location"), "s3cret") {
				t.Error("the function key is in the Location")
			}
			w, body = f.send(t, http.MethodGet, base+"orders/"+id, "")
			if w.Code != http.StatusAccepted || body["status"] != "notStarted" {
				t.Errorf("%d %v", w.Code, body)
			}
		})
	}
}

func TestAnOrderThatEndedShowsWhatCameOfIt(t *testing.T) {
	f := newFace(t, "alice")
	o, err := order.New(order.Request{Kind: order.RemovePolicy, IDs: []string{"p1"}, By: "a", Key: "k"}, now)
	if err != nil {
		t.Fatal(err)
	}
	o.Left = []order.Left{{ID: "x", Reason: "a managed identity"}}
	o.End(order.Failed, "nobody is left", now)
	if _, err := f.orders.Open(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	w, body := f.send(t, http.MethodGet, base+"orders/"+o.ID, "")
	left, _ := body["outOfScope"].([]any)
	if w.Code != http.StatusOK || body["status"] != "failed" || body["statusDetail"] != "nobody is left" || len(left) != 1 || w.Header().Get("Location") != "" {
		t.Errorf("%d %v", w.Code, body)
	}
}

func TestTheSameIdempotencyKeyIsTheSameOrder(t *testing.T) {
	f := newFace(t, "alice")
	_, one := f.send(t, http.MethodPost, base+"policies", mission(t), "Idempotency-Key", "run-7")
	_, two := f.send(t, http.MethodPost, base+"policies", mission(t), "Idempotency-Key", "run-7")
	if one["id"] != two["id"] {
		t.Errorf("%v and %v", one["id"], two["id"])
	}
	w, body := f.send(t, http.MethodPost, base+"policies", strings.Replace(mission(t), "disabled", "enabled", 1), "Idempotency-Key", "run-7")
	if w.Code != http.StatusConflict {
		t.Errorf("%d %v", w.Code, body)
	}
	if _, other := f.send(t, http.MethodPost, base+"policies", mission(t)); other["id"] == one["id"] {
		t.Error("a request without a key is an old order")
	}
}

func TestAKeyOfAnOrderThatEndedSaysSoForADayAndIsRefusedThen(t *testing.T) {
	for name, tt := range map[string]struct {
		age  time.Duration
		want int
	}{"it ended within a day": {time.Hour, http.StatusOK}, "it is older": {24 * time.Hour, http.StatusConflict}} {
		f := newFace(t, "alice")
		o, err := order.New(order.Request{Kind: order.CreatePolicy, Body: []byte(mission(t)), By: "alice", Key: "run-7"}, now.Add(-tt.age))
		if err != nil {
			t.Fatal(err)
		}
		o.End(order.Succeeded, "made", now.Add(-tt.age))
		if _, err := f.orders.Open(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		if w, body := f.send(t, http.MethodPost, base+"policies", mission(t), "Idempotency-Key", "run-7"); w.Code != tt.want {
			t.Errorf("%s: %d %v", name, w.Code, body)
		}
	}
}

func TestPoliciesAreReadFromState(t *testing.T) {
	f := newFace(t, "")
	w, body := f.send(t, http.MethodGet, base+"policies", "")
	if values, _ := body["value"].([]any); w.Code != http.StatusOK || len(values) != 1 {
		t.Errorf("%d %v", w.Code, body)
	}
	w, body = f.send(t, http.MethodGet, base+"policies/P1", "")
	if w.Code != http.StatusOK || body["id"] != "p1" || body["displayName"] != "block" || body["rekeyOrderedBy"] != "alice" {
		t.Errorf("%d %v", w.Code, body)
	}
}

func TestWhatIsRefusedIsRefusedInGraphsForm(t *testing.T) {
	for name, tt := range map[string]struct {
		who, method, url, body string
		status                 int
		code                   string
	}{
		"a body with typographic quotes":    {"alice", http.MethodPost, base + "policies", strings.Replace(mission(t), `"low"`, `“low”`, 1), 400, "BadRequest"},
		"a body of another policy":          {"alice", http.MethodPatch, base + "policies/p1", `{"sessionControls":{"a":1}}`, 400, "BadRequest"},
		"a body that is too large":          {"alice", http.MethodPost, base + "policies", strings.Repeat(" ", order.MaxBody+1), 400, "BadRequest"},
		"a query option that is not known":  {"alice", http.MethodDelete, base + "policies/p1?force=true", "", 400, "BadRequest"},
		"an id that is none":                {"alice", http.MethodDelete, base + "policies/..%2F..", "", 400, "BadRequest"},
		"a change by nobody":                {"", http.MethodPost, base + "policies", mission(t), 403, "AccessDenied"},
		"a removal by nobody":               {"", http.MethodDelete, base + "policies/p1", "", 403, "AccessDenied"},
		"a policy that Rekey did not make":  {"alice", http.MethodGet, base + "policies/none", "", 404, "Request_ResourceNotFound"},
		"an order that is none":             {"alice", http.MethodGet, base + "orders/none", "", 404, "Request_ResourceNotFound"},
		"a path that is none, and a method": {"alice", http.MethodPut, base + "policies", "{}", 404, "Request_ResourceNotFound"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFace(t, tt.who)
			w, body := f.send(t, tt.method, tt.url, tt.body)
			e, _ := body["error"].(map[string]any)
			if w.Code != tt.status || e["code"] != tt.code || e["message"] == "" || len(f.bell.Rung()) != 0 {
				t.Errorf("%d %v", w.Code, body)
			}
		})
	}
}

func TestEachRouteNeedsWhatGraphAsksFor(t *testing.T) {
	same := map[string]string{http.MethodGet: "AccessPolicies", http.MethodPost: "AddAccessPolicy", http.MethodPatch: "UpdateAccessPolicy", http.MethodDelete: "RemoveAccessPolicy"}
	for _, r := range policies.Routes() {
		if !slices.Equal(r.Needs, graph.Permissions[same[r.Method]]) {
			t.Errorf("%s %s needs %v, Graph asks for %v", r.Method, r.Path, r.Needs, graph.Permissions[same[r.Method]])
		}
	}
}
