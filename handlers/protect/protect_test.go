package protect_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/handlers/orders"
	"rekey/handlers/protect"
	"rekey/shared/azure/graph"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/ledger"
	"rekey/shared/order"
	"rekey/shared/store/memory"
)

// service is Identity Protection as the references describe it: a batch is taken whole or not at all.
type service struct {
	unknown   []string
	failAfter int // calls; 0 is never
	err       error
	calls     int
	largest   int
	told      map[string]string
}

func (s *service) tell(verb string, ids []string) error {
	s.calls++
	s.largest = max(s.largest, len(ids))
	if s.failAfter > 0 && s.calls > s.failAfter {
		return s.err
	}
	for _, id := range ids {
		if slices.Contains(s.unknown, id) {
			return fault.As(graph.ErrNotTaken, fault.Errorf(fault.NotFound, "calling %s: 404", verb))
		}
	}
	for _, id := range ids {
		s.told[id] = verb
	}
	return nil
}

func (s *service) ConfirmCompromised(_ context.Context, ids ...string) error {
	return s.tell("confirm", ids)
}
func (s *service) Dismiss(_ context.Context, ids ...string) error { return s.tell("dismiss", ids) }

// tenant is a directory in which the principal p007 belongs to the application "glass".
type tenant struct{}

func (tenant) ServicePrincipal(_ context.Context, id string) (graph.Object, error) {
	return graph.Object{}, fault.Errorf(fault.NotFound, "reading %s: 404", id)
}

func (tenant) ServicePrincipals(_ context.Context, appID string) ([]graph.Object, error) {
	if appID == "glass" {
		return []graph.Object{{ID: "p007"}}, nil
	}
	return nil, nil
}

func ids(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("p%03d", i)
	}
	return out
}

func TestABatchIsSixtyAndWhoIsNotTakenIsFound(t *testing.T) {
	s := &service{unknown: []string{"p003", "p059", "p149"}, told: map[string]string{}}
	out, err := protect.Confirm(t.Context(), s, ids(150))
	if err != nil || len(out.Done) != 147 || len(out.Left) != 3 || s.largest != 60 || len(s.told) != 147 {
		t.Errorf("%d done, left %v, at most %d at once: %v", len(out.Done), out.Left, s.largest, err)
	}
	if s.calls > 45 {
		t.Errorf("%d calls, at one a second", s.calls)
	}
	if out, err := protect.Dismiss(t.Context(), s, ids(2)); err != nil || len(out.Done) != 2 || s.told["p001"] != "dismiss" {
		t.Errorf("%+v %v", out, err)
	}
}

func TestWithoutALicenceItIsSaidWhatFellAwayAndNothingFails(t *testing.T) {
	s := &service{failAfter: 1, err: fault.As(graph.ErrUnlicensed, fault.Errorf(fault.Denied, "403")), told: map[string]string{}}
	s.calls = 1
	out, err := protect.Confirm(t.Context(), s, ids(3))
	if err != nil || !strings.Contains(out.FellAway, "Workload ID Premium") || len(out.Done) != 0 {
		t.Errorf("%+v %v", out, err)
	}
}

func TestOtherRefusalsAreErrors(t *testing.T) {
	for _, kind := range []error{fault.Denied, fault.Transient} {
		s := &service{failAfter: 1, err: fault.Errorf(kind, "x"), told: map[string]string{}}
		out, err := protect.Dismiss(t.Context(), s, ids(100))
		if !errors.Is(err, kind) || len(out.Done) != 60 {
			t.Errorf("%d done: %v", len(out.Done), err)
		}
	}
}

// carry carries an order out once.
func carry(t *testing.T, table *memory.Table, blobs *memory.Blobs, s *service, id string) (order.Order, error) {
	t.Helper()
	h := protect.Orders{Risk: s, Principals: tenant{}, NeverTouch: map[string]string{"glass": "break glass", "gone": "was one"}}
	r := orders.New(orders.Config{
		Orders: table, Ledger: blobs, Now: time.Now, Owner: fmt.Sprint("instance ", s.calls), Stopped: func(context.Context) (bool, error) { return false, nil },
		Do: map[order.Kind]func(context.Context, *orders.Work) error{order.Confirm: h.Do, order.Dismiss: h.Do},
	})
	failed := r.Handle(t.Context(), funchost.Message{Text: id})
	o, err := orders.Store{Table: table}.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return o, failed
}

func open(t *testing.T, table *memory.Table, r order.Request) string {
	t.Helper()
	r.By, r.Key = "alice", "k"
	o, err := order.New(r, time.Now())
	if err == nil {
		_, err = orders.Store{Table: table}.Open(t.Context(), o)
	}
	if err != nil {
		t.Fatal(err)
	}
	return o.ID
}

func TestAnOrderGoesOnWhereAnotherInstanceEnded(t *testing.T) {
	table, blobs := &memory.Table{}, &memory.Blobs{}
	s := &service{failAfter: 2, err: fault.Errorf(fault.Transient, "503"), told: map[string]string{}}
	id := open(t, table, order.Request{Kind: order.Confirm, IDs: ids(200)})
	o, err := carry(t, table, blobs, s, id)
	if err == nil || !o.Due() || len(o.Done) != 120 {
		t.Fatalf("%s, %d done: %v", o.Status, len(o.Done), err)
	}
	s.failAfter = 0
	o, err = carry(t, table, blobs, s, id)
	if err != nil || o.Status != order.Succeeded || len(o.Done) != 199 || s.calls != 5 {
		t.Errorf("%s %s, %d done in %d calls: %v", o.Status, o.Message, len(o.Done), s.calls, err)
	}
	if len(o.Left) != 1 || o.Left[0].ID != "p007" || s.told["p007"] != "" {
		t.Errorf("left %v: what is never touched must not be confirmed", o.Left)
	}
	l, err := ledger.Open(t.Context(), blobs, id)
	if err != nil || len(ledger.Unanswered(l.Entries())) != 0 {
		t.Fatal(err, ledger.Unanswered(l.Entries()))
	}
	for _, e := range l.Entries() {
		if !strings.HasSuffix(e.Actor, " for alice") {
			t.Errorf("entry %d does not say who asked: %q", e.Seq, e.Actor)
		}
	}
	if all := fmt.Sprint(l.Entries()); !strings.Contains(all, "p199") || strings.Contains(all, "p007") {
		t.Error("the ledger does not name who was confirmed")
	}
}

func TestAnOrderThatReachesNobodyFailsAndSaysWhy(t *testing.T) {
	for name, s := range map[string]*service{
		"nobody is known": {unknown: ids(2), told: map[string]string{}},
		"no licence":      {failAfter: 1, calls: 1, err: fault.As(graph.ErrUnlicensed, fault.Errorf(fault.Denied, "403")), told: map[string]string{}},
	} {
		table := &memory.Table{}
		o, err := carry(t, table, &memory.Blobs{}, s, open(t, table, order.Request{Kind: order.Dismiss, IDs: ids(2)}))
		if err != nil || o.Status != order.Failed || o.Message == "" {
			t.Errorf("%s: %s %q %v", name, o.Status, o.Message, err)
		}
	}
}
