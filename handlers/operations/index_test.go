package operations_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"rekey/handlers/index"
	"rekey/handlers/operations"
	"rekey/shared/remedy"
	"rekey/shared/store"
	"rekey/shared/store/memory"
)

func TestOperationsAreReadTheNewestFirstAndWhatIsGoneIsPassedOver(t *testing.T) {
	table := &memory.Table{}
	s := operations.Store{Table: table}
	for i, id := range []string{"op-b", "op-c", "op-a", "op-d"} {
		o := operations.Stored{Operation: remedy.Operation{Version: 3, ID: id, Opened: now.Add(time.Duration(i) * time.Minute), State: remedy.StatePlanned}}
		if err := errors.Join(s.Put(t.Context(), &o), s.Put(t.Context(), &o)); err != nil { // written again, it has no second row
			t.Fatal(err)
		}
	}
	gone, err := s.Get(t.Context(), "op-c")
	if err := errors.Join(err, s.Withdraw(t.Context(), gone, now)); err != nil {
		t.Fatal(err)
	}
	again := operations.Stored{Operation: remedy.Operation{Version: 3, ID: "op-c", Opened: now.Add(time.Hour)}} // planned anew, later
	newer := store.Row{Partition: remedy.Partition, Key: "op-newer", Data: []byte(`{"version":99,"id":"op-newer"}`)}
	_, errPut := table.Put(t.Context(), newer)
	if err := errors.Join(errPut, s.Put(t.Context(), &again)); err != nil {
		t.Fatal(err)
	}
	var got []string
	from := ""
	for more := true; more; more = from != "" {
		n := 0
		from, err = s.Newest(t.Context(), index.Reading{From: from, Limit: 100, Want: 2}, func(o remedy.Operation, _ string) bool {
			got = append(got, o.ID)
			n++
			return n < 2
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"op-c", "op-d", "op-a", "op-b"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
