package reach

import "encoding/json"

// List is what was read of a collection, or the knowledge that it was not read. The zero List is unknown, which is
// something else than empty. In JSON unknown is null. It is what package remedy has, which stands behind this one.
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

// Answer is the answer to a question about what happened or could have.
type Answer string

// The answers. The zero Answer is no answer and is never given.
const (
	Yes     Answer = "yes"
	No      Answer = "no"
	Unknown Answer = "unknown"
)

// or is yes if one of two is, else unknown if one of two is.
func (a Answer) or(b Answer) Answer {
	switch {
	case a == Yes || b == Yes:
		return Yes
	case a == Unknown || b == Unknown:
		return Unknown
	}
	return No
}
