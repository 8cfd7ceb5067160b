package entralog

import (
	"encoding/binary"
	"math/bits"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"

	"rekey/shared/fault"
)

// maxDepth bounds nesting.
const maxDepth = 512

// scanner reads JSON front to back. The first error sticks: after it every method returns zero values, so that code
// reads straight and asks once at the end.
type scanner struct {
	b   []byte
	i   int
	err error
	// text holds unescaped strings. It only grows: strings handed out point into it.
	text []byte
}

func (s *scanner) fail(what string) {
	if s.err == nil {
		s.err = fault.Errorf(fault.Poison, "reading JSON at byte %d: %s", s.i, what)
	}
	s.i = len(s.b)
}

// space skips white space and returns the next byte, or 0 at the end.
func (s *scanner) space() byte {
	for s.i < len(s.b) {
		if c := s.b[s.i]; c > ' ' {
			return c
		} else if c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			s.fail("a control character between values")
			return 0
		}
		s.i++
	}
	return 0
}

// enter consumes an opening bracket and reports whether there is a first element.
func (s *scanner) enter(open, closing byte) bool {
	if s.space() != open {
		s.fail("expected " + string(open))
		return false
	}
	s.i++
	if s.space() == closing {
		s.i++
		return false
	}
	return s.err == nil
}

// more consumes a comma or the closing bracket and reports whether there is another element.
func (s *scanner) more(closing byte) bool {
	switch s.space() {
	case ',':
		s.i++
		return true
	case closing:
		s.i++
		return false
	}
	s.fail("expected , or " + string(closing))
	return false
}

// key reads a member's name and its colon. Names with escapes are unescaped.
func (s *scanner) key() string {
	k := s.str()
	if s.space() != ':' {
		s.fail("expected a colon after a name")
		return ""
	}
	s.i++
	return k
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

// end returns the offset of the first quote, backslash or control character from i on.
func (s *scanner) end(i int) int {
	for i+8 <= len(s.b) {
		n := stop(binary.LittleEndian.Uint64(s.b[i:]))
		i += n
		if n < 8 {
			return i
		}
	}
	for i < len(s.b) && s.b[i] != '"' && s.b[i] != '\\' && s.b[i] >= 0x20 {
		i++
	}
	return i
}

// str reads a string. Without escapes it points into the message.
func (s *scanner) str() string {
	if s.space() != '"' {
		s.fail("expected a string")
		return ""
	}
	begin := s.i + 1
	end := s.end(begin)
	if end < len(s.b) && s.b[end] == '"' {
		s.i = end + 1
		return view(s.b[begin:end])
	}
	return s.escaped(begin, end)
}

// view makes a string of bytes that nobody changes any more.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// escaped reads the rest of a string from its first escape on, into the text buffer.
func (s *scanner) escaped(begin, end int) string {
	if cap(s.text)-len(s.text) < 4096 {
		s.text = make([]byte, 0, 64<<10) // the old one lives as long as strings point into it
	}
	from := len(s.text)
	for {
		s.text = append(s.text, s.b[begin:end]...)
		if end >= len(s.b) || s.b[end] < 0x20 {
			s.i = min(end, len(s.b))
			s.fail("a string that does not end")
			return ""
		}
		if s.b[end] == '"' {
			s.i = end + 1
			return view(s.text[from:])
		}
		s.i = end + 1
		if !s.unescape() {
			return ""
		}
		begin = s.i
		end = s.end(begin)
	}
}

// unescape appends what one escape sequence means; the backslash was consumed.
func (s *scanner) unescape() bool {
	if s.i >= len(s.b) {
		s.fail("a string that does not end")
		return false
	}
	c := s.b[s.i]
	s.i++
	switch c {
	case '"', '\\', '/':
		s.text = append(s.text, c)
	case 'b':
		s.text = append(s.text, '\b')
	case 'f':
		s.text = append(s.text, '\f')
	case 'n':
		s.text = append(s.text, '\n')
	case 'r':
		s.text = append(s.text, '\r')
	case 't':
		s.text = append(s.text, '\t')
	case 'u':
		r, ok := s.hex4(s.i)
		if !ok {
			s.fail("a bad \\u escape")
			return false
		}
		s.i += 4
		if utf16.IsSurrogate(r) {
			r = s.surrogate(r)
		}
		s.text = utf8.AppendRune(s.text, r)
	default:
		s.fail("a bad escape")
		return false
	}
	return true
}

// surrogate reads the second half of a pair; a lone half becomes U+FFFD.
func (s *scanner) surrogate(high rune) rune {
	if s.i+6 > len(s.b) || s.b[s.i] != '\\' || s.b[s.i+1] != 'u' {
		return utf8.RuneError
	}
	low, ok := s.hex4(s.i + 2)
	r := utf16.DecodeRune(high, low)
	if ok && r != utf8.RuneError {
		s.i += 6
	}
	return r
}

func (s *scanner) hex4(at int) (rune, bool) {
	if at+4 > len(s.b) {
		return 0, false
	}
	n, err := strconv.ParseUint(view(s.b[at:at+4]), 16, 32)
	return rune(n), err == nil && s.b[at] != '+' && s.b[at] != '-'
}

// skip passes over one value of any kind. Inside it only strings and the balance of brackets are looked at.
func (s *scanner) skip() {
	switch c := s.space(); c {
	case '"':
		s.skipString()
	case '{', '[':
		s.skipNested()
	case '}', ']', ',', ':', 0:
		s.fail("expected a value")
	default:
		s.scalar()
	}
}

func (s *scanner) skipNested() {
	depth := 0
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case '"':
			s.skipString()
			continue
		case '{', '[':
			if depth++; depth > maxDepth {
				s.fail("nested too deeply")
				return
			}
		case '}', ']':
			if depth--; depth == 0 {
				s.i++
				return
			}
		}
		s.i++
	}
	s.fail("brackets that do not close")
}

