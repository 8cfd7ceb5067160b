// Package store says what Rekey needs of a place to keep state: rows with optimistic concurrency, append-only and
// whole blobs, and doorbells.
//
// There are two implementations: package azure/tables, azure/blobs and azure/queues for production and package
// memory for `rekey scan` and unit tests. Package storetest is the contract both pass.
//
// Rows hold the truth. A doorbell only says "look at the rows of this id now": losing, doubling or delaying one never
// changes the end, because the sweep function rings again.
package store

import (
	"context"
	"net/url"
	"strings"

	"rekey/shared/fault"
)

// Row is one entity of a table. Data is opaque to the store: at most MaxData bytes.
type Row struct {
	Partition string
	Key       string
	ETag      string // the version that was read; empty for a row that must not exist yet
	Data      []byte
}

// Limits of a row. Keys are measured as they are stored (see EscapeKey): the service allows 512 characters.
const (
	MaxData = 256 << 10
	MaxKey  = 500
)

// Check returns an error of kind fault.Limit for a row that cannot be stored.
func (r Row) Check() error {
	for _, key := range []string{r.Partition, r.Key} {
		if n := len(EscapeKey(key)); n == 0 || n > MaxKey {
			return fault.Errorf(fault.Limit, "writing row %.40q: a key of 1 to %d bytes is needed, one has %d", r.Key, MaxKey, n)
		}
	}
	if len(r.Data) > MaxData {
		return fault.Errorf(fault.Limit, "writing row %.40q: %d bytes of data, at most %d", r.Key, len(r.Data), MaxData)
	}
	return nil
}

// Table is one table. Partition and key may be any string that is not empty and at most MaxKey bytes when escaped.
//
// Errors carry a kind of package fault: NotFound, Conflict (the ETag no longer matches, or the row exists already),
// Limit (data too large), Denied, Transient.
type Table interface {
	// Get returns one row, or an error of kind NotFound.
	Get(ctx context.Context, partition, key string) (Row, error)
	// List returns rows of a partition in key order, from key `from` on (inclusive), at most limit of them.
	// more is the key to continue from, or "" at the end.
	List(ctx context.Context, partition, from string, limit int) (rows []Row, more string, err error)
	// Scan calls yield for every row of every partition, in no promised order, until yield returns false.
	Scan(ctx context.Context, yield func(Row) bool) error
	// Put inserts the row (ETag empty) or replaces the version named by ETag, and returns the new ETag.
	Put(ctx context.Context, row Row) (etag string, err error)
	// Delete removes the version named by ETag. A row that is gone already is success.
	Delete(ctx context.Context, row Row) error
}

// Blobs is one container. Names may contain slashes.
type Blobs interface {
	// Write stores a whole blob, replacing one of the same name.
	Write(ctx context.Context, name string, data []byte) error
	// Read returns a whole blob, or an error of kind NotFound.
	Read(ctx context.Context, name string) ([]byte, error)
	// Append adds data at position at, which must be the blob's present length (0 creates it). An error of kind
	// Conflict says that the blob has another length.
	Append(ctx context.Context, name string, at int64, data []byte) error
	// List returns the names with a prefix, in order.
	List(ctx context.Context, prefix string) ([]string, error)
}

// Bell rings for one queue. The message is an id, never content; at most 1 KiB.
type Bell interface {
	Ring(ctx context.Context, id string) error
}

// EscapeKey makes s usable as a partition or row key of Azure Table storage, which forbids / \ # ? and control
// characters. It is reversible with UnescapeKey and keeps the order of plain ASCII ids.
func EscapeKey(s string) string {
	if !strings.ContainsFunc(s, forbidden) {
		return s
	}
	var b strings.Builder
	for _, c := range []byte(s) {
		if forbidden(rune(c)) {
			b.WriteString("%" + strings.ToUpper(hexByte(c)))
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// UnescapeKey is the inverse of EscapeKey. A key that was not made by EscapeKey comes back as it is.
func UnescapeKey(s string) string {
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s
}

func forbidden(r rune) bool {
	return r == '/' || r == '\\' || r == '#' || r == '?' || r == '%' || r < 0x20 || r >= 0x7f
}

func hexByte(c byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[c>>4], digits[c&15]})
}
