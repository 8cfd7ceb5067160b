// Package amqp encodes and decodes the AMQP 1.0 types (OASIS AMQP 1.0, part 1) that Event Hubs clients use.
//
// Decoded values are plain Go values: nil, bool, the sized integers, float32 and float64, rune, time.Time, [16]byte,
// []byte, string, Symbol, List, Map and Described. Decode never panics: lengths are checked before they are used and
// nesting is bounded.
package amqp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"
)

// Symbol is a value from a constrained domain.
type Symbol string

// Described is a value with a descriptor.
type Described struct{ Descriptor, Value any }

// Pair is one entry of a Map.
type Pair struct{ Key, Value any }

// Map keeps its entries in order.
type Map []Pair

// List is a sequence of values of any type.
type List []any

// Symbols and Strings encode as arrays; arrays decode as List.
type (
	Symbols []Symbol
	Strings []string
)

// Get returns the value of a key that is a string or symbol, or nil.
func (m Map) Get(key string) any {
	for _, p := range m {
		if Text(p.Key) == key && p.Key != nil {
			return p.Value
		}
	}
	return nil
}

// Text returns a string or symbol as a string, and "" for everything else.
func Text(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case Symbol:
		return string(x)
	}
	return ""
}

// At returns a field of a list, and nil beyond its end: trailing fields may be left out.
func (l List) At(i int) any {
	if i < len(l) {
		return l[i]
	}
	return nil
}

// Uint32 returns a field as uint32, or 0.
func (l List) Uint32(i int) uint32 {
	v, _ := l.At(i).(uint32)
	return v
}

// Bool returns a field as bool, or false.
func (l List) Bool(i int) bool {
	v, _ := l.At(i).(bool)
	return v
}

// Text returns a field as text, or "".
func (l List) Text(i int) string { return Text(l.At(i)) }

var (
	// ErrShort says that a value is cut off.
	ErrShort = errors.New("amqp: the value is cut off")
	errDeep  = errors.New("amqp: nested too deeply")
)

const maxDepth = 32

var be = binary.BigEndian

// Size returns the encoded length of the value at the head of b.
func Size(b []byte) (int, error) { return size(b, 0) }

func size(b []byte, depth int) (int, error) {
	if len(b) == 0 {
		return 0, ErrShort
	}
	if depth > maxDepth {
		return 0, errDeep
	}
	if b[0] == 0 { // a descriptor and a value
		n, err := size(b[1:], depth+1)
		if err != nil {
			return 0, err
		}
		m, err := size(b[1+n:], depth+1)
		return 1 + n + m, err
	}
	n, err := width(b)
	if err != nil {
		return 0, err
	}
	if n > len(b) {
		return 0, ErrShort
	}
	return n, nil
}

// fixed are the widths of the fixed-width categories 0x4 to 0x9, constructor included.
var fixed = [...]int{4: 1, 5: 2, 6: 3, 7: 5, 8: 9, 9: 17}

func width(b []byte) (int, error) {
	switch category := b[0] >> 4; category {
	case 4, 5, 6, 7, 8, 9:
		return fixed[category], nil
	case 0xa, 0xc, 0xe:
		if len(b) < 2 {
			return 0, ErrShort
		}
		return 2 + int(b[1]), nil
	case 0xb, 0xd, 0xf:
		if len(b) < 5 {
			return 0, ErrShort
		}
		n := be.Uint32(b[1:])
		if n > math.MaxInt32 {
			return 0, ErrShort
		}
		return 5 + int(n), nil
	}
	return 0, fmt.Errorf("amqp: unknown constructor 0x%02x", b[0])
}

// Decode returns the value at the head of b and what follows it. Binaries point into b.
func Decode(b []byte) (value any, rest []byte, err error) { return decode(b, 0) }

func decode(b []byte, depth int) (any, []byte, error) {
	if depth > maxDepth {
		return nil, nil, errDeep
	}
	n, err := size(b, depth)
	if err != nil {
		return nil, nil, err
	}
	head, rest := b[:n], b[n:]
	if head[0] != 0 {
		v, err := primitive(head[0], head[1:], depth)
		return v, rest, err
	}
	descriptor, tail, err := decode(head[1:], depth+1)
	if err != nil {
		return nil, nil, err
	}
	v, _, err := decode(tail, depth+1)
	return Described{descriptor, v}, rest, err
}

