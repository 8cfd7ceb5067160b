package entralog

import (
	"slices"
	"strings"
)

// Bounds of what is learned, so that no sender can make a decoder large or slow.
const (
	maxMembers = 256     // member names
	maxExits   = 16      // behind one member
	maxBytes   = 1 << 18 // in texts of exits; when they are full, all begin anew
	maxValues  = 8       // of a member that does not vary
	maxValue   = 256     // bytes of such a value
)

// Learning costs as much as reading a few records, so it is rationed: each record earns one credit, learning from one
// costs price. Traffic of ever new shapes is read by the plain path, nearly at its own pace.
const (
	price   = 16
	savings = 512 * price
)

// tracer returns the trace to learn a record from, or nil when learning is not earned.
func (t *shapes) tracer() *trace {
	if t.spent = max(0, t.spent-1); t.spent > savings {
		return nil
	}
	t.trace.reset()
	return &t.trace
}

// learn takes in the shape of the record b[begin:end], which was traced.
func (t *shapes) learn(b []byte, begin, end int) {
	t.spent += price
	tr := &t.trace
	if tr.full || tr.odd || !t.compare(b) {
		return
	}
	at, x, from := &t.start, &exit{}, begin
	for i := range tr.steps {
		s := &tr.steps[i]
		if s.mark {
			x.means = append(x.means, meaning{field: s.field})
			continue
		}
		m := t.members[s.name]
		if !m.varies {
			x.pass(m, s)
			continue
		}
		to := s.begin
		if x.quoted = b[to] == '"'; x.quoted {
			to++
		}
		x.to = m
		if !t.keep(at, x, b[from:to]) {
			return
		}
		at, x, from = m, &exit{}, s.end
	}
	t.keep(at, x, b[from:end])
}

// pass takes a value into the span.
func (x *exit) pass(m *member, s *step) {
	if s.counts {
		x.means = append(x.means, meaning{s.field, strings.Clone(s.text)})
	}
	if x.most == nil || len(m.values) > len(x.most.values) {
		x.most = m
	}
}

// compare finds out which values vary. It reports false when there are more members than are remembered.
func (t *shapes) compare(b []byte) bool {
	varied := false
	for i := range t.trace.steps {
		s := &t.trace.steps[i]
		if s.mark {
			continue
		}
		m := t.members[s.name]
		if m == nil {
			if m = t.add(s); m == nil {
				return false
			}
		}
		varied = m.see(b[s.begin:s.end]) || varied
	}
	if varied {
		t.forget()
	}
	return true
}

// add makes a member, or returns nil.
func (t *shapes) add(s *step) *member {
	if len(t.members) == maxMembers {
		return nil
	}
	if t.members == nil {
		t.members = map[memberName]*member{}
	}
	m := &member{field: s.field}
	t.members[memberName{s.name.in, strings.Clone(s.name.name)}] = m
	return m
}

// see takes in a value, and reports whether from now on the member varies.
func (m *member) see(value []byte) bool {
	if m.varies || slices.Contains(m.values, string(value)) {
		return false
	}
	if len(value) > maxValue || len(m.values) == maxValues {
		m.vary()
		return true
	}
	m.values = append(m.values, string(value))
	return false
}

func (m *member) vary() { m.varies, m.values = true, nil }

// keep adds an exit to a member. When there are too many, values that do not vary by themselves do so together; then the
// one of them with the most values varies from now on, all is forgotten, and keep reports false.
func (t *shapes) keep(m *member, x *exit, text []byte) bool {
	x.text = string(text)
	if slices.ContainsFunc(m.exits, func(y *exit) bool { return y.text == x.text }) {
		return true
	}
	if t.bytes += len(text); t.bytes > maxBytes {
		t.forget()
	}
	if last := len(m.exits) - 1; last+1 == maxExits {
		if x.most != nil && len(x.most.values) > 1 {
			x.most.vary()
			t.forget()
			return false
		}
		t.bytes -= len(m.exits[last].text)
		m.exits = m.exits[:last]
	}
	m.exits = append(m.exits, x)
	return true
}

// forget drops all exits; which values vary stays known.
func (t *shapes) forget() {
	t.start.exits, t.bytes = nil, 0
	for _, m := range t.members {
		m.exits = nil
	}
}
