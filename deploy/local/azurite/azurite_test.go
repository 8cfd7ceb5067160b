package azurite_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"rekey/deploy/local/azurite"
	"rekey/shared/azure/blobs"
	"rekey/shared/azure/tables"
	"rekey/shared/store"
)

func TestAcknowledgedWritesSurviveKillNine(t *testing.T) {
	s, err := azurite.Start(t.Context(), azurite.Config{Dir: t.TempDir(), Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	once := azcore.ClientOptions{Retry: policy.RetryOptions{MaxRetries: -1}}
	ts, err := tables.FromConnectionString(s.ConnectionString(), once)
	if err != nil {
		t.Fatal(err)
	}
	bs, err := blobs.FromConnectionString(s.ConnectionString(), once)
	if err != nil {
		t.Fatal(err)
	}
	if err := ts.Ensure(t.Context(), "rows"); err != nil {
		t.Fatal(err)
	}
	if err := bs.Ensure(t.Context(), "log"); err != nil {
		t.Fatal(err)
	}
	table, container := ts.Table("rows"), bs.Container("log")
	const rounds = 20
	for round := range rounds {
		rows, length := write(t, table, container, round, func(first <-chan struct{}) {
			<-first
			<-time.After(time.Duration(rand.IntN(150)) * time.Millisecond)
			s.Kill()
		})
		if err := s.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, key := range rows {
			if _, err := table.Get(t.Context(), "p", key); err != nil {
				t.Errorf("round %d: an acknowledged row is gone: %v", round, err)
			}
		}
		if length == 0 {
			continue
		}
		got, err := container.Read(t.Context(), fmt.Sprint("op", round))
		if err != nil || int64(len(got)) < length {
			t.Errorf("round %d: %d bytes were appended, %d are there (%v)", round, length, len(got), err)
		}
	}
}

// write writes rows and appends until the server dies, and returns what was acknowledged. Kill is told of the first
// acknowledged row.
func write(t *testing.T, table store.Table, container store.Blobs, round int, kill func(first <-chan struct{})) (rows []string, length int64) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	first := make(chan struct{})
	wg.Go(func() { kill(first); cancel() })
	wg.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			key := fmt.Sprintf("%d-%d", round, i)
			if _, err := table.Put(ctx, store.Row{Partition: "p", Key: key, Data: []byte("x")}); err == nil {
				if rows = append(rows, key); len(rows) == 1 {
					close(first)
				}
			}
		}
	})
	wg.Go(func() {
		for ctx.Err() == nil {
			entry := []byte("entry\n")
			if err := container.Append(ctx, fmt.Sprint("op", round), length, entry); err == nil {
				length += int64(len(entry))
			}
		}
	})
	wg.Wait()
	if len(rows) == 0 {
		t.Errorf("round %d: nothing was written before the kill", round)
	}
	return rows, length
}
