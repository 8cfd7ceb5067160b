// Package index reads pages of what index rows point to, from one partition or from several merged, within a bound on the
// rows that are read.
package index

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"rekey/shared/host/funchost"
	"rekey/shared/store"
)

// Reading says what is read.
type Reading struct {
	Partitions []string // at least one; their keys are of one order
	From       string   // where an earlier reading ended; "" at the beginning
	Limit      int      // rows that may be read, of the index and of what it points to together
	Want       int      // things that are likely to be enough; at most this many are read at a time
}

const (
	batch = 25 // index rows of a partition that are read at a time
	hands = 8  // things that are read at a time
)

// Read reads what the rows point to, in the order of their keys, until yield returns false, the limit is reached or there
// is no more. load returns nil for a row that is of before. yield gets where to go on behind each thing; Read returns
// where to go on, "" at the end.
func Read[T any](ctx context.Context, table store.Table, r Reading, load func(context.Context, store.Row) (*T, error), yield func(thing T, after string) bool) (after string, err error) {
	m := merged{table: table, from: r.From, left: r.Limit, sources: make([]source, len(r.Partitions))}
	for i, p := range r.Partitions {
		m.sources[i] = source{partition: p, next: r.From, more: true}
	}
	chunk := min(max(r.Want, 1), batch)
	for {
		rows, err := m.chunk(ctx, chunk)
		if err != nil {
			return "", err
		}
		things, err := all(ctx, rows, load)
		if err != nil {
			return "", err
		}
		for i, thing := range things {
			if thing != nil && !yield(*thing, behind(rows[i])) {
				return behind(rows[i]), nil
			}
		}
		switch {
		case len(rows) == chunk:
		case m.done():
			return "", nil
		default:
			return m.from, nil
		}
	}
}

// behind is the first key that sorts behind a row's. Every other key of the index that begins with it goes on with a
// character that sorts behind an escaped zero byte.
func behind(row store.Row) string { return row.Key + "\x00" }

// all loads what rows point to, side by side.
func all[T any](ctx context.Context, rows []store.Row, load func(context.Context, store.Row) (*T, error)) ([]*T, error) {
	out := make([]*T, len(rows))
	g := funchost.NewGroup(ctx, hands)
	var next atomic.Int64
	for range min(hands, len(rows)) {
		g.Go(func(ctx context.Context) (err error) {
			for i := int(next.Add(1)) - 1; i < len(rows) && err == nil; i = int(next.Add(1)) - 1 {
				out[i], err = load(ctx, rows[i])
			}
			return err
		})
	}
	return out, g.Wait()
}

// source is one partition that is being read.
type source struct {
	partition string
	rows      []store.Row
	next      string
	more      bool
}

// merged reads several partitions as one.
type merged struct {
	table   store.Table
	sources []source
	from    string // behind the last row that was returned
	left    int    // rows that may still be read
}

// done reports whether every source was read to its end.
func (m *merged) done() bool {
	return !slices.ContainsFunc(m.sources, func(s source) bool { return s.more || len(s.rows) > 0 })
}

// chunk returns the next n rows, or fewer when there are no more or no more may be read.
func (m *merged) chunk(ctx context.Context, n int) ([]store.Row, error) {
	var rows []store.Row
	for len(rows) < n && m.left > 0 {
		row, more, err := m.next(ctx)
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
		m.left-- // for what it points to
		rows = append(rows, row)
	}
	return rows, nil
}

// next returns the smallest row of all sources, and false when there is none or no more may be read.
func (m *merged) next(ctx context.Context) (store.Row, bool, error) {
	best := -1
	for i := range m.sources {
		s := &m.sources[i]
		for len(s.rows) == 0 && s.more {
			if m.left <= 0 {
				return store.Row{}, false, nil
			}
			if err := m.fill(ctx, s); err != nil {
				return store.Row{}, false, err
			}
		}
		if len(s.rows) > 0 && (best < 0 || s.rows[0].Key < m.sources[best].rows[0].Key) {
			best = i
		}
	}
	if best < 0 {
		return store.Row{}, false, nil
	}
	row := m.sources[best].rows[0]
	m.sources[best].rows = m.sources[best].rows[1:]
	m.from = behind(row)
	return row, true, nil
}

func (m *merged) fill(ctx context.Context, s *source) error {
	rows, next, err := m.table.List(ctx, s.partition, s.next, min(batch, m.left))
	if err != nil {
		return fmt.Errorf("listing %s: %w", s.partition, err)
	}
	m.left -= max(len(rows), 1)
	s.rows, s.next, s.more = rows, next, next != ""
	return nil
}
