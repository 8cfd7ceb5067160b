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
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/host/httpapi"
	"rekey/shared/ledger"
	"rekey/shared/order"
	"rekey/shared/remedy"
	"rekey/shared/store"
	"rekey/shared/store/memory"
)

var now = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

// world is the routes of the face app and the runner of the respond app over one state.
type world struct {
	routes      []httpapi.Route
	orders      *memory.Table
	ledger      memory.Blobs // of the orders
	lever       halt.Lever
	bell        *memory.Bell
	now         time.Time
	lostAnswers int // how often the end of an order cannot be written down
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{bell: &memory.Bell{}, orders: &memory.Table{}, now: now}
	clock := func() time.Time { return w.now }
	w.lever = halt.Lever{Switches: switches.Store{Table: &memory.Table{}, Ledger: &memory.Blobs{}}, Operations: operations.Store{Table: &memory.Table{}}, Approvals: true, Now: clock}
	w.routes = halt.Routes(orders.Desk{Store: orders.Store{Table: w.orders, Bell: w.bell}, Prefix: "/api", Now: clock})
	return w
}

// runner carries orders out.
func (w *world) runner() *orders.Runner {
	return orders.New(orders.Config{
		Orders: w.orders, Ledger: leaky{w}, Now: w.lever.Now, Owner: "one",
		Stopped: func(ctx context.Context) (bool, error) { k, err := w.lever.Switches.Kill(ctx); return k.On, err },
		Do:      map[order.Kind]func(context.Context, *orders.Work) error{order.Stop: w.lever.Do, order.Resume: w.lever.Do},
	})
}

// leaky is the ledger of the orders, which is down at times.
type leaky struct{ w *world }

func (l leaky) Write(ctx context.Context, name string, data []byte) error {
	return l.w.ledger.Write(ctx, name, data)
}

func (l leaky) Read(ctx context.Context, name string) ([]byte, error) {
	return l.w.ledger.Read(ctx, name)
}

func (l leaky) List(ctx context.Context, prefix string) ([]string, error) {
	return l.w.ledger.List(ctx, prefix)
}

func (l leaky) Append(ctx context.Context, name string, at int64, data []byte) error {
	if l.w.lostAnswers > 0 {
		l.w.lostAnswers--
		return fault.Errorf(fault.Transient, "down")
	}
	return l.w.ledger.Append(ctx, name, at, data)
}

