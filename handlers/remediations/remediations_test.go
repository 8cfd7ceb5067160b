package remediations_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"rekey/handlers/operations"
	"rekey/handlers/orders"
	"rekey/handlers/remediations"
	"rekey/handlers/rotations"
	"rekey/shared/fault"
	"rekey/shared/host/httpapi"
	"rekey/shared/remedy"
	"rekey/shared/rotate"
	"rekey/shared/store"
	"rekey/shared/store/memory"
)

// locked is a table behind a firewall, or without the right to it.
type locked struct{ store.Table }

func (locked) Get(context.Context, string, string) (store.Row, error) {
	return store.Row{}, fault.Errorf(fault.Denied, "reading row: 403 AuthorizationFailure")
}

func (locked) List(context.Context, string, string, int) ([]store.Row, string, error) {
	return nil, "", fault.Errorf(fault.Denied, "listing rows: 403 AuthorizationFailure")
}

// To say "another version of Rekey" of a right that is missing sends people the wrong way.
func TestWhatCannotBeReadIsToldApartFromWhatMayNotBeRead(t *testing.T) {
	table := func(rows ...store.Row) store.Table {
		out := &memory.Table{}
		for _, r := range rows {
			if _, err := out.Put(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		return out
	}
	operation := store.Row{Partition: remedy.Partition, Key: "op-1", Data: []byte(`{"version":2,"id":"op-1"}`)}
	rotation := func(data string) store.Table {
		return table(store.Row{Partition: rotate.Partition, Key: "rot-1", Data: []byte(data)})
	}
	for name, tt := range map[string]struct {
		call       string
		operations store.Table
		rotations  store.Table
		want       int // 0: the API answers 503, and notes why
	}{
		"an operation of a newer version": {"getRemediation", table(store.Row{Partition: remedy.Partition, Key: "op-1", Data: []byte(`{"version":99,"id":"op-1"}`)}), nil, http.StatusConflict},
		"an operation that is none":       {"getRemediation", table(store.Row{Partition: remedy.Partition, Key: "op-1", Data: []byte(`half`)}), nil, http.StatusConflict},
		"operations behind a firewall":    {"getRemediation", locked{}, nil, 0},
		"a rotation of a newer version":   {"getRotation", table(operation), rotation(`{"version":99,"id":"rot-1"}`), http.StatusConflict},
		"a rotation that is none":         {"getRotation", table(operation), rotation(`half`), http.StatusConflict},
		"rotations behind a firewall":     {"getRotation", table(operation), locked{}, 0},
	} {
		for _, route := range remediations.Routes(remediations.Config{
			Desk: orders.Desk{Now: time.Now}, Operations: operations.Store{Table: tt.operations}, Rotations: rotations.Store{Table: tt.rotations},
		}) {
			if route.Name != tt.call {
				continue
			}
			r := httptest.NewRequestWithContext(t.Context(), route.Method, "/api/x", nil)
			r.SetPathValue("id", "op-1")
			var answer *httpapi.Error
			switch err := route.Do(httptest.NewRecorder(), r); {
			case tt.want == 0 && (errors.As(err, &answer) || !errors.Is(err, fault.Denied)):
				t.Errorf("%s: %v", name, err)
			case tt.want != 0 && (!errors.As(err, &answer) || answer.Status != tt.want):
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
