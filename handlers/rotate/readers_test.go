package rotate_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"rekey/handlers/principals"
	"rekey/handlers/rotate"
	"rekey/shared/event"
	"rekey/shared/store"
	"rekey/shared/store/memory"
)

// counted counts how often a whole table is read.
type counted struct {
	store.Table
	scans int
}

func (c *counted) Scan(ctx context.Context, yield func(store.Row) bool) error {
	c.scans++
	return c.Table.Scan(ctx, yield)
}

// crowd is a table of n principals that each read a few secrets.
func crowd(t testing.TB, n int, at time.Time) *memory.Table {
	t.Helper()
	table := &memory.Table{}
	ps := principals.Store{Table: table}
	for i := range n {
		key := fmt.Sprintf("sp-%06d", i)
		state, err := ps.Load(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		for k := range 5 {
			v := &event.VaultOperation{Operation: "SecretGet", Vault: fmt.Sprintf("kv-%d", i%40), Object: fmt.Sprintf("secrets/s-%d", k), Status: 200, Version: "0123456789abcdef0123456789abcdef"}
			state.Exposure.Observe(hasher, &event.Event{Kind: event.KindVaultAccess, Time: at.Add(-time.Duration(k) * time.Hour), Principal: event.Principal{ObjectID: key}, Vault: v})
		}
		if _, err := ps.Save(t.Context(), state, "test"); err != nil {
			t.Fatal(err)
		}
	}
	return table
}

func TestEverybodysReadsAreLookedAtOnceInFiveMinutesWhoeverAsks(t *testing.T) {
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	at := now
	table := &counted{Table: crowd(t, 30, now)}
	s := &rotate.Sources{Principals: principals.Store{Table: table}, Now: func() time.Time { return at }}
	ask := func(since time.Duration, secret string, want int) int {
		t.Helper()
		before := table.scans
		reads, err := s.Readers(t.Context(), now.Add(-since))
		if err != nil || len(reads[secret]) < want {
			t.Errorf("%d readers of %s, want %d (%v)", len(reads[secret]), secret, want, err)
		}
		return table.scans - before
	}
	if ask(2*time.Hour, "kv-3/s-0", 1) == 0 {
		t.Error("the first look reads nothing")
	}
	for range 10 { // ten items that are to be retired
		if n := ask(time.Hour, "kv-3/s-0", 1); n != 0 {
			t.Errorf("a second look within five minutes reads the table %d times", n)
		}
	}
	if ask(48*time.Hour, "kv-3/s-4", 1) == 0 {
		t.Error("what was read before is not in the look")
	}
	if at = at.Add(rotate.LookEvery); ask(time.Hour, "kv-3/s-0", 1) == 0 {
		t.Error("an old look is taken for a new one")
	}
	if n := ask(48*time.Hour, "kv-3/s-4", 1); n != 0 {
		t.Errorf("two rotations with different windows take turns: %d looks", n)
	}
}

func BenchmarkReaders(b *testing.B) {
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	const n = 20_000
	at := now
	s := &rotate.Sources{Principals: principals.Store{Table: crowd(b, n, now)}, Now: func() time.Time { return at }}
	for name, pass := range map[string]time.Duration{"anew": rotate.LookEvery, "again": 0} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				at = at.Add(pass)
				if reads, err := s.Readers(b.Context(), now.Add(-24*time.Hour)); err != nil || len(reads) == 0 {
					b.Fatal(err)
				}
			}
			if pass > 0 {
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/principal")
			}
		})
	}
}