// call makes a request, as the API does once the caller is known. Headers are name and value in turn.
func (w *world) call(t *testing.T, name, body, id string, headers ...string) (*httptest.ResponseRecorder, error) {
	t.Helper()
	for _, r := range w.routes {
		if r.Name == name {
			req := httptest.NewRequestWithContext(httpapi.WithCaller(t.Context(), httpapi.Caller{ObjectID: "ann", Client: "c1"}), r.Method, "/api"+r.Path, strings.NewReader(body))
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
	return w.carryOut(t, w.accepted(t, name, body, headers...))
}

// accepted makes a request for an order and returns its id.
func (w *world) accepted(t *testing.T, name, body string, headers ...string) string {
	t.Helper()
	rec, err := w.call(t, name, body, "", headers...)
	if err != nil || rec.Code != http.StatusAccepted || rec.Header().Get("Retry-After") == "" {
		t.Fatalf("%d %s (%v)", rec.Code, rec.Body, err)
	}
	_, id, ok := strings.Cut(rec.Header().Get("Location"), "/api/remediations/orders/")
	if !ok {
		t.Fatal(rec.Header())
	}
	return id
}

// carryOut carries an order out and returns what it says then.
func (w *world) carryOut(t *testing.T, id string) map[string]any {
	t.Helper()
	if err := w.runner().Handle(t.Context(), funchost.Message{Text: id}); err != nil {
		t.Fatal(err)
	}
	rec, err := w.call(t, "getRemediationOrder", "", id)
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

// What was asked for last counts, whatever is carried out last: a ring may be lost, and an order be tried again.
func TestAnOlderOrderDoesNotUndoWhatWasAskedForLater(t *testing.T) {
	at := func(minute int) time.Time { return now.Add(time.Duration(minute) * time.Minute) }
	stopped := switches.Kill{By: "ann", Why: "incident 7", Time: at(1)}
	for name, tt := range map[string]struct {
		kind   string
		then   func(context.Context, switches.Store) error // after the order was accepted at 0, and before it is carried out at 2
		on     bool
		status string
		says   string
	}{
		"a resume, and then a stop at a terminal": {
			"resumeRemediations", func(ctx context.Context, s switches.Store) error { return s.Stop(ctx, stopped) }, true, "failed", "incident 7",
		},
		"a stop, and then a resume at a terminal": {
			"stopRemediations", func(ctx context.Context, s switches.Store) error {
				return s.Resume(ctx, switches.Kill{By: "ben", Time: at(1)})
			}, false, "failed", "ben",
		},
		"a stop, and a resume at a terminal whose clock is ahead": {
			"stopRemediations", func(ctx context.Context, s switches.Store) error {
				return s.Resume(ctx, switches.Kill{By: "ben", Time: at(5)})
			}, true, "succeeded", "STOPPED",
		},
		"a stop, and then another one": {
			"stopRemediations", func(ctx context.Context, s switches.Store) error { return s.Stop(ctx, stopped) }, true, "succeeded", "incident 7",
		},
		"a resume of an earlier stop": {
			"resumeRemediations", func(ctx context.Context, s switches.Store) error {
				return s.Stop(ctx, switches.Kill{By: "ann", Why: "before", Time: at(-1)})
			}, false, "succeeded", "Not stopped",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			id := w.accepted(t, tt.kind, `{"reason":"x"}`)
			if err := tt.then(t.Context(), w.lever.Switches); err != nil {
				t.Fatal(err)
			}
			w.now = at(2)
			out := w.carryOut(t, id)
			k, err := w.lever.Switches.Kill(t.Context())
			if detail, _ := out["statusDetail"].(string); err != nil || k.On != tt.on || out["status"] != tt.status || !strings.Contains(detail, tt.says) {
				t.Errorf("%+v, %v (%v)", k, out, err)
			}
		})
	}
}

// The first attempt did what was asked, and could not write that down.
func TestAnOrderThatIsTriedAgainDoesNotUndoWhatCameAfterItsFirstAttempt(t *testing.T) {
	w := newWorld(t)
	w.carried(t, "stopRemediations", `{"reason":"a drill"}`)
	w.now = w.now.Add(time.Minute)
	id := w.accepted(t, "resumeRemediations", `{"reason":"over"}`)
	w.lostAnswers = 1
	if err := w.runner().Handle(t.Context(), funchost.Message{Text: id}); err == nil {
		t.Fatal("the end of the order was not lost")
	}
	if k, err := w.lever.Switches.Kill(t.Context()); err != nil || k.On {
		t.Fatalf("%+v (%v)", k, err)
	}
	w.now = w.now.Add(time.Minute)
	if err := w.lever.Switches.Stop(t.Context(), switches.Kill{By: "ann", Why: "it is real", Time: w.now}); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Minute)
	if out := w.carryOut(t, id); out["status"] != "failed" {
		t.Errorf("%v", out)
	}
	if k, err := w.lever.Switches.Kill(t.Context()); err != nil || !k.On || k.Why != "it is real" {
		t.Errorf("%+v (%v)", k, err)
	}
}

func TestAnOrderThatIsTriedAgainFindsWhatItDid(t *testing.T) {
	w := newWorld(t)
	id := w.accepted(t, "stopRemediations", `{"reason":"a drill"}`)
	w.lostAnswers = 1
	if err := w.runner().Handle(t.Context(), funchost.Message{Text: id}); err == nil {
		t.Fatal("the end of the order was not lost")
	}
	w.now = w.now.Add(time.Minute)
	if out := w.carryOut(t, id); out["status"] != "succeeded" {
		t.Errorf("%v", out)
	}
	l, err := ledger.Open(t.Context(), w.lever.Switches.Ledger, switches.Record)
	if err != nil || len(l.Entries()) != 1 {
		t.Errorf("%d entries (%v)", len(l.Entries()), err)
	}
}

func TestAStopThatWorkedSucceededWhateverElseCouldNotBeReadOrWritten(t *testing.T) {
	for name, spoil := range map[string]func(context.Context, *world) error{
		"an operation of a newer program": func(ctx context.Context, w *world) error {
			_, err := w.lever.Operations.Table.Put(ctx, store.Row{Partition: remedy.Partition, Key: "op-9", Data: []byte(`{"version":99,"id":"op-9"}`)})
			return err
		},
		"an operation that is none": func(ctx context.Context, w *world) error {
			_, err := w.lever.Operations.Table.Put(ctx, store.Row{Partition: remedy.Partition, Key: "op-9", Data: []byte(`half`)})
			return err
		},
		"a table of operations that is down": func(_ context.Context, w *world) error {
			w.lever.Operations.Table = down{w.lever.Operations.Table}
			return nil
		},
		"a record that is broken": func(ctx context.Context, w *world) error {
			return w.lever.Switches.Ledger.Write(ctx, switches.Record+ledger.Suffix, []byte("{}\n"))
		},
	} {
		w := newWorld(t)
		if err := spoil(t.Context(), w); err != nil {
			t.Fatal(err)
		}
		out := w.carried(t, "stopRemediations", `{"reason":"a drill"}`)
		notes, _ := out["notes"].([]any)
		detail, _ := out["statusDetail"].(string)
		if k, err := w.lever.Switches.Kill(t.Context()); err != nil || !k.On || out["status"] != "succeeded" || len(notes) != 1 || !strings.Contains(detail, "STOPPED") {
			t.Errorf("%s: %+v, %v (%v)", name, k, out, err)
		}
	}
}

// down is a table that cannot be listed.
type down struct{ store.Table }

func (down) List(context.Context, string, string, int) ([]store.Row, string, error) {
	return nil, "", fault.Errorf(fault.Transient, "it is down")
}

func TestWithoutAReasonNothingIsWritten(t *testing.T) {
	w := newWorld(t)
	for _, call := range []string{"stopRemediations", "resumeRemediations"} {
		for _, body := range []string{`{}`, `{"reason":" "}`, `{"why":"x"}`, `no JSON`, ``} {
			rec, err := w.call(t, call, body, "")
			var refused *httpapi.Error
			if !errors.As(err, &refused) || refused.Status != http.StatusBadRequest {
				t.Errorf("%s %s: %d (%v)", call, body, rec.Code, err)
			}
		}
	}
	if rung := w.bell.Rung(); len(rung) != 0 {
		t.Errorf("rung: %v", rung)
	}
	if _, err := w.call(t, "getRemediationOrder", "", "order-none"); err == nil {
		t.Error("an order that is not there was shown")
	}
}
