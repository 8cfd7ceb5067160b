package logfile

import (
	"encoding/binary"
	"math/bits"
)

// maxDepth bounds nesting, like package entralog's.
const maxDepth = 512

// value returns the end of the value that begins at i. When it has none, at is the place where that was seen: the end
// of b when the value is only not finished.
func value(b []byte, i int, last bool) (end int, ok bool, at int) {
	switch c := b[i]; {
	case c == '{' || c == '[':
		return nested(b, i)
	case c == '"':
		return text(b, i)
	case c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z':
		return scalar(b, i, last)
	}
	return i, false, i
}

// scalar is a number, true, false or null; the end of b ends it only if nothing follows.
func scalar(b []byte, i int, last bool) (end int, ok bool, at int) {
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case c <= ' ', c == ',', c == '}', c == ']', c == ':', c == '"', c == '{', c == '[':
			return i, true, i
		}
	}
	return i, last, i
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// stop returns the offset of the first quote, backslash or control character in eight bytes, or 8.
func stop(w uint64) int {
	quote := w ^ ones*'"'
	slash := w ^ ones*'\\'
	found := (quote-ones)&^quote | (slash-ones)&^slash | (w-ones*0x20)&^w
	return bits.TrailingZeros64(found&highs) >> 3
}

// mark returns the offset of the first quote or bracket in eight bytes, or 8. The bit of 0x20 is all that tells brackets
// from braces.
func mark(w uint64) int {
	quote := w ^ ones*'"'
	opens := (w | ones*0x20) ^ ones*'{'
	closes := (w | ones*0x20) ^ ones*'}'
	found := (quote-ones)&^quote | (opens-ones)&^opens | (closes-ones)&^closes
	return bits.TrailingZeros64(found&highs) >> 3
}

// text returns the end of the string that begins at i.
func text(b []byte, i int) (end int, ok bool, at int) {
	i++
	for {
		for i+8 <= len(b) {
			n := stop(binary.LittleEndian.Uint64(b[i:]))
			i += n
			if n < 8 {
				break
			}
		}
		for i < len(b) && b[i] != '"' && b[i] != '\\' && b[i] >= ' ' {
			i++
		}
		switch {
		case i >= len(b):
			return i, false, len(b)
		case b[i] == '"':
			return i + 1, true, i
		case b[i] < ' ':
			return i, false, i
		}
		if i += 2; i > len(b) {
			return i, false, len(b)
		}
	}
}

// nested returns the end of the object or array that begins at i. It sees brackets that do not match and values that
// cannot stand where they stand: both are what a record that was cut off looks like, followed by the next one.
func nested(b []byte, i int) (end int, ok bool, at int) {
	depth := 0
	objects := uint64(0) // which of the open brackets are braces, the innermost lowest; the outermost 64 get lost
	deepest := 0
	for i < len(b) {
		for i+8 <= len(b) {
			n := mark(binary.LittleEndian.Uint64(b[i:]))
			i += n
			if n < 8 {
				break
			}
		}
		if i == len(b) {
			break
		}
		switch c := b[i]; c {
		case '"':
			end, ok, at := text(b, i)
			if !ok {
				return end, false, at
			}
			i = end
			continue
		case '{', '[':
			if depth > 0 && !mayOpen(b, i, objects) || depth == maxDepth {
				return i, false, i
			}
			depth++
			deepest = max(deepest, depth)
			objects = objects<<1 | uint64(c>>5&1)
		case '}', ']':
			if deepest <= 64 && objects&1 != uint64(c>>5&1) {
				return i, false, i
			}
			objects >>= 1
			if depth--; depth == 0 {
				return i + 1, true, i
			}
		}
		i++
	}
	return i, false, len(b)
}

// mayOpen reports whether a value may begin at i: in an object behind a colon, in an array behind a comma or at its
// beginning.
func mayOpen(b []byte, i int, objects uint64) bool {
	switch before(b, i) {
	case ':':
		return true
	case ',':
		return objects&1 == 0
	case '[':
		return true
	}
	return false
}
