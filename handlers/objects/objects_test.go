package objects_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rekey/handlers/objects"
	"rekey/shared/fault"
	"rekey/shared/store"
	"rekey/shared/store/memory"
)

func id(n int) string { return fmt.Sprintf("%08d-0000-4000-8000-00000000abcd", n) }

func page(from, n int) map[string]string {
	out := map[string]string{}
	for i := from; i < from+n; i++ {
		out[id(i)] = id(i + 1e6)
	}
	return out
}

// broken is a table that can be switched off.
type broken struct {
	store.Table
	off bool
}

func (b *broken) List(ctx context.Context, partition, from string, limit int) ([]store.Row, string, error) {
	if b.off {
		return nil, "", fault.Errorf(fault.Transient, "down")
	}
	return b.Table.List(ctx, partition, from, limit)
}

func TestWhatWasKeptIsLoadedAndServesForAWhile(t *testing.T) {
	now := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	table := &broken{Table: &memory.Table{}}
	s := &objects.Store{Table: table, Fresh: time.Hour, Now: func() time.Time { return now }}
	if got, err := s.Load(t.Context()); err != nil || len(got) != 0 {
		t.Fatalf("%v (%v)", got, err)
	}
	first, second := page(0, 999), page(2000, 60)
	second["no-guid"] = "x"
	for i, p := range []map[string]string{first, second} {
		if err := s.Keep(t.Context(), i, p); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := s.Load(t.Context()); len(got) != 0 {
		t.Errorf("what was read does not serve: %d", len(got))
	}
	now = now.Add(2 * time.Hour)
	delete(second, "no-guid")
	want := page(0, 999)
	for k, v := range second {
		want[k] = v
	}
	got, err := s.Load(t.Context())
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Fatal(err, diff)
	}
	table.off, now = true, now.Add(2*time.Hour)
	if got, err := s.Load(t.Context()); err != nil || len(got) != len(want) {
		t.Errorf("what was read before does not go on to serve: %d (%v)", len(got), err)
	}
}

func TestAShorterListLeavesNothingBehind(t *testing.T) {
	s := &objects.Store{Table: &memory.Table{}, Now: time.Now}
	for i := range 4 {
		if err := s.Keep(t.Context(), i, page(i*10, 10)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Keep(t.Context(), 0, page(100, 5)); err != nil {
		t.Fatal(err)
	}
	if err := s.Trim(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	got, err := s.Load(t.Context())
	if diff := cmp.Diff(page(100, 5), got); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

func TestARowStaysWithinItsSize(t *testing.T) {
	s := &objects.Store{Table: &memory.Table{}, Now: time.Now}
	if err := s.Keep(t.Context(), 0, page(0, 2047)); err != nil {
		t.Error(err)
	}
	if err := s.Keep(t.Context(), 0, page(0, 2048)); !errors.Is(err, fault.Limit) {
		t.Errorf("got %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte{1})
	f.Add(append([]byte{1}, make([]byte, 32)...))
	f.Add([]byte{2})
	f.Fuzz(func(t *testing.T, data []byte) {
		table := &memory.Table{}
		if _, err := table.Put(t.Context(), store.Row{Partition: objects.Partition, Key: "00000", Data: data}); err != nil {
			t.Skip()
		}
		s := &objects.Store{Table: table, Now: time.Now}
		if _, err := s.Load(t.Context()); err != nil && !errors.Is(err, fault.Poison) && !errors.Is(err, fault.Denied) {
			t.Error(err)
		}
	})
}
