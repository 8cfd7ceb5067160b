package rival

import (
	"math/bits"
	"slices"

	"rekey/shared/event"
)

// crowd gives every principal a small number, in the order of appearance.
type crowd map[uint64]int32

// number returns the principal's number and whether it is known; with make it becomes known.
func (c crowd) number(e *event.Event, make bool) (int32, bool) {
	k := hash(e.Principal.Key())
	n, known := c[k]
	if !known && make {
		n = int32(len(c))
		c[k] = n
	}
	return n, known
}

// few is how many values a table looks through one by one. Nine principals in ten show fewer of a property, and a
// scan of that many numbers costs less than a map's hash.
const few = 12

// table keeps something about each value. Pointers it returns are good until the next value is added.
type table[T any] struct {
	values []uint64
	about  []T
	index  map[uint64]int32 // nil while there are few values
}

// find returns what is kept about a value, nil for nothing.
func (t *table[T]) find(value uint64) *T {
	if t.index != nil {
		if i, ok := t.index[value]; ok {
			return &t.about[i]
		}
		return nil
	}
	for i, v := range t.values {
		if v == value {
			return &t.about[i]
		}
	}
	return nil
}

// add returns what is kept about a value and whether it was made now, since there was nothing.
func (t *table[T]) add(value uint64) (about *T, made bool) {
	if a := t.find(value); a != nil {
		return a, false
	}
	var zero T
	t.values, t.about = append(t.values, value), append(t.about, zero)
	switch {
	case t.index != nil:
		t.index[value] = int32(len(t.values) - 1)
	case len(t.values) > few:
		t.index = make(map[uint64]int32, 4*few)
		for i, v := range t.values {
			t.index[v] = int32(i)
		}
	}
	return &t.about[len(t.about)-1], true
}

// place returns where a value's entry is, and makes it when there is none. Places do not change.
func (t *table[T]) place(value uint64) int32 {
	if _, made := t.add(value); made {
		return int32(len(t.values) - 1)
	}
	if t.index != nil {
		return t.index[value]
	}
	return int32(slices.Index(t.values, value))
}

// hash folds a text into 64 bits, the same in every process; 0 only for the empty text.
func hash(text string) uint64 {
	if text == "" {
		return 0
	}
	h := uint64(len(text))
	for ; len(text) >= 8; text = text[8:] {
		h = mix(h, uint64(text[0])|uint64(text[1])<<8|uint64(text[2])<<16|uint64(text[3])<<24|
			uint64(text[4])<<32|uint64(text[5])<<40|uint64(text[6])<<48|uint64(text[7])<<56)
	}
	var last uint64
	for i := range len(text) {
		last |= uint64(text[i]) << (8 * i)
	}
	return mix(h, last)
}

// mix folds two numbers into one that is not 0, by the two halves of a product.
func mix(a, b uint64) uint64 {
	high, low := bits.Mul64(a^0x9e3779b97f4a7c15, b^0xe7037ed1a0b428db)
	return max(high^low, 1)
}
