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

// Table is a store.Table. The zero Table is empty and ready. Each partition keeps its keys in order, so that reading a
// page of a large one costs as little as in the real service.
type Table struct {
	mu         sync.Mutex
	partitions map[string]*partition
	tag        int
}

var _ store.Table = (*Table)(nil)

// partition holds rows by key, and the keys, escaped as the service orders them. Keys that came since the last listing
// wait in fresh: sorting them in one by one would make filling a partition slow.
type partition struct {
	rows  map[string]store.Row
	keys  []string
	fresh []string
}

// Get implements store.Table.
func (t *Table) Get(ctx context.Context, partition, key string) (store.Row, error) {
	if err := ctx.Err(); err != nil {
		return store.Row{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	row, ok := t.row(partition, key)
	if !ok {
		return store.Row{}, fault.Errorf(fault.NotFound, "reading row %q: there is none", key)
	}
	return clone(row), nil
}

// row finds a row. t.mu is held.
func (t *Table) row(partition, key string) (store.Row, bool) {
	p := t.partitions[partition]
	if p == nil {
		return store.Row{}, false
	}
	row, ok := p.rows[key]
	return row, ok
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
	p := t.partitions[partition]
	if p == nil {
		return nil, "", nil
	}
	p.settle()
	i, _ := slices.BinarySearch(p.keys, store.EscapeKey(from))
	var rows []store.Row
	for ; i < len(p.keys); i++ {
		key := store.UnescapeKey(p.keys[i])
		if len(rows) == limit {
			return rows, key, nil
		}
		rows = append(rows, clone(p.rows[key]))
	}
	return rows, "", nil
}

// settle merges the fresh keys into the ordered ones.
func (p *partition) settle() {
	if len(p.fresh) == 0 {
		return
	}
	slices.Sort(p.fresh)
	out := make([]string, 0, len(p.keys)+len(p.fresh))
	i := 0
	for _, key := range p.fresh {
		for i < len(p.keys) && p.keys[i] < key {
			out = append(out, p.keys[i])
			i++
		}
		out = append(out, key)
	}
	p.keys, p.fresh = append(out, p.keys[i:]...), nil
}

// Scan implements store.Table.
func (t *Table) Scan(ctx context.Context, yield func(store.Row) bool) error {
	t.mu.Lock()
	var rows []store.Row
	for _, p := range t.partitions {
		for _, row := range p.rows {
			rows = append(rows, clone(row))
		}
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
	old, exists := t.row(row.Partition, row.Key)
	if exists != (row.ETag != "") || old.ETag != row.ETag {
		return "", fault.Errorf(fault.Conflict, "writing row %q: it changed meanwhile", row.Key)
	}
	t.tag++
	row = clone(row)
	row.ETag = fmt.Sprint(t.tag)
	t.keep(row, exists)
	return row.ETag, nil
}

// keep stores a row. t.mu is held.
func (t *Table) keep(row store.Row, exists bool) {
	if t.partitions == nil {
		t.partitions = map[string]*partition{}
	}
	p := t.partitions[row.Partition]
	if p == nil {
		p = &partition{rows: map[string]store.Row{}}
		t.partitions[row.Partition] = p
	}
	p.rows[row.Key] = row
	if !exists {
		p.fresh = append(p.fresh, store.EscapeKey(row.Key))
	}
}

// Delete implements store.Table.
func (t *Table) Delete(ctx context.Context, row store.Row) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	old, ok := t.row(row.Partition, row.Key)
	if !ok {
		return nil
	}
	if old.ETag != row.ETag {
		return fault.Errorf(fault.Conflict, "deleting row %q: it changed meanwhile", row.Key)
	}
	p := t.partitions[row.Partition]
	p.settle()
	delete(p.rows, row.Key)
	if i, found := slices.BinarySearch(p.keys, store.EscapeKey(row.Key)); found {
		p.keys = slices.Delete(p.keys, i, i+1)
	}
	if len(p.rows) == 0 {
		delete(t.partitions, row.Partition)
	}
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
