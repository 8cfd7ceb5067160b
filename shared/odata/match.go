package odata

import (
	"slices"
	"strings"
	"time"
)

// Match reports whether an object matches; get returns the value of a property by name.
func (e *Expr) Match(get func(name string) Value) bool {
	if e == nil {
		return true
	}
	switch e.op {
	case "and":
		return !slices.ContainsFunc(e.kids, func(k *Expr) bool { return !k.Match(get) })
	case "or":
		return slices.ContainsFunc(e.kids, func(k *Expr) bool { return k.Match(get) })
	case "not":
		return !e.kids[0].Match(get)
	}
	v := get(e.name)
	switch e.op {
	case "eq", "in":
		return e.any(v)
	case "ne":
		return !e.any(v)
	}
	if !v.Set {
		return false
	}
	c := v.Time.Compare(e.values[0].Time)
	return e.op == "ge" && c >= 0 || e.op == "gt" && c > 0 || e.op == "le" && c <= 0 || e.op == "lt" && c < 0
}

// any reports whether a value is one of the expression's.
func (e *Expr) any(v Value) bool {
	return slices.ContainsFunc(e.values, func(w Value) bool { return e.same(v, w) })
}

func (e *Expr) same(v, w Value) bool {
	switch {
	case v.Set != w.Set:
		return false
	case !v.Set:
		return true
	case e.kind == Time:
		return v.Time.Equal(w.Time)
	case e.kind == Bool:
		return v.Bool == w.Bool
	case e.kind == Text:
		return v.Text == w.Text
	}
	return strings.EqualFold(v.Text, w.Text)
}

// Values returns which values of a text property could match, and false when any could. No value outside them does.
func (e *Expr) Values(name string) ([]string, bool) { return e.allowed(name, false) }

func (e *Expr) allowed(name string, negated bool) ([]string, bool) {
	if e == nil {
		return nil, false
	}
	switch e.op {
	case "not":
		return e.kids[0].allowed(name, !negated)
	case "and", "or":
		return e.joined(name, negated)
	}
	if e.name != name || e.kind == Time || e.kind == Bool {
		return nil, false
	}
	switch positive := e.op != "ne"; {
	case positive != negated:
		return e.texts(), true
	case e.kind == Enum:
		return slices.DeleteFunc(slices.Clone(e.domain), func(s string) bool { return slices.Contains(e.texts(), s) }), true
	}
	return nil, false
}

// joined joins what the parts allow: a negated "or" holds when all its parts fail, like an "and".
func (e *Expr) joined(name string, negated bool) (out []string, bounded bool) {
	all := (e.op == "and") != negated
	for i, k := range e.kids {
		set, ok := k.allowed(name, negated)
		switch {
		case all && ok && bounded:
			out = slices.DeleteFunc(out, func(s string) bool { return !slices.Contains(set, s) })
		case all && ok:
			out, bounded = slices.Clone(set), true
		case !all && !ok:
			return nil, false
		case !all:
			out, bounded = append(out, set...), true
			if i > 0 {
				slices.Sort(out)
				out = slices.Compact(out)
			}
		}
	}
	return out, bounded
}

func (e *Expr) texts() []string {
	out := []string{}
	for _, v := range e.values {
		if v.Set {
			out = append(out, v.Text)
		}
	}
	return out
}

// Range returns between which times, both included, a property could lie; a zero time is no bound.
func (e *Expr) Range(name string) (from, to time.Time) { return e.span(name, false) }

func (e *Expr) span(name string, negated bool) (from, to time.Time) {
	if e == nil {
		return from, to
	}
	switch e.op {
	case "not":
		return e.kids[0].span(name, !negated)
	case "and", "or":
		all := (e.op == "and") != negated
		for i, k := range e.kids {
			f, t := k.span(name, negated)
			switch {
			case i == 0:
				from, to = f, t
			case all:
				from, to = later(from, f), earlier(to, t)
			default:
				from, to = hullFrom(from, f), hullTo(to, t)
			}
		}
		return from, to
	}
	if e.name != name || e.kind != Time || len(e.values) != 1 || !e.values[0].Set {
		return from, to
	}
	at := e.values[0].Time
	switch {
	case e.op == "eq" && !negated, e.op == "ne" && negated:
		return at, at
	case (e.op == "ge" || e.op == "gt") && !negated:
		return at, to
	case (e.op == "le" || e.op == "lt") && !negated:
		return from, at
	}
	return from, to // null matches a negated comparison, too: no bound
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func hullFrom(a, b time.Time) time.Time {
	if a.IsZero() || b.IsZero() {
		return time.Time{}
	}
	return earlier(a, b)
}

func hullTo(a, b time.Time) time.Time {
	if a.IsZero() || b.IsZero() {
		return time.Time{}
	}
	return later(a, b)
}
