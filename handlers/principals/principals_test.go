package principals_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"rekey/handlers/principals"
	"rekey/shared/baseline"
	"rekey/shared/event"
	"rekey/shared/store"
	"rekey/shared/store/memory"
)

var (
	hasher = baseline.NewHasher([16]byte{5})
	start  = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
)

func observe(s *principals.State, id string, at time.Time, ip byte) {
	e := &event.Event{
		Kind: event.KindSignIn, ID: id, Time: at, Caller: netip.AddrFrom4([4]byte{192, 0, 2, ip}), SignIn: event.SignIn{TokenID: "token of " + id},
	}
	values := hasher.Values(e)
	s.Observe(e, &values)
}

func load(t testing.TB, st principals.Store, key string) *principals.State {
	t.Helper()
	s, err := st.Load(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNothingNewIsNotWritten(t *testing.T) {
	st := principals.Store{Table: &memory.Table{}}
	for round, want := range []int{2, 0, 0} {
		s := load(t, st, "sp1")
		observe(s, "a", start, 1)
		if n, err := st.Save(t.Context(), s, "lane"); err != nil || n != want {
			t.Errorf("round %d: %d writes (%v), want %d", round, n, err, want)
		}
	}
}

func TestWritersThatMeetLoseNothingAndLanesAreFolded(t *testing.T) {
	table := &memory.Table{}
	st := principals.Store{Table: table}
	const writers = 32
	var stale []*principals.State
	for range writers {
		stale = append(stale, load(t, st, "sp1"))
	}
	var wg sync.WaitGroup
	for i, s := range stale {
		wg.Go(func() {
			observe(s, fmt.Sprint(i), start.Add(time.Duration(i)*time.Hour), byte(i%8))
			if _, err := st.Save(context.Background(), s, fmt.Sprint("signins-", i)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var whole principals.State
	for i := range writers {
		observe(&whole, fmt.Sprint(i), start.Add(time.Duration(i)*time.Hour), byte(i%8))
	}
	check := func(when string) {
		t.Helper()
		got, _ := load(t, st, "sp1").Profile.AppendBinary(nil)
		want, _ := whole.Profile.AppendBinary(nil)
		if !bytes.Equal(got, want) {
			t.Errorf("%s the state differs from what all writers saw", when)
		}
	}
	check("with lanes")
	if err := st.Fold(t.Context(), "sp1", func(*principals.State) {}); err != nil {
		t.Fatal(err)
	}
	check("folded")
	rows, _, err := table.List(t.Context(), "sp1", "", 100)
	if err != nil || len(rows) != 2 {
		t.Errorf("%d rows are left after folding (%v)", len(rows), err)
	}
}

// slow is a table with latency that counts writes.
type slow struct {
	store.Table
	latency time.Duration
	puts    atomic.Int64
}

func (s *slow) List(ctx context.Context, p, from string, n int) ([]store.Row, string, error) {
	<-time.After(s.latency)
	return s.Table.List(ctx, p, from, n)
}

func (s *slow) Get(ctx context.Context, p, k string) (store.Row, error) {
	<-time.After(s.latency)
	return s.Table.Get(ctx, p, k)
}

func (s *slow) Put(ctx context.Context, r store.Row) (string, error) {
	<-time.After(s.latency)
	s.puts.Add(1)
	return s.Table.Put(ctx, r)
}

// One principal makes 40 % of all sign-ins, spread over 32 partitions that all meet on its row, and every access to the
// store takes 10 ms (of a simulated clock). Each partition gets a batch every 100 ms: the backlog must not grow, so each
// is done before the next comes.
func TestABusyPrincipalOverManyPartitionsCostsFewWritesAndNoBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := &slow{Table: &memory.Table{}, latency: 10 * time.Millisecond}
		st := principals.Store{Table: table}
		const partitions, batches, interval = 32, 100, 100 * time.Millisecond
		begun := time.Now()
		var mu sync.Mutex
		var slowest time.Duration
		var wg sync.WaitGroup
		for p := range partitions {
			wg.Go(func() {
				random := rand.New(rand.NewPCG(7, uint64(p)))
				for b := range batches {
					due := begun.Add(time.Duration(b) * interval)
					<-time.After(time.Until(due))
					batch(t, st, fmt.Sprint("signins-", p), p, b, random)
					mu.Lock()
					slowest = max(slowest, time.Since(due))
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		perBatch := float64(table.puts.Load()) / (partitions * batches)
		t.Logf("%.2f write attempts a batch; the slowest batch took %s", perBatch, slowest)
		if perBatch > 1.2 {
			t.Errorf("%.2f write attempts a batch, at most 1.2 are allowed", perBatch)
		}
		if slowest > interval {
			t.Errorf("a batch took %s: with one every %s the backlog grows", slowest, interval)
		}
	})
}

// batch is one batch of a partition: 40 of its 100 sign-ins are the busy principal's, the others' rows are their own.
func batch(t *testing.T, st principals.Store, lane string, p, b int, random *rand.Rand) {
	t.Helper()
	s, err := st.Load(t.Context(), "busy")
	if err != nil {
		t.Error(err)
		return
	}
	for i := range 40 {
		observe(s, fmt.Sprint(p, "-", b, "-", i), start.Add(time.Duration(b)*time.Minute), byte(random.IntN(3)))
	}
	if _, err := st.Save(t.Context(), s, lane); err != nil {
		t.Error(err)
	}
}
