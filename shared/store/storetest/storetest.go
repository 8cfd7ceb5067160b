// Package storetest is the contract of package store: every implementation passes it.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"rekey/shared/fault"
	"rekey/shared/store"
)

// Table checks an implementation of store.Table; fresh returns an empty one.
func Table(t *testing.T, fresh func(t *testing.T) store.Table) {
	t.Run("an insert is refused when the row exists", func(t *testing.T) {
		table := fresh(t)
		mustPut(t, table, store.Row{Partition: "p", Key: "k", Data: []byte("a")})
		_, err := table.Put(t.Context(), store.Row{Partition: "p", Key: "k", Data: []byte("b")})
		expect(t, err, fault.Conflict)
	})
	t.Run("a replacement needs the version that was read", func(t *testing.T) {
		table := fresh(t)
		old := mustPut(t, table, store.Row{Partition: "p", Key: "k", Data: []byte("a")})
		mustPut(t, table, store.Row{Partition: "p", Key: "k", ETag: old, Data: []byte("b")})
		_, err := table.Put(t.Context(), store.Row{Partition: "p", Key: "k", ETag: old, Data: []byte("c")})
		expect(t, err, fault.Conflict)
		if row := mustGet(t, table, "p", "k"); string(row.Data) != "b" {
			t.Errorf("data is %q", row.Data)
		}
	})
	t.Run("a replacement of a row that is gone is a conflict", func(t *testing.T) {
		table := fresh(t)
		tag := mustPut(t, table, store.Row{Partition: "p", Key: "k", Data: []byte("a")})
		row := store.Row{Partition: "p", Key: "k", ETag: tag, Data: []byte("b")}
		if err := table.Delete(t.Context(), row); err != nil {
			t.Fatal(err)
		}
		_, err := table.Put(t.Context(), row)
		expect(t, err, fault.Conflict)
	})
	t.Run("what is not there is not found", func(t *testing.T) {
		_, err := fresh(t).Get(t.Context(), "p", "k")
		expect(t, err, fault.NotFound)
	})
	t.Run("deleting twice is success and deleting an old version is not", func(t *testing.T) {
		table := fresh(t)
		old := mustPut(t, table, store.Row{Partition: "p", Key: "k", Data: []byte("a")})
		tag := mustPut(t, table, store.Row{Partition: "p", Key: "k", ETag: old, Data: []byte("b")})
		expect(t, table.Delete(t.Context(), store.Row{Partition: "p", Key: "k", ETag: old}), fault.Conflict)
		for range 2 {
			if err := table.Delete(t.Context(), store.Row{Partition: "p", Key: "k", ETag: tag}); err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("any key comes back as it was", func(t *testing.T) {
		table := fresh(t)
		for _, key := range []string{`a/b\c#d?e%f`, "%2F", "tab\tnew\nline", "ünïcödé 😀", "it's", strings.Repeat("k", 300)} {
			mustPut(t, table, store.Row{Partition: key, Key: key, Data: []byte(key)})
			if row := mustGet(t, table, key, key); row.Partition != key || row.Key != key || string(row.Data) != key {
				t.Errorf("%q came back as %q/%q", key, row.Partition, row.Key)
			}
		}
	})
	t.Run("data up to 256 KiB comes back and more is refused", func(t *testing.T) {
		table := fresh(t)
		for _, n := range []int{0, 1, 64 << 10, 64<<10 + 1, 256 << 10} {
			data := bytes.Repeat([]byte{7}, n)
			mustPut(t, table, store.Row{Partition: "p", Key: strconv.Itoa(n), Data: data})
			if row := mustGet(t, table, "p", strconv.Itoa(n)); !bytes.Equal(row.Data, data) {
				t.Errorf("%d bytes became %d", n, len(row.Data))
			}
		}
		_, err := table.Put(t.Context(), store.Row{Partition: "p", Key: "x", Data: make([]byte, 256<<10+1)})
		expect(t, err, fault.Limit)
	})
	t.Run("keys that are empty or too long are refused", func(t *testing.T) {
		table := fresh(t)
		for _, key := range []string{"", strings.Repeat("é", 300)} {
			_, err := table.Put(t.Context(), store.Row{Partition: "p", Key: key, Data: []byte("x")})
			expect(t, err, fault.Limit)
		}
	})
	t.Run("a list is in order and continues where it was cut", func(t *testing.T) {
		table := fresh(t)
		for i := range 25 {
			mustPut(t, table, store.Row{Partition: "p", Key: fmt.Sprintf("%03d", i), Data: []byte("x")})
		}
		mustPut(t, table, store.Row{Partition: "other", Key: "000", Data: []byte("x")})
		var keys []string
		for from, done := "", false; !done; {
			rows, more, err := table.List(t.Context(), "p", from, 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				keys = append(keys, r.Key)
			}
			from, done = more, more == ""
		}
		for i := range 25 {
			if len(keys) != 25 || keys[i] != fmt.Sprintf("%03d", i) {
				t.Fatalf("keys %v", keys)
			}
		}
	})
	t.Run("a scan sees every partition", func(t *testing.T) {
		table := fresh(t)
		for i := range 12 {
			mustPut(t, table, store.Row{Partition: strconv.Itoa(i), Key: "k", Data: []byte("x")})
		}
		seen := map[string]bool{}
		if err := table.Scan(t.Context(), func(r store.Row) bool { seen[r.Partition] = true; return true }); err != nil || len(seen) != 12 {
			t.Errorf("%d partitions (%v)", len(seen), err)
		}
	})
	t.Run("writers that read, add and write again lose nothing", func(t *testing.T) {
		table := fresh(t)
		const writers, rounds = 8, 5
		var wg sync.WaitGroup
		for range writers {
			wg.Go(func() {
				for range rounds {
					if err := increment(t.Context(), table); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if row := mustGet(t, table, "p", "n"); string(row.Data) != strconv.Itoa(writers*rounds) {
			t.Errorf("counted %s", row.Data)
		}
	})
	t.Run("an ended context is an error", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := fresh(t).Get(ctx, "p", "k"); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func increment(ctx context.Context, table store.Table) error {
	for {
		row, err := table.Get(ctx, "p", "n")
		if errors.Is(err, fault.NotFound) {
			row, err = store.Row{Partition: "p", Key: "n", Data: []byte("0")}, nil
		}
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(string(row.Data))
		if err != nil {
			return err
		}
		row.Data = []byte(strconv.Itoa(n + 1))
		if _, err = table.Put(ctx, row); !errors.Is(err, fault.Conflict) {
			return err
		}
	}
}

// Blobs checks an implementation of store.Blobs; fresh returns an empty one.
func Blobs(t *testing.T, fresh func(t *testing.T) store.Blobs) {
	t.Run("a whole blob replaces an earlier one and comes back as it was", func(t *testing.T) {
		b := fresh(t)
		for _, data := range [][]byte{[]byte("first"), {}, bytes.Repeat([]byte{0xff, 0}, 600<<10)} {
			if err := b.Write(t.Context(), "signins/0/7/message", data); err != nil {
				t.Fatal(err)
			}
			if got, err := b.Read(t.Context(), "signins/0/7/message"); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%d bytes became %d (%v)", len(data), len(got), err)
			}
		}
	})
	t.Run("what is not there is not found", func(t *testing.T) {
		_, err := fresh(t).Read(t.Context(), "x")
		expect(t, err, fault.NotFound)
	})
	t.Run("of two who append at one position exactly one wins", func(t *testing.T) {
		b := fresh(t)
		for at := int64(0); at < 5; at++ {
			results := make([]error, 2)
			var wg sync.WaitGroup
			for i := range results {
				wg.Go(func() { results[i] = b.Append(t.Context(), "log", at, []byte{byte('a' + i)}) })
			}
			wg.Wait()
			if (results[0] == nil) == (results[1] == nil) {
				t.Fatalf("at %d: %v, %v", at, results[0], results[1])
			}
			expect(t, errors.Join(results...), fault.Conflict)
		}
		if got, err := b.Read(t.Context(), "log"); err != nil || len(got) != 5 {
			t.Errorf("%q (%v)", got, err)
		}
	})
	t.Run("an empty append is refused", func(t *testing.T) {
		expect(t, fresh(t).Append(t.Context(), "log", 0, nil), fault.Denied)
	})
	t.Run("an append beyond the end is a conflict", func(t *testing.T) {
		expect(t, fresh(t).Append(t.Context(), "log", 3, []byte("x")), fault.Conflict)
	})
	t.Run("names are listed by prefix and in order", func(t *testing.T) {
		b := fresh(t)
		for _, name := range []string{"b/2", "a/1", "b/1"} {
			if err := b.Write(t.Context(), name, []byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		if names, err := b.List(t.Context(), "b/"); err != nil || fmt.Sprint(names) != "[b/1 b/2]" {
			t.Errorf("%v (%v)", names, err)
		}
	})
}

func mustPut(t *testing.T, table store.Table, row store.Row) string {
	t.Helper()
	tag, err := table.Put(t.Context(), row)
	if err != nil || tag == "" {
		t.Fatalf("writing %.40q: %q, %v", row.Key, tag, err)
	}
	return tag
}

func mustGet(t *testing.T, table store.Table, partition, key string) store.Row {
	t.Helper()
	row, err := table.Get(t.Context(), partition, key)
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func expect(t *testing.T, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("got %v, want an error of kind %q", err, kind)
	}
}