func primitive(c byte, d []byte, depth int) (any, error) {
	switch c >> 4 {
	case 4, 5, 6, 7, 8, 9:
		return scalar(c, d)
	case 0xa, 0xb:
		return variable(c, d)
	}
	return compound(c, d, depth)
}

func scalar(c byte, d []byte) (any, error) {
	switch c {
	case 0x40:
		return nil, nil
	case 0x41:
		return true, nil
	case 0x42:
		return false, nil
	case 0x43:
		return uint32(0), nil
	case 0x44:
		return uint64(0), nil
	case 0x45:
		return List{}, nil
	case 0x50:
		return d[0], nil
	case 0x51:
		return int8(d[0]), nil
	case 0x52:
		return uint32(d[0]), nil
	case 0x53:
		return uint64(d[0]), nil
	case 0x54:
		return int32(int8(d[0])), nil
	case 0x55:
		return int64(int8(d[0])), nil
	case 0x56:
		return d[0] != 0, nil
	case 0x60:
		return be.Uint16(d), nil
	case 0x61:
		return int16(be.Uint16(d)), nil
	case 0x70:
		return be.Uint32(d), nil
	case 0x71:
		return int32(be.Uint32(d)), nil
	case 0x72:
		return math.Float32frombits(be.Uint32(d)), nil
	case 0x73:
		return rune(be.Uint32(d)), nil
	case 0x80:
		return be.Uint64(d), nil
	case 0x81:
		return int64(be.Uint64(d)), nil
	case 0x82:
		return math.Float64frombits(be.Uint64(d)), nil
	case 0x83:
		return time.UnixMilli(int64(be.Uint64(d))).UTC(), nil
	case 0x98:
		return [16]byte(d), nil
	}
	return nil, fmt.Errorf("amqp: unsupported type 0x%02x", c)
}

func variable(c byte, d []byte) (any, error) {
	d = d[1:]
	if c>>4 == 0xb {
		d = d[3:]
	}
	switch c & 0xf {
	case 0:
		return d, nil
	case 1:
		return string(d), nil
	case 3:
		return Symbol(d), nil
	}
	return nil, fmt.Errorf("amqp: unsupported type 0x%02x", c)
}

// compound reads lists, maps and arrays: a size, a count, and the elements.
func compound(c byte, d []byte, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errDeep
	}
	w := 1
	if c&0x10 != 0 {
		w = 4
	}
	if len(d) < 2*w {
		return nil, ErrShort
	}
	count := int(d[w])
	if w == 4 {
		count = int(be.Uint32(d[4:]) & math.MaxInt32)
	}
	d = d[2*w:]
	if count > len(d) && c>>4 < 0xe || count > 1<<16 {
		return nil, ErrShort
	}
	if c>>4 >= 0xe {
		return array(d, count, depth)
	}
	items := make(List, count)
	var err error
	for i := range items {
		if items[i], d, err = decode(d, depth+1); err != nil {
			return nil, err
		}
	}
	if c&0xf != 1 {
		return items, nil
	}
	m := make(Map, 0, count/2)
	for i := 0; i+1 < count; i += 2 {
		m = append(m, Pair{items[i], items[i+1]})
	}
	return m, nil
}

// array reads elements that share one constructor.
func array(d []byte, count, depth int) (any, error) {
	if len(d) == 0 {
		return nil, ErrShort
	}
	c := d[0]
	if c == 0 || c>>4 == 4 {
		return nil, errors.New("amqp: arrays of described values, or of values without a width, are not supported")
	}
	d = d[1:]
	items := make(List, 0, min(count, len(d)+1))
	for range count {
		element := append([]byte{c}, d[:min(len(d), 4)]...)
		n, err := width(element)
		if err != nil {
			return nil, err
		}
		if n-1 > len(d) {
			return nil, ErrShort
		}
		v, err := primitive(c, d[:n-1], depth+1)
		if err != nil {
			return nil, err
		}
		items, d = append(items, v), d[n-1:]
	}
	return items, nil
}
