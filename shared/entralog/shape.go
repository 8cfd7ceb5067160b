package entralog

// Records of one log look alike: the same members in the same order, most values the same, one exporter's white space.
// So shapes remember the texts that were seen between the values that differ. A record is then read by comparing long
// spans at once, and looking only at what is behind them.
//
// This is exact, and not a guess. What the plain path (head.read) does next depends only on where in the record it is,
// on what it gathered, and on the bytes that follow. A span that followed a member's value once is therefore understood
// in the same way wherever it follows that member's value again; its exit says what was understood. Whatever follows and
// is not known yet, or is damaged, is read by the plain path, from the beginning of the record.

// shapes are what a Decoder learned of the records it read.
type shapes struct {
	members map[memberName]*member
	start   member // stands for the place before a record
	bytes   int    // in the texts of exits
	spent   int    // on learning, less what was earned: see price
	trace   trace
}

// memberName is a member's name within a kind of object; within values that are not used, it is the whole path.
type memberName struct {
	in   object
	name string
}

// member is a member of a record, and what was seen behind its value.
type member struct {
	field  field
	varies bool     // it has too many different values to remember, or too long ones
	values []string // the values seen, as they stood in the record, until it varies
	exits  []*exit
}

// exit is a span of text behind a member's value, up to the value of the next member that varies.
type exit struct {
	text   string
	means  []meaning
	to     *member // whose value comes next; nil at the end of the record
	quoted bool    // the text ends with the opening quote of a string
	most   *member // which member within the text has the most values
}

// meaning is something in the span that counts: a text of a field, that the properties begin, that an object of a list ends.
type meaning struct {
	field field
	text  string
}

// match reads a record that consists of known spans. If it reports false, the scanner stands anywhere and the head is
// of no use.
func (t *shapes) match(s *scanner, h *head) bool {
	at := &t.start
	for {
		x := at.follow(s.b[s.i:])
		if x == nil || !h.understand(x.means) {
			return false
		}
		s.i += len(x.text)
		if at = x.to; at == nil {
			return true
		}
		if !x.quoted {
			h.any(s, at.field)
		} else {
			h.quoted(s, at.field)
		}
		if s.err != nil {
			return false
		}
	}
}

// follow finds the exit that b begins with. The ones that are taken more often move to the front.
func (m *member) follow(b []byte) *exit {
	for i, x := range m.exits {
		if len(x.text) <= len(b) && string(b[:len(x.text)]) == x.text {
			if i > 0 {
				m.exits[i-1], m.exits[i] = x, m.exits[i-1]
			}
			return x
		}
	}
	return nil
}

// understand takes in what a span means. It reports false where the plain path would have read it otherwise.
func (h *head) understand(means []meaning) bool {
	for i := range means {
		switch m := &means[i]; m.field {
		case properties:
			if !h.enter() {
				return false
			}
		case details, locations:
			h.ended(m.field)
		default:
			h.set(m.field, m.text)
		}
	}
	return true
}

// quoted reads the rest of a string whose opening quote was passed.
func (h *head) quoted(s *scanner, f field) {
	begin := s.i
	end := s.end(begin)
	switch {
	case end < len(s.b) && s.b[end] == '"':
		s.i = end + 1
		h.set(f, view(s.b[begin:end]))
	case f == skipped || f >= texts:
		s.i = begin - 1
		s.skipString()
	default:
		h.set(f, s.escaped(begin, end))
	}
}

// any reads a value as the plain path does.
func (h *head) any(s *scanner, f field) {
	if h.nested(s, f, s.space()) {
		return
	}
	if text, counts := h.value(s, f); counts {
		h.set(f, text)
	}
}
