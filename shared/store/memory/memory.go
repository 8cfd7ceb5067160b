// Package memory keeps state in memory: for `rekey scan` and for tests. It passes the same contract as Azure Storage.
package memory

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"rekey/shared/fault"
	"rekey/shared/store"
)

const maxBell = 1 << 10

// Table is a store.Table. The zero Table is empty and ready.
type Table struct {
	mu   sync.Mutex
	rows map[[2]string]store.Row
	tag  int
}

var _ store.Table = (*Table)(nil)

// Get implements store.Table.
func (t *Table) Get(ctx context.Context, partition, key string) (store.Row, error) {
	if err := ctx.Err(); err != nil {
		return store.Row{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	row, ok := t.rows[[2]string{partition, key}]
	if !ok {
		return store.Row{}, fault.Errorf(fault.NotFound, "reading row %q: there is none", key)
	}
	return clone(row), nil
}

func clone(r store.Row) store.Row {
	r.Data = bytes.Clone(r.Data)
	return r
}

// List implements store.Table.
func (t *Table) List(ctx context.Context, partition, from string, limit int) ([]store.Row, string, error) {
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	var rows []store.Row
	for _, row := range t.rows {
		if row.Partition == partition && store.EscapeKey(row.Key) >= store.EscapeKey(from) {
			rows = append(rows, clone(row))
		}
	}
	slices.SortFunc(rows, func(a, b store.Row) int {
		return strings.Compare(store.EscapeKey(a.Key), store.EscapeKey(b.Key))
	})
	if len(rows) > limit {
		return rows[:limit], rows[limit].Key, nil
	}
	return rows, "", nil
}

// Scan implements store.Table.
func (t *Table) Scan(ctx context.Context, yield func(store.Row) bool) error {
	t.mu.Lock()
	rows := make([]store.Row, 0, len(t.rows))
	for _, row := range t.rows {
		rows = append(rows, clone(row))
	}
	t.mu.Unlock()
	for _, row := range rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !yield(row) {
			return nil
		}
	}
	return nil
}

// Put implements store.Table.
func (t *Table) Put(ctx context.Context, row store.Row) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if err := row.Check(); err != nil {
		return "", err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	at := [2]string{row.Partition, row.Key}
	if old, exists := t.rows[at]; exists != (row.ETag != "") || old.ETag != row.ETag {
		return "", fault.Errorf(fault.Conflict, "writing row %q: it changed meanwhile", row.Key)
	}
	if t.rows == nil {
		t.rows = map[[2]string]store.Row{}
	}
	t.tag++
	row = clone(row)
	row.ETag = fmt.Sprint(t.tag)
	t.rows[at] = row
	return row.ETag, nil
}

// Delete implements store.Table.
func (t *Table) Delete(ctx context.Context, row store.Row) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	at := [2]string{row.Partition, row.Key}
	old, ok := t.rows[at]
	if ok && old.ETag != row.ETag {
		return fault.Errorf(fault.Conflict, "deleting row %q: it changed meanwhile", row.Key)
	}
	delete(t.rows, at)
	return nil
}

// Blobs is a store.Blobs. The zero Blobs is empty and ready.
type Blobs struct {
	mu    sync.Mutex
	blobs map[string][]byte
}

var _ store.Blobs = (*Blobs)(nil)

// Write implements store.Blobs.
func (b *Blobs) Write(ctx context.Context, name string, data []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.put(name, bytes.Clone(data))
	return nil
}

func (b *Blobs) put(name string, data []byte) {
	if b.blobs == nil {
		b.blobs = map[string][]byte{}
	}
	b.blobs[name] = data
}

// Read implements store.Blobs.
func (b *Blobs) Read(ctx context.Context, name string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	data, ok := b.blobs[name]
	if !ok {
		return nil, fault.Errorf(fault.NotFound, "reading blob %s: there is none", name)
	}
	return bytes.Clone(data), nil
}

// Append implements store.Blobs.
func (b *Blobs) Append(ctx context.Context, name string, at int64, data []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(data) == 0 {
		return fault.Errorf(fault.Denied, "appending to blob %s: there is nothing to append", name)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	old := b.blobs[name]
	if int64(len(old)) != at {
		return fault.Errorf(fault.Conflict, "appending to blob %s at %d: it has %d bytes", name, at, len(old))
	}
	b.put(name, append(bytes.Clone(old), data...))
	return nil
}

// List implements store.Blobs.
func (b *Blobs) List(ctx context.Context, prefix string) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var names []string
	for name := range b.blobs {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// Bell is a store.Bell that remembers what it was rung for.
type Bell struct {
	mu   sync.Mutex
	rung []string
}

var _ store.Bell = (*Bell)(nil)

// Ring implements store.Bell.
func (b *Bell) Ring(ctx context.Context, id string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(id) > maxBell {
		return fault.Errorf(fault.Limit, "ringing: %d bytes, at most %d", len(id), maxBell)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rung = append(b.rung, id)
	return nil
}

// Rung returns the ids it was rung for, in order.
func (b *Bell) Rung() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.rung)
}
