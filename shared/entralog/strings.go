package entralog

import (
	"encoding/binary"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// end returns the offset of the first quote, backslash or control character from i on.
func (s *scanner) end(i int) int {
	b := s.b[i:]
	for ; len(b) >= 16; b = b[16:] { // two words at a time keep the processor busy
		a, z := ends(binary.LittleEndian.Uint64(b)), ends(binary.LittleEndian.Uint64(b[8:]))
		if a|z == 0 {
			continue
		}
		at := len(s.b) - len(b)
		if a == 0 {
			return at + 8 + first(z)
		}
		return at + first(a)
	}
	for i = len(s.b) - len(b); i < len(s.b) && s.b[i] != '"' && s.b[i] != '\\' && s.b[i] >= 0x20; {
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

// room sees to it that n bytes more fit into the text buffer. The old one lives as long as strings point into it.
func (s *scanner) room(n int) {
	if cap(s.text)-len(s.text) < n {
		s.text = make([]byte, 0, max(n, 64<<10))
	}
}

// escaped reads the rest of a string from its first escape on, into the text buffer.
func (s *scanner) escaped(begin, end int) string {
	s.room(4096)
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
