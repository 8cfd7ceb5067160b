package orders_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"rekey/handlers/orders"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/ledger"
	"rekey/shared/order"
	"rekey/shared/store"
	"rekey/shared/store/memory"
)

var now = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

func made(t *testing.T, key string) order.Order {
	t.Helper()
	o, err := order.New(order.Request{Kind: order.Dismiss, IDs: []string{"a1"}, By: "alice", Key: key, Reason: "a drill"}, now)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// mute is a bell that does not ring.
type mute struct{}

func (mute) Ring(context.Context, string) error { return errors.New("no queue") }

func TestAnOrderThatIsWrittenCountsThoughTheBellIsMute(t *testing.T) {
	s := orders.Store{Table: &memory.Table{}, Bell: mute{}}
	o, err := s.Open(t.Context(), made(t, "k"))
	if err != nil {
		t.Fatal(err)
	}
	stuck, err := s.Stuck(t.Context(), now.Add(time.Minute))
	if err != nil || len(stuck) != 1 || stuck[0] != o.ID {
		t.Errorf("sweep would ring for %v: %v", stuck, err)
	}
	if stuck, _ := s.Stuck(t.Context(), now); len(stuck) != 0 {
		t.Errorf("an order that moves is taken for stuck: %v", stuck)
	}
}

func TestAnOrderThatCannotBeReadHidesNoOther(t *testing.T) {
	s := orders.Store{Table: &memory.Table{}}
	for _, key := range []string{"one", "broken", "newer", "two", "three"} {
		if _, err := s.Open(t.Context(), made(t, key)); err != nil {
			t.Fatal(err)
		}
	}
	for key, data := range map[string]string{"broken": "half", "newer": `{"version":99}`} {
		row, err := s.Table.Get(t.Context(), order.Partition, made(t, key).ID)
		if err == nil {
			row.Data = []byte(data)
			_, err = s.Table.Put(t.Context(), row)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if stuck, err := s.Stuck(t.Context(), now.Add(time.Minute)); len(stuck) != 3 || !errors.Is(err, fault.ErrUnreadable) {
		t.Errorf("%v (%v)", stuck, err)
	}
}

// counted is a table that counts what is read of it.
type counted struct {
	store.Table
	reads int
}

func (c *counted) Get(ctx context.Context, partition, key string) (store.Row, error) {
	c.reads++
	return c.Table.Get(ctx, partition, key)
}

func (c *counted) List(ctx context.Context, partition, from string, limit int) ([]store.Row, string, error) {
	rows, more, err := c.Table.List(ctx, partition, from, limit)
	c.reads += len(rows)
	return rows, more, err
}

// Orders are kept for good: looking for those that stand still must not read them all, every minute.
func TestOrdersThatEndedAreNotReadAgain(t *testing.T) {
	r := &rig{table: &memory.Table{}, ledger: &memory.Blobs{}, now: now, do: func(context.Context, *orders.Work) error { return nil }}
	s := orders.Store{Table: r.table}
	for i := range 50 {
		o, err := s.Open(t.Context(), made(t, fmt.Sprint(i)))
		if err == nil {
			err = r.handle(t, o.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	open, err := s.Open(t.Context(), made(t, "k"))
	if err != nil {
		t.Fatal(err)
	}
	table := &counted{Table: r.table}
	if stuck, err := (orders.Store{Table: table}).Stuck(t.Context(), now.Add(time.Minute)); err != nil || len(stuck) != 1 || stuck[0] != open.ID || table.reads > 2 {
		t.Errorf("%v with %d reads (%v)", stuck, table.reads, err)
	}
}

// Whoever ended an order and was interrupted then leaves its mark, which the next look takes away.
func TestAMarkThatWasLeftBehindGoes(t *testing.T) {
	r := &rig{table: &memory.Table{}, ledger: &memory.Blobs{}, now: now, do: func(context.Context, *orders.Work) error { return nil }}
	s := orders.Store{Table: r.table}
	o, err := s.Open(t.Context(), made(t, "k"))
	if err == nil {
		err = r.handle(t, o.ID)
	}
	for _, key := range []string{o.ID, "order-none"} {
		if err == nil {
			_, err = r.table.Put(t.Context(), store.Row{Partition: "pending", Key: key, Data: []byte(key)})
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	stuck, err := s.Stuck(t.Context(), now.Add(time.Minute))
	rows, _, listErr := r.table.List(t.Context(), "pending", "", 10)
	if err := errors.Join(err, listErr); err != nil || len(stuck) != 0 || len(rows) != 0 {
		t.Errorf("%v, %d marks (%v)", stuck, len(rows), err)
	}
}

func TestAnOrderThatIsSentTwiceIsOneAndAnotherUnderItsKeyIsRefused(t *testing.T) {
	bell := &memory.Bell{}
	s := orders.Store{Table: &memory.Table{}, Bell: bell}
	for range 2 {
		if _, err := s.Open(t.Context(), made(t, "k")); err != nil {
			t.Fatal(err)
		}
	}
	if rung := bell.Rung(); len(rung) != 1 {
		t.Errorf("rung for %v", rung)
	}
	other := made(t, "k")
	other.IDs = []string{"b2"}
	if _, err := s.Open(t.Context(), other); !errors.Is(err, fault.Conflict) {
		t.Errorf("another order under the key: %v", err)
	}
}

// rig carries out orders by one function.
type rig struct {
	table  *memory.Table
	ledger *memory.Blobs
	now    time.Time
	do     func(context.Context, *orders.Work) error
}

func (r *rig) handle(t *testing.T, id string) error {
	t.Helper()
	return orders.New(orders.Config{
		Orders: r.table, Ledger: r.ledger, Now: func() time.Time { return r.now }, Owner: "one", Stopped: func(context.Context) (bool, error) { return false, nil },
		Do: map[order.Kind]func(context.Context, *orders.Work) error{order.Dismiss: r.do, order.Stop: r.do},
	}).Handle(t.Context(), funchost.Message{Text: id})
}

func TestWhatAnErrorMakesOfAnOrder(t *testing.T) {
	for name, tt := range map[string]struct {
		err    error
		after  time.Duration // of the last attempt; there was one before
		status order.Status
		kind   error // of what the host is told; nil is success
	}{
		"nothing went wrong":              {nil, 0, order.Succeeded, nil},
		"what was asked for is wrong":     {fault.Errorf(fault.Poison, "no"), 0, order.Failed, nil},
		"a permission is missing":         {fault.Errorf(fault.Denied, "no"), 0, order.Failed, nil},
		"it is not there":                 {fault.Errorf(fault.NotFound, "no"), 0, order.Failed, nil},
		"Graph is down":                   {fault.Errorf(fault.Transient, "no"), 0, order.Running, fault.Transient},
		"Graph is down for more than day": {fault.Errorf(fault.Transient, "no"), 25 * time.Hour, order.Failed, nil},
		"the kill switch is set":          {fault.Errorf(fault.Limit, "no"), 0, order.Running, fault.Limit},
		"and is set for days":             {fault.Errorf(fault.Limit, "no"), 48 * time.Hour, order.Running, fault.Limit},
	} {
		t.Run(name, func(t *testing.T) {
			r := &rig{table: &memory.Table{}, ledger: &memory.Blobs{}, now: now.Add(tt.after), do: func(context.Context, *orders.Work) error { return tt.err }}
			s := orders.Store{Table: r.table}
			o := made(t, "k")
			o.Attempts = 1
			o, err := s.Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			err = r.handle(t, o.ID)
			got, readErr := s.Get(t.Context(), o.ID)
			if readErr != nil || got.Status != tt.status || got.Lease.Owner != "" {
				t.Errorf("%+v %v", got, readErr)
			}
			if tt.kind == nil && err != nil || tt.kind != nil && !errors.Is(err, tt.kind) {
				t.Errorf("the host is told %v", err)
			}
		})
	}
}

// Nobody expects what he asked for days ago, but who wants everything to stop means it.
func TestAnOrderThatIsHeardADayLateIsNotBegunUnlessItIsAStop(t *testing.T) {
	for name, tt := range map[string]struct {
		kind  order.Kind
		after time.Duration
		begun bool
	}{
		"at once": {order.Dismiss, 0, true}, "hours later": {order.Dismiss, 23 * time.Hour, true}, "days later": {order.Dismiss, 60 * time.Hour, false},
		"a stop days later": {order.Stop, 60 * time.Hour, true},
	} {
		begun := false
		do := func(context.Context, *orders.Work) error { begun = true; return nil }
		r := &rig{table: &memory.Table{}, ledger: &memory.Blobs{}, now: now.Add(tt.after), do: do}
		req := order.Request{Kind: tt.kind, By: "alice", Key: "k", Reason: "a drill"}
		if tt.kind == order.Dismiss {
			req.IDs = []string{"a1"}
		}
		o, err := order.New(req, now)
		if err != nil {
			t.Fatal(err)
		}
		s := orders.Store{Table: r.table}
		if _, err := s.Open(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		if err := r.handle(t, o.ID); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		got, err := s.Get(t.Context(), o.ID)
		if err != nil || begun != tt.begun || (got.Status == order.Failed) == tt.begun {
			t.Errorf("%s: begun %t, %+v (%v)", name, begun, got, err)
		}
	}
}

func TestTheLedgerSaysWhoAskedAndWhy(t *testing.T) {
	r := &rig{table: &memory.Table{}, ledger: &memory.Blobs{}, now: now}
	r.do = func(ctx context.Context, w *orders.Work) error {
		return w.Change(ctx, ledger.Entry{Step: "s", Text: "doing it"}, func() error { return nil })
	}
	o, err := orders.Store{Table: r.table}.Open(t.Context(), made(t, "k"))
	if err != nil || r.handle(t, o.ID) != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(t.Context(), r.ledger, o.ID)
	if err != nil || len(l.Entries()) != 3 {
		t.Fatal(err, l.Entries())
	}
	first, last := l.Entries()[0], l.Entries()[2]
	if first.Kind != ledger.Intent || first.Actor != "one for alice" || !strings.Contains(last.Text, "a drill") {
		t.Errorf("%+v %+v", first, last)
	}
}

// full is a ledger that takes nothing.
type full struct{ *memory.Blobs }

func (full) Append(context.Context, string, int64, []byte) error {
	return fault.Errorf(fault.Transient, "full")
}

func TestWithoutALedgerNothingIsDone(t *testing.T) {
	table, done := &memory.Table{}, false
	o, err := orders.Store{Table: table}.Open(t.Context(), made(t, "k"))
	if err != nil {
		t.Fatal(err)
	}
	r := orders.New(orders.Config{
		Orders: table, Ledger: full{&memory.Blobs{}}, Now: func() time.Time { return now }, Owner: "one", Stopped: func(context.Context) (bool, error) { return false, nil },
		Do: map[order.Kind]func(context.Context, *orders.Work) error{order.Dismiss: func(ctx context.Context, w *orders.Work) error {
			return w.Change(ctx, ledger.Entry{Step: "s"}, func() error { done = true; return nil })
		}},
	})
	if err := r.Handle(t.Context(), funchost.Message{Text: o.ID}); err == nil || done {
		t.Errorf("done %v: %v", done, err)
	}
}

func TestMessagesAreRumours(t *testing.T) {
	r := &rig{table: &memory.Table{}, ledger: &memory.Blobs{}, now: now, do: func(context.Context, *orders.Work) error {
		t.Error("something was carried out")
		return nil
	}}
	if err := r.handle(t, "order-none"); !errors.Is(err, fault.Poison) {
		t.Errorf("an order that is none: %v", err)
	}
	newer := made(t, "k")
	newer.Version = 99
	data, err := json.Marshal(newer)
	if err == nil {
		_, err = r.table.Put(t.Context(), store.Row{Partition: order.Partition, Key: newer.ID, Data: data})
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := r.handle(t, newer.ID); !errors.Is(err, fault.Denied) {
		t.Errorf("an order of a newer program: %v", err)
	}
	ended := made(t, "l")
	ended.End(order.Succeeded, "", now)
	if _, err := (orders.Store{Table: r.table}).Open(t.Context(), ended); err != nil {
		t.Fatal(err)
	}
	if err := r.handle(t, ended.ID); err != nil {
		t.Errorf("an order that ended: %v", err)
	}
}

// Who has the app that faces the network can write any row: what New would refuse is refused when it is carried out.
func TestARowThatNobodyMadeProperlyIsNotCarriedOut(t *testing.T) {
	r := &rig{table: &memory.Table{}, ledger: &memory.Blobs{}, now: now, do: func(context.Context, *orders.Work) error {
		t.Error("it was carried out")
		return nil
	}}
	for name, change := range map[string]func(*order.Order){
		"about nobody":   func(o *order.Order) { o.IDs = nil },
		"a path":         func(o *order.Order) { o.IDs = []string{"../applications/a"} },
		"a decision":     func(o *order.Order) { o.Kind = order.Approve },
		"of nobody":      func(o *order.Order) { o.By = "" },
		"a long reason":  func(o *order.Order) { o.Reason = strings.Repeat("x", 2000) },
		"a kind that is": func(o *order.Order) { o.Kind = "burn" },
	} {
		o := made(t, name)
		change(&o)
		data, err := json.Marshal(o)
		if err == nil {
			_, err = r.table.Put(t.Context(), store.Row{Partition: order.Partition, Key: o.ID, Data: data})
		}
		if err = errors.Join(err, r.handle(t, o.ID)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if after, err := (orders.Store{Table: r.table}).Get(t.Context(), o.ID); err != nil || after.Status != order.Failed || after.Message == "" {
			t.Errorf("%s: %+v (%v)", name, after, err)
		}
	}
}
