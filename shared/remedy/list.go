package remedy

import "encoding/json"

// List is what was read of a collection, or the knowledge that it was not read. The zero List is unknown, which is
// something else than empty: what was not looked at must never be taken for "none". In JSON unknown is null.
type List[T any] struct {
	Known bool
	Items []T
}

// ListOf makes a known list of items; without any it is known to be empty.
func ListOf[T any](items ...T) List[T] { return List[T]{Known: true, Items: items} }

// MarshalJSON writes null for what is unknown.
func (l List[T]) MarshalJSON() ([]byte, error) {
	switch {
	case !l.Known:
		return []byte("null"), nil
	case l.Items == nil:
		return []byte("[]"), nil
	}
	return json.Marshal(l.Items)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (l *List[T]) UnmarshalJSON(b []byte) error {
	*l = List[T]{}
	if string(b) == "null" {
		return nil
	}
	l.Known = true
	return json.Unmarshal(b, &l.Items)
}

// IsZero lets omitzero leave out what is unknown.
func (l List[T]) IsZero() bool { return !l.Known }
