package rotate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"rekey/shared/fault"
)

// Partition is where rotations are kept in the table of operations. The Head's row has the operation's id as its key; the
// items' rows have ids of ChunkKey, which come after it in the order of keys.
const Partition = "rotation"

// A row takes 256 KiB. A new item goes into the last chunk while that has less than chunkRoom bytes; items grow while they are
// worked on, by what is bounded: notes, reasons, one holding per copy.
const (
	chunkRoom  = 64 << 10
	chunkItems = 48
)

// ChunkKey returns the key of an operation's nth row of items.
func ChunkKey(operation string, n int) string { return fmt.Sprintf("%s/%04d", operation, n) }

// chunk is one row of items.
type chunk struct {
	Version int     `json:"version"`
	Items   []*Item `json:"items"`
}

// place gives a new item its row: it stays there for life, so that a step writes one row of items.
func (j *Journal) place(i *Item) {
	size, n := 0, 0
	for _, x := range j.Items {
		if x != i && x.chunk == j.Chunks-1 {
			size += x.size()
			n++
		}
	}
	if j.Chunks == 0 || size+i.size() > chunkRoom || n >= chunkItems {
		j.Chunks++
	}
	i.chunk = j.Chunks - 1
}

func (i *Item) size() int {
	b, err := json.Marshal(i)
	if err != nil {
		return chunkRoom
	}
	return len(b)
}

// Rows encodes the journal: its rows by their keys. A step changes one row of items and, when a tier moves, the Head.
func (j *Journal) Rows() (map[string][]byte, error) {
	out := map[string][]byte{}
	head, err := json.Marshal(j.Head)
	if err != nil {
		return nil, fmt.Errorf("encoding rotation %s: %w", j.ID, err)
	}
	out[j.ID] = head
	for n := range j.Chunks {
		if out[ChunkKey(j.ID, n)], err = j.row(n); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Written is a row to write.
type Written struct {
	Key  string
	Data []byte
}

// Changed returns the rows that differ from those that were read or written last, in the order in which they have to be
// written: new items first, then the Head that counts their rows, and last the row of the item at work (key; may be
// empty). A crash between two of them leaves a journal in which the item's step is not done and is repeated.
func (j *Journal) Changed(had map[string][]byte, key string) ([]Written, error) {
	last := -1
	if i := j.Item(key); i != nil {
		last = i.chunk
	}
	head, err := json.Marshal(j.Head)
	if err != nil {
		return nil, fmt.Errorf("encoding rotation %s: %w", j.ID, err)
	}
	var before, after []Written
	for n := range j.Chunks {
		row := Written{Key: ChunkKey(j.ID, n)}
		if !j.touched[n] && had[row.Key] != nil {
			continue
		}
		if row.Data, err = j.row(n); err != nil {
			return nil, err
		}
		switch {
		case bytes.Equal(had[row.Key], row.Data):
			delete(j.touched, n)
		case n == last:
			after = append(after, row)
		default:
			before = append(before, row)
		}
	}
	if !bytes.Equal(had[j.ID], head) {
		before = append(before, Written{j.ID, head})
	}
	return append(before, after...), nil
}

// row encodes one row of items.
func (j *Journal) row(n int) ([]byte, error) {
	c := chunk{Version: version, Items: []*Item{}}
	for _, i := range j.Items {
		if i.chunk == n {
			c.Items = append(c.Items, i)
		}
	}
	b, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encoding %s: %w", ChunkKey(j.ID, n), err)
	}
	return b, nil
}

// Load decodes the rows of an operation. One that is missing, broken or newer is an error of kind fault.Denied: half a journal is
// not worked with.
func Load(id string, rows map[string][]byte) (*Journal, error) {
	j := &Journal{}
	if err := json.Unmarshal(rows[id], &j.Head); err != nil {
		return nil, fault.Unreadable("reading rotation %s: its head is no journal: %v", id, err)
	}
	if err := j.Readable(); err != nil {
		return nil, err
	}
	for n := range j.Chunks {
		var c chunk
		key := ChunkKey(id, n)
		if err := json.Unmarshal(rows[key], &c); err != nil {
			return nil, fault.Unreadable("reading rotation %s: row %s is missing or broken", id, key)
		}
		if c.Version > version {
			return nil, fault.Unreadable("reading rotation %s: row %s is of a newer version: upgrade this program", id, key)
		}
		for _, i := range c.Items {
			i.chunk = n
			j.Items = append(j.Items, i)
		}
	}
	slices.SortStableFunc(j.Items, func(a, b *Item) int { return a.Order - b.Order })
	return j, nil
}
