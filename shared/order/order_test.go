package order_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/shared/fault"
	"rekey/shared/order"
)

var now = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

func request() order.Request {
	return order.Request{Kind: order.Confirm, IDs: []string{"AA-1", "aa-1 ", "bb-2"}, By: "alice", Key: "k"}
}

func open(t *testing.T, r order.Request) order.Order {
	t.Helper()
	o, err := order.New(r, now)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestTheSameKeyOfTheSamePersonIsTheSameOrder(t *testing.T) {
	o := open(t, request())
	if !slices.Equal(o.IDs, []string{"aa-1", "bb-2"}) || !strings.HasPrefix(o.ID, "order-") || o.Status != order.NotStarted {
		t.Errorf("%+v", o)
	}
	again := open(t, request())
	if again.ID != o.ID || !o.Same(again) {
		t.Errorf("%s and %s", o.ID, again.ID)
	}
	for name, change := range map[string]func(*order.Request){
		"another person": func(r *order.Request) { r.By = "bob" },
		"another key":    func(r *order.Request) { r.Key = "l" },
		"another kind":   func(r *order.Request) { r.Kind = order.Dismiss },
	} {
		r := request()
		change(&r)
		if other := open(t, r); other.ID == o.ID {
			t.Errorf("%s has the same order", name)
		}
	}
	r := request()
	r.IDs = []string{"cc-3"}
	if other := open(t, r); other.ID != o.ID || o.Same(other) {
		t.Error("another content under the same key is not told apart")
	}
	r = request()
	r.Reason = "another one"
	if other := open(t, r); other.ID != o.ID || o.Same(other) {
		t.Error("another reason under the same key is not told apart")
	}
	r = order.Request{Kind: order.CreatePolicy, Body: json.RawMessage(`{"a": 1}`), By: "a", Key: "k"}
	p := open(t, r)
	r.Body = json.RawMessage(`{"a":1}`)
	if !p.Same(open(t, r)) {
		t.Error("white space makes another order")
	}
}

func TestARequestThatCannotBeCarriedOutIsRefused(t *testing.T) {
	for name, change := range map[string]func(*order.Request){
		"of no kind":                  func(r *order.Request) { r.Kind = "eat" },
		"about nobody":                func(r *order.Request) { r.IDs = nil },
		"about too many":              func(r *order.Request) { r.IDs = many(order.MaxIDs + 1) },
		"of nobody":                   func(r *order.Request) { r.By = "" },
		"without a key":               func(r *order.Request) { r.Key = "" },
		"with a long key":             func(r *order.Request) { r.Key = strings.Repeat("k", 300) },
		"with a path":                 func(r *order.Request) { r.IDs = []string{"../x"} },
		"of two policies":             func(r *order.Request) { r.Kind = order.RemovePolicy },
		"to make a named":             func(r *order.Request) { r.Kind = order.CreatePolicy },
		"to decide as an application": func(r *order.Request) { r.Kind, r.IDs = order.Approve, []string{"op-1"} },
		"to go on as an application":  func(r *order.Request) { r.Kind, r.IDs, r.Reason = order.Resume, nil, "over" },
		"to go on without a reason":   func(r *order.Request) { r.Kind, r.IDs, r.Person, r.Reason = order.Resume, nil, "p", " " },
		"to decide about two":         func(r *order.Request) { r.Kind, r.Person = order.Cancel, "p" },
		"with a great body":           func(r *order.Request) { r.Body = make([]byte, order.MaxBody+1) },
	} {
		r := request()
		change(&r)
		if _, err := order.New(r, now); !errors.Is(err, fault.Poison) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func many(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = "id-" + strings.Repeat("a", i%50) + string(rune('a'+i%26)) + strings.Repeat("0", i/50)
	}
	return out
}

func TestALeaseKeepsOthersAwayUntilItEnds(t *testing.T) {
	o := open(t, request())
	if !o.Acquire("one", now, time.Minute) || o.Acquire("two", now.Add(time.Second), time.Minute) {
		t.Fatal("two at a time")
	}
	if !o.Acquire("one", now.Add(time.Second), time.Minute) || !o.Acquire("two", now.Add(2*time.Minute), time.Minute) || o.Attempts != 3 {
		t.Errorf("attempts %d", o.Attempts)
	}
	o.Release(now)
	if !o.Acquire("three", now, time.Minute) {
		t.Error("a lease that was given back is held")
	}
	o.Done, o.Left = []string{"aa-1"}, []order.Left{{ID: "bb-2"}}
	if len(o.Remaining()) != 0 {
		t.Errorf("remaining %v", o.Remaining())
	}
	o.End(order.Succeeded, "done", now)
	if o.Due() {
		t.Error("an order that ended is due")
	}
	o.Version = 99
	if !errors.Is(o.Readable(), fault.Denied) {
		t.Error("an order of a newer program is readable")
	}
}

func TestAnOrderAboutARemediationSaysWhat(t *testing.T) {
	o := open(t, order.Request{Kind: order.Approve, IDs: []string{"op-1"}, By: "user p", Person: "p", Key: "k", Body: json.RawMessage(`{"hash":"h","wait":true}`)})
	if r, err := o.Remediation(); err != nil || r.Hash != "h" || !r.Wait {
		t.Errorf("%+v (%v)", r, err)
	}
	o.Body = json.RawMessage(`[]`)
	if _, err := o.Remediation(); !errors.Is(err, fault.Poison) {
		t.Errorf("%v", err)
	}
	for kind, want := range map[order.Kind]bool{order.Approve: true, order.Stop: true, order.Retry: true, order.CreatePolicy: false, order.Dismiss: false} {
		if kind.Remedial() != want {
			t.Errorf("%s is about remediations: %t", kind, !want)
		}
	}
	if o.ID != order.Identify(order.Approve, "user p", "k") {
		t.Error("the order has another id than its key")
	}
}
