package conditional_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	local "rekey/deploy/local/graph"
	"rekey/handlers/conditional"
	"rekey/shared/azure/graph"
	"rekey/shared/order"
	"rekey/shared/store"
)

// errPower is what everything answers once the power of an instance is cut.
var errPower = errors.New("the power is cut")

// power cuts an instance off after a number of acts: of the last one the effect happens and the answer is lost, or not.
type power struct {
	left  int
	after bool
	out   bool
}

func (p *power) act(do func() error) error {
	if p.out {
		return errPower
	}
	if p.left--; p.left >= 0 {
		return do()
	}
	p.out = true
	if p.after {
		_ = do()
	}
	return errPower
}

// between puts the power switch between an instance and everything it writes.
func (p *power) between(x *parts) {
	x.orders, x.kept, x.ledger, x.access = table{x.orders, p}, table{x.kept, p}, blobs{x.ledger, p}, access{x.access, p}
}

type table struct {
	store.Table
	*power
}

func (t table) Put(ctx context.Context, row store.Row) (tag string, err error) {
	err = t.act(func() (err error) { tag, err = t.Table.Put(ctx, row); return err })
	return tag, err
}

func (t table) Delete(ctx context.Context, row store.Row) error {
	return t.act(func() error { return t.Table.Delete(ctx, row) })
}

type blobs struct {
	store.Blobs
	*power
}

func (b blobs) Append(ctx context.Context, name string, at int64, data []byte) error {
	return b.act(func() error { return b.Blobs.Append(ctx, name, at, data) })
}

type access struct {
	conditional.Access
	*power
}

func (a access) AddAccessPolicy(ctx context.Context, p graph.AccessPolicy) (out graph.AccessPolicy, err error) {
	err = a.act(func() (err error) { out, err = a.Access.AddAccessPolicy(ctx, p); return err })
	return out, err
}

func (a access) UpdateAccessPolicy(ctx context.Context, p graph.AccessPolicy) error {
	return a.act(func() error { return a.Access.UpdateAccessPolicy(ctx, p) })
}

func (a access) RemoveAccessPolicy(ctx context.Context, id string) error {
	return a.act(func() error { return a.Access.RemoveAccessPolicy(ctx, id) })
}

func TestAnOrderThatIsInterruptedAnywhereEndsAsIfItWereNot(t *testing.T) {
	requests := map[order.Kind]func(id string) order.Request{
		order.CreatePolicy: func(string) order.Request { return create(victim) },
		order.UpdatePolicy: func(id string) order.Request {
			return order.Request{Kind: order.UpdatePolicy, IDs: []string{id}, Body: []byte(`{"state":"enabled"}`)}
		},
		order.RemovePolicy: func(id string) order.Request { return order.Request{Kind: order.RemovePolicy, IDs: []string{id}} },
	}
	for kind, request := range requests {
		points, w := 0, newWorld(t, local.Options{})
		for _, after := range []bool{false, true} {
			for n, cut := 0, true; cut; n++ {
				name := fmt.Sprintf("%s/%d/%v", kind, n, after)
				w.forget()
				id, want := "", 1
				if kind != order.CreatePolicy {
					id = w.do(create(victim)).Policy
				}
				p := &power{left: n, after: after}
				o := w.ask(request(id))
				w.carry(w.instance(p.between, all...), o)
				cut = p.out
				w.pass(5 * time.Minute) // the lease of the dead instance ends
				got := w.carry(w.instance(nil, all...), o)
				if kind == order.RemovePolicy {
					want = 0
				}
				if got.Status != order.Succeeded || w.count() != want {
					t.Errorf("%s: %s %s, %d policies", name, got.Status, got.Message, w.count())
				}
				if kind == order.UpdatePolicy && w.stored(id).State != "enabled" {
					t.Errorf("%s: the policy is not changed", name)
				}
				w.record(o)
				points++
			}
		}
		if points < 10 {
			t.Errorf("%s was interrupted at %d points only", kind, points)
		}
	}
}

func TestAPolicyWhoseAnswerWasLostIsFoundThoughReplicasAreBehind(t *testing.T) {
	var mu sync.Mutex
	lose, stale := true, 2
	w := newWorld(t, local.Options{Faults: func(method, path string) local.Fault {
		mu.Lock()
		defer mu.Unlock()
		if !strings.HasPrefix(path, "/identity/conditionalAccess") {
			return local.Fault{}
		}
		switch {
		case method == http.MethodPost && lose:
			lose = false
			return local.Fault{HangUp: true, AfterEffect: true}
		case method == http.MethodGet && !lose && stale > 0:
			stale--
			return local.Fault{Stale: time.Hour}
		}
		return local.Fault{}
	}})
	id := w.ask(create(victim))
	if o := w.carry(w.instance(nil, all...), id); !o.Due() {
		t.Fatalf("the answer was not lost: %+v", o)
	}
	if o := w.carry(w.instance(nil, all...), id); o.Status != order.Succeeded || w.count() != 1 {
		t.Errorf("%s %s, %d policies", o.Status, o.Message, w.count())
	}
	w.record(id)
}

func TestWhatWasMadeTwiceAllTheSameIsRemoved(t *testing.T) {
	var mu sync.Mutex
	posts, stale := 0, 0
	w := newWorld(t, local.Options{Faults: func(method, path string) local.Fault {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case !strings.HasPrefix(path, "/identity/conditionalAccess"):
		case method == http.MethodPost:
			posts++
			if posts == 1 {
				stale = 3 // every read before the second one
				return local.Fault{HangUp: true, AfterEffect: true}
			}
		case method == http.MethodGet && stale > 0:
			stale--
			return local.Fault{Stale: time.Hour}
		}
		return local.Fault{}
	}})
	id := w.ask(create(victim))
	w.carry(w.instance(nil, all...), id)
	if o := w.carry(w.instance(nil, all...), id); o.Status != order.Succeeded || posts != 2 || w.count() != 1 {
		t.Errorf("%s %s, %d posts, %d policies", o.Status, o.Message, posts, w.count())
	}
	w.record(id)
}

func TestTwoInstancesThatAreGivenTheSameOrderDoItOnce(t *testing.T) {
	w := newWorld(t, local.Options{})
	id := w.ask(create(victim))
	one, two := w.instance(nil, all...), w.instance(nil, all...)
	var wg sync.WaitGroup
	wg.Go(func() { w.carry(one, id) })
	wg.Go(func() { w.carry(two, id) })
	wg.Wait()
	if o := w.carry(one, id); o.Status != order.Succeeded || w.count() != 1 || o.Attempts != 1 {
		t.Errorf("%+v, %d policies", o, w.count())
	}
	w.record(id)
}
