package entralog

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// Eight bytes are looked at together, in one word: a test sets the highest bit of each byte that passes.

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// ends marks quotes, backslashes and control characters. The first mark is exact; those behind it may be wrong, because
// subtractions borrow. Exchanging the quote (0x22) and the space (0x20) puts the quote behind the control characters, so
// that one comparison finds both.
func ends(w uint64) uint64 {
	quote, slash := w^ones*('"'^' '), w^ones*'\\'
	return ((quote-ones*(' '+1))&^quote | (slash-ones)&^slash) & highs
}

// first returns the offset of the first marked byte.
func first(marks uint64) int { return bits.TrailingZeros64(marks) >> 3 }

// hasUpper reports whether there is an ASCII letter in upper case.
func hasUpper(s string) bool {
	if len(s) >= 8 {
		found := cased(word(s[len(s)-8:])) // the last words may overlap
		for rest := s; len(rest) >= 8; rest = rest[8:] {
			found |= cased(word(rest))
		}
		if found&(highs>>1) == 0 {
			return false
		}
	}
	for i := range len(s) {
		if s[i] >= 'A' && s[i] <= 'Z' {
			return true
		}
	}
	return false
}

// cased sets the second highest bit of bytes from @ to _: letters in upper case, and nothing else that ids are made of.
func cased(w uint64) uint64 { return w &^ (w << 1) }

// plain reports whether all bytes are printable ASCII.
func plain(s string) bool {
	if len(s) < 8 {
		return false // not worth it
	}
	odd := unprintable(word(s[len(s)-8:]))
	for ; len(s) >= 8; s = s[8:] {
		odd |= unprintable(word(s))
	}
	return odd&highs == 0
}

// unprintable sets the highest bit of bytes that are not.
func unprintable(w uint64) uint64 {
	low := w &^ highs // so that sums do not run over
	return w | ^(low + ones*(0x80-0x20)) | (low + ones)
}

// word returns the first eight bytes.
func word(s string) uint64 {
	return binary.LittleEndian.Uint64(unsafe.Slice(unsafe.StringData(s), 8))
}

// view makes a string of bytes that nobody changes any more.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
