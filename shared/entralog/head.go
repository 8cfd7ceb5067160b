package entralog

import "rekey/shared/event"

// head is what the fast path gathers of a record: the top-level members, and the properties of a sign-in.
type head struct {
	text   [texts]string
	inline bool   // a sign-in whose properties were read
	bad    string // name of a needed member of the wrong type
	trace  *trace // what was read where, when shapes are learned; else nil
}

// read passes over a record, or an object in it, once. Properties are read in place when the category, which comes
// first in real records, says that it is a sign-in; otherwise they are skipped and the record is read as a tree.
func (h *head) read(s *scanner, in object) {
	for ok := s.enter('{', '}'); ok; ok = s.more('}') {
		name := s.key()
		f := fieldOf(in, name)
		c, begin := s.space(), s.i
		if h.nested(s, f, c) {
			continue
		}
		text, counts := h.value(s, f)
		if counts {
			h.set(f, text)
		}
		if h.trace != nil && s.err == nil {
			h.trace.value(s.b, step{name: memberName{in, name}, field: f, begin: begin, end: s.i, text: text, counts: counts})
		}
	}
}

// set keeps a text; the last one of a field counts. An empty country in the properties does not replace the record's.
func (h *head) set(f field, text string) {
	if f == country {
		if text == "" {
			return
		}
		f = region
	}
	h.text[f] = text
}

// kind is the kind of sign-in that the category names so far, or 0.
func (h *head) kind() event.Kind {
	switch h.text[category] {
	case "ServicePrincipalSignInLogs":
		return event.KindSignIn
	case "ManagedIdentitySignInLogs":
		return event.KindManagedIdentitySignIn
	case "SignInLogs", "NonInteractiveUserSignInLogs":
		return event.KindUserSignIn
	}
	return 0
}

// value reads a value that holds no fields of its own. It reports whether the text counts.
func (h *head) value(s *scanner, f field) (text string, counts bool) {
	switch {
	case f == skipped || f >= texts || f == category && s.space() != '"':
		s.skip()
		return "", false
	case needed[f] != "":
		text, ok := s.optional()
		if !ok && h.bad == "" {
			h.bad = needed[f]
		}
		return text, true
	}
	return s.loose(), true
}

// nested reads a value that begins with c if it holds fields of its own, and reports whether it does.
func (h *head) nested(s *scanner, f field, c byte) bool {
	switch {
	case f == place && c == '{':
		h.read(s, inPlace)
	case f == status && c == '{':
		h.read(s, inStatus)
	case f == details && c == '[':
		h.list(s, f, inDetail)
	case f == locations && c == '[':
		h.list(s, f, inLocation)
	case f == properties && c == '{' && h.enter():
		h.trace.mark(properties, s.i)
		h.read(s, inProperties)
	default:
		return false
	}
	return true
}

// enter is what opening the properties means. It reports whether they can be read.
func (h *head) enter() bool {
	h.inline = h.inline || h.kind() != 0
	return h.kind() != 0
}

// list reads a list of objects: the authentication details, or the named locations.
func (h *head) list(s *scanner, f field, in object) {
	for ok := s.enter('[', ']'); ok; ok = s.more(']') {
		if s.space() != '{' {
			s.skip()
			continue
		}
		h.read(s, in)
		h.ended(f)
		h.trace.mark(f, s.i)
	}
}

// ended is what the end of one of a list's objects means.
func (h *head) ended(f field) {
	if f == locations {
		h.location()
		return
	}
	h.detail()
}

// location finds out whether a named location, {"networkType":...,"networkNames":[...]}, is one that the tenant trusts.
func (h *head) location() {
	if h.text[networkType] == trustedLocation {
		h.text[trusted] = trustedLocation
	}
	h.text[networkType] = ""
}

const trustedLocation = "trustedNamedLocation"

// detail finds the authentication library among {"key":...,"value":...}.
func (h *head) detail() {
	if h.text[libraryKey] == "Azure AD App Authentication Library" && h.text[libraryValue] != "" {
		h.text[library] = h.text[libraryValue]
	}
	h.text[libraryKey], h.text[libraryValue] = "", ""
}
