package orders_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"rekey/handlers/orders"
	"rekey/shared/fault"
	"rekey/shared/host/httpapi"
	"rekey/shared/order"
	"rekey/shared/store"
	"rekey/shared/store/memory"
)

// locked is a table behind a firewall, or without the right to it.
type locked struct{ store.Table }

func (locked) Get(context.Context, string, string) (store.Row, error) {
	return store.Row{}, fault.Errorf(fault.Denied, "reading row: 403 AuthorizationFailure")
}

func (locked) Put(context.Context, store.Row) (string, error) {
	return "", fault.Errorf(fault.Denied, "writing row: 403 AuthorizationFailure")
}

func TestWhoseFaultItIsThatAnOrderIsNotTaken(t *testing.T) {
	newer := made(t, "k")
	newer.By, newer.ID, newer.Version = "user ann through c1", order.Identify(order.Dismiss, "user ann through c1", "k"), 99
	data, err := json.Marshal(newer)
	if err != nil {
		t.Fatal(err)
	}
	upgraded := &memory.Table{}
	if _, err := upgraded.Put(t.Context(), store.Row{Partition: order.Partition, Key: newer.ID, Data: data}); err != nil {
		t.Fatal(err)
	}
	good := order.Request{Kind: order.Dismiss, IDs: []string{"a1"}}
	for name, tt := range map[string]struct {
		table store.Table
		req   order.Request
		want  int // 0: the API answers 503, and notes why
	}{
		"the request is wrong":              {&memory.Table{}, order.Request{Kind: order.Dismiss}, http.StatusBadRequest},
		"the app may not write to storage":  {locked{}, good, 0},
		"a newer version of Rekey wrote it": {upgraded, good, http.StatusConflict},
	} {
		r := httptest.NewRequestWithContext(httpapi.WithCaller(t.Context(), httpapi.Caller{ObjectID: "ann", Client: "c1"}), http.MethodPost, "/api/x", nil)
		r.Header.Set("Idempotency-Key", "k")
		d := orders.Desk{Store: orders.Store{Table: tt.table}, Prefix: "/api", Now: func() time.Time { return now }}
		var answer *httpapi.Error
		switch err := d.Take(httptest.NewRecorder(), r, tt.req); {
		case tt.want == 0 && (errors.As(err, &answer) || !errors.Is(err, fault.Denied)):
			t.Errorf("%s: %v", name, err)
		case tt.want != 0 && (!errors.As(err, &answer) || answer.Status != tt.want):
			t.Errorf("%s: %v", name, err)
		}
	}
}
