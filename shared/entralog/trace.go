package entralog

import (
	"strconv"
	"strings"
)

const (
	maxSteps  = 256  // values of one record
	maxNested = 4096 // bytes of a value that is not used and looked into
)

// trace is what the plain path read in a record, in order.
type trace struct {
	steps []step
	full  bool
	odd   bool // an envelope may begin like this record, or properties were skipped, which depends on what came before
}

// step is a value that was read, or a mark: that the properties begin, or that an object of a list ends.
type step struct {
	name   memberName
	field  field
	mark   bool
	begin  int
	end    int
	text   string
	counts bool
}

func (t *trace) reset() {
	clear(t.steps) // they point into the message
	t.steps, t.full, t.odd = t.steps[:0], false, false
}

func (t *trace) add(s step) {
	if len(t.steps) == maxSteps {
		t.full = true
		return
	}
	t.steps = append(t.steps, s)
}

// mark notes what a bracket meant.
func (t *trace) mark(f field, at int) {
	if t != nil {
		t.add(step{field: f, mark: true, begin: at, end: at})
	}
}

// value notes a value.
func (t *trace) value(b []byte, s step) {
	n := s.name.name
	envelope := len(t.steps) == 0 && (strings.HasPrefix(n, "@") || n == "records" || n == "value" || n == "tables")
	if envelope || s.field == properties {
		t.odd = true
	}
	if s.field == skipped && (b[s.begin] == '{' || b[s.begin] == '[') && s.end-s.begin <= maxNested {
		kept := len(t.steps)
		inner := scanner{b: b[:s.end], i: s.begin}
		t.inside(&inner, strconv.Itoa(int(s.name.in))+strconv.Quote(n))
		if inner.err == nil && inner.i == s.end {
			return
		}
		t.steps = t.steps[:kept] // skipping is not strict about such a value, so it is taken as a whole
	}
	t.add(s)
}

// inside notes the values within a value that is not used. Quoted names keep paths apart, whatever the names are.
func (t *trace) inside(s *scanner, path string) {
	switch s.space() {
	case '{':
		for ok := s.enter('{', '}'); ok; ok = s.more('}') {
			t.inside(s, path+strconv.Quote(s.key()))
		}
	case '[':
		for ok := s.enter('[', ']'); ok; ok = s.more(']') {
			t.inside(s, path+"[]")
		}
	default:
		begin := s.i
		s.skip()
		t.add(step{name: memberName{inSkipped, path}, begin: begin, end: s.i})
	}
}
