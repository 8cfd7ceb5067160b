package health_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rekey/handlers/health"
	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/store"
	"rekey/shared/store/memory"
	"rekey/shared/streams"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// counting counts writes, and fails the first ones.
type counting struct {
	memory.Table
	puts, failures atomic.Int64
}

func (c *counting) Put(ctx context.Context, row store.Row) (string, error) {
	if c.failures.Add(-1) >= 0 {
		return "", fault.Errorf(fault.Transient, "writing: the table is down")
	}
	c.puts.Add(1)
	return c.Table.Put(ctx, row)
}

func seen(kind event.Kind, at time.Time) *streams.Memory {
	m := &streams.Memory{}
	m.Note(&event.Event{Kind: kind, Time: at}, at)
	return m
}

func newest(t *testing.T, table store.Table) time.Time {
	t.Helper()
	m, err := (&health.Store{Table: table}).Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return m.Newest()
}

func TestAHubIsWrittenAtMostOnceAMinuteAndNothingIsForgottenMeanwhile(t *testing.T) {
	table := &counting{}
	s := &health.Store{Table: table}
	for i := range 100 { // a hundred seconds
		at := now.Add(time.Duration(i) * time.Second)
		if err := s.Add(t.Context(), "auditlogs", seen(event.KindAudit, at), at); err != nil {
			t.Fatal(err)
		}
	}
	if n := table.puts.Load(); n != 2 {
		t.Errorf("%d writes in 100 seconds, want 2", n)
	}
	if got := newest(t, table); !got.Equal(now.Add(time.Minute)) {
		t.Errorf("the newest record is of %s", got)
	}
	later := now.Add(3 * time.Minute)
	if err := s.Add(t.Context(), "auditlogs", &streams.Memory{}, later); err != nil {
		t.Fatal(err)
	}
	if got := newest(t, table); !got.Equal(now.Add(99 * time.Second)) {
		t.Errorf("what waited is lost: the newest record is of %s", got)
	}
	if err := s.Add(t.Context(), "auditlogs", &streams.Memory{}, later.Add(time.Hour)); err != nil || table.puts.Load() != 3 {
		t.Errorf("nothing new was written: %d writes (%v)", table.puts.Load(), err)
	}
}

func TestWhatCouldNotBeWrittenIsWrittenLater(t *testing.T) {
	table := &counting{}
	table.failures.Store(1)
	s := &health.Store{Table: table}
	if err := s.Add(t.Context(), "auditlogs", seen(event.KindAudit, now), now); !errors.Is(err, fault.Transient) {
		t.Fatalf("with the table down: %v", err)
	}
	if err := s.Add(t.Context(), "auditlogs", &streams.Memory{}, now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if got := newest(t, table); !got.Equal(now) {
		t.Errorf("the newest record is of %s", got)
	}
}

func TestManyProcessesMeetOnOneHubAndAllIsKnown(t *testing.T) {
	table := &memory.Table{}
	kinds := []event.Kind{event.KindSignIn, event.KindAudit, event.KindGraphActivity, event.KindAzureActivity}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			s := &health.Store{Table: table}
			for n := range 50 { // a lost race is made good later
				at := now.Add(time.Duration(n) * time.Minute)
				_ = s.Add(t.Context(), "hub", seen(kinds[i%4], at), at)
			}
			end := now.Add(2 * time.Hour)
			for s.Add(t.Context(), "hub", seen(kinds[i%4], end), end) != nil {
				end = end.Add(time.Minute)
			}
		})
	}
	wg.Wait()
	m, err := (&health.Store{Table: table}).Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, category := range []string{streams.SignIns, streams.Audit, streams.Graph, streams.Azure} {
		if st := m.Health(now.AddDate(0, 0, 9)).Of(category); st.State == streams.NeverSeen || st.Since.Before(now.Add(2*time.Hour)) {
			t.Errorf("%+v", st)
		}
	}
}

func TestARowOfANewerVersionIsLeftAlone(t *testing.T) {
	table := &memory.Table{}
	if _, err := table.Put(t.Context(), store.Row{Partition: "health", Key: "auditlogs", Data: []byte(`{"v":99}`)}); err != nil {
		t.Fatal(err)
	}
	s := &health.Store{Table: table}
	if err := s.Add(t.Context(), "auditlogs", seen(event.KindAudit, now), now); !errors.Is(err, fault.Denied) {
		t.Errorf("%v", err)
	}
	if row, err := table.Get(t.Context(), "health", "auditlogs"); err != nil || string(row.Data) != `{"v":99}` {
		t.Errorf("%s (%v)", row.Data, err)
	}
	if _, err := s.Load(t.Context()); !errors.Is(err, fault.Denied) {
		t.Errorf("%v", err)
	}
}
