package halt_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/handlers/halt"
	"rekey/handlers/operations"
	"rekey/handlers/orders"
	"rekey/handlers/switches"
	"rekey/shared/event"
	"rekey/shared/host/funchost"
	"rekey/shared/host/httpapi"
	"rekey/shared/order"
	"rekey/shared/remedy"
	"rekey/shared/store/memory"
)

var now = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

// world is the routes of the face app and the runner of the respond app over one state.
type world struct {
	routes []httpapi.Route
	runner *orders.Runner
	lever  halt.Lever
	bell   *memory.Bell
}

func newWorld(t *testing.T) *world {
	t.Helper()
	clock := func() time.Time { return now }
	w := &world{bell: &memory.Bell{}, lever: halt.Lever{
		Switches: switches.Store{Table: &memory.Table{}, Ledger: &memory.Blobs{}}, Operations: operations.Store{Table: &memory.Table{}}, Now: clock,
	}}
	table := &memory.Table{}
	w.routes = halt.Routes(orders.Desk{Store: orders.Store{Table: table, Bell: w.bell}, Prefix: "/api", Now: clock})
	w.runner = orders.New(orders.Config{
		Orders: table, Ledger: &memory.Blobs{}, Now: clock, Owner: "one",
		Stopped: func(ctx context.Context) (bool, error) { k, err := w.lever.Switches.Kill(ctx); return k.On, err },
		Do:      map[order.Kind]func(context.Context, *orders.Work) error{order.Stop: w.lever.Do, order.Resume: w.lever.Do},
	})
	return w
}

// call makes a request, as the API does once the caller is known. Headers are name and value in turn.
func (w *world) call(t *testing.T, name, body, id string, headers ...string) (*httptest.ResponseRecorder, error) {
	t.Helper()
	for _, r := range w.routes {
		if r.Name == name {
			req := httptest.NewRequestWithContext(t.Context(), r.Method, "/api"+r.Path, strings.NewReader(body))
			req.SetPathValue("id", id)
			for pair := range slices.Chunk(headers, 2) {
				req.Header.Set(pair[0], pair[1])
			}
			rec := httptest.NewRecorder()
			return rec, r.Do(rec, req)
		}
	}
	t.Fatalf("there is no route %s", name)
	return nil, nil
}

// carried makes a request for an order, carries it out, and returns what it says then.
func (w *world) carried(t *testing.T, name, body string, headers ...string) map[string]any {
	t.Helper()
	rec, err := w.call(t, name, body, "", headers...)
	if err != nil || rec.Code != http.StatusAccepted || rec.Header().Get("Retry-After") == "" {
		t.Fatalf("%d %s (%v)", rec.Code, rec.Body, err)
	}
	_, id, ok := strings.Cut(rec.Header().Get("Location"), "/api/remediations/orders/")
	if !ok {
		t.Fatal(rec.Header())
	}
	if err := w.runner.Handle(t.Context(), funchost.Message{Text: id}); err != nil {
		t.Fatal(err)
	}
	rec, err = w.call(t, "getRemediationOrder", "", id)
	var out map[string]any
	if err := errors.Join(err, json.Unmarshal(rec.Body.Bytes(), &out)); err != nil || rec.Code != http.StatusOK {
		t.Fatalf("%d %s (%v)", rec.Code, rec.Body, err)
	}
	return out
}

func TestAStopOverHTTPSaysWhatIsHalfDoneAndIsTakenBackTheSameWay(t *testing.T) {
	w := newWorld(t)
	op := remedy.Operation{
		Version: 2, ID: "op-1", Principal: event.Principal{ObjectID: "sp1", Name: "billing"}, State: remedy.StateRunning,
		Plan:     remedy.Plan{Steps: []remedy.Step{{ID: "1", Kind: remedy.StepDisable, Object: "sp1", Name: "billing", What: "disable it"}}},
		Progress: []remedy.Progress{{Step: "1", Status: remedy.Done}},
	}
	if err := w.lever.Operations.Put(t.Context(), &operations.Stored{Operation: op}); err != nil {
		t.Fatal(err)
	}
	out := w.carried(t, "stopRemediations", `{"reason":"a drill"}`)
	detail, _ := out["statusDetail"].(string)
	if k, err := w.lever.Switches.Kill(t.Context()); err != nil || !k.On || k.Why != "a drill" || out["status"] != "succeeded" {
		t.Errorf("%+v, %v (%v)", k, out, err)
	}
	for _, want := range []string{"STOPPED", "running: op-1", "disabled by Rekey: sp1"} {
		if !strings.Contains(detail, want) {
			t.Errorf("%q is not in\n%s", want, detail)
		}
	}
	w.carried(t, "resumeRemediations", `{"reason":"over"}`) // although everything is stopped
	if k, err := w.lever.Switches.Kill(t.Context()); err != nil || k.On {
		t.Errorf("it is still stopped: %+v (%v)", k, err)
	}
}

// A runbook that sends a fixed key must stop everything each time.
func TestAStopUnderAKeyThatWasUsedBeforeStops(t *testing.T) {
	w := newWorld(t)
	w.carried(t, "stopRemediations", `{"reason":"a drill"}`, "Idempotency-Key", "runbook-7")
	w.carried(t, "resumeRemediations", `{"reason":"over"}`)
	out := w.carried(t, "stopRemediations", `{"reason":"it is real"}`, "Idempotency-Key", "runbook-7")
	if k, err := w.lever.Switches.Kill(t.Context()); err != nil || !k.On || k.Why != "it is real" || out["status"] != "succeeded" {
		t.Errorf("%+v, %v (%v)", k, out, err)
	}
}

func TestAStopWithoutAReasonIsRefusedAndNothingIsWritten(t *testing.T) {
	w := newWorld(t)
	for _, body := range []string{`{}`, `{"reason":" "}`, `{"why":"x"}`, `no JSON`, ``} {
		rec, err := w.call(t, "stopRemediations", body, "")
		var refused *httpapi.Error
		if !errors.As(err, &refused) || refused.Status != http.StatusBadRequest {
			t.Errorf("%s: %d (%v)", body, rec.Code, err)
		}
	}
	if rung := w.bell.Rung(); len(rung) != 0 {
		t.Errorf("rung: %v", rung)
	}
	if _, err := w.call(t, "getRemediationOrder", "", "order-none"); err == nil {
		t.Error("an order that is not there was shown")
	}
}