func (s *scanner) skipString() {
	for i := s.end(s.i + 1); i < len(s.b); i = s.end(i + 2) {
		if s.b[i] == '"' {
			s.i = i + 1
			return
		}
		if s.b[i] != '\\' || i+2 > len(s.b) {
			break
		}
	}
	s.fail("a string that does not end")
}

// scalar returns the text of a number or literal.
func (s *scanner) scalar() string {
	begin := s.i
	for s.i < len(s.b) {
		switch c := s.b[s.i]; {
		case c <= ' ', c == ',', c == '}', c == ']', c == ':', c == '"', c == '{', c == '[':
			return s.literal(begin)
		}
		s.i++
	}
	return s.literal(begin)
}

// literal checks what scalar found.
func (s *scanner) literal(begin int) string {
	t := view(s.b[begin:s.i])
	if t == "null" || t == "true" || t == "false" {
		return t
	}
	if t == "" || t[0] != '-' && (t[0] < '0' || t[0] > '9') {
		s.i = begin
		s.fail("expected a value")
		return ""
	}
	return t
}

// raw returns the bytes of one value.
func (s *scanner) raw() []byte {
	s.space()
	begin := s.i
	s.skip()
	if s.err != nil {
		return nil
	}
	return s.b[begin:s.i:s.i]
}

// optional reads a string, or null and values of other types as "". It reports whether it was a string or null.
func (s *scanner) optional() (text string, ok bool) {
	if s.space() == '"' {
		return s.str(), true
	}
	return "", string(s.raw()) == "null"
}

// loose reads a string or the text of a number; null and everything else is "".
func (s *scanner) loose() string {
	switch c := s.space(); {
	case c == '"':
		return s.str()
	case c == '-' || c >= '0' && c <= '9':
		return s.scalar()
	}
	s.skip()
	return ""
}
