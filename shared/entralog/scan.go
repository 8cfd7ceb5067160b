package entralog

import "rekey/shared/fault"

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
