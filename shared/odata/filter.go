package odata

import (
	"fmt"
	"strings"
	"time"
)

// Limits of a filter: nobody who means well comes near them.
const (
	MaxFilter = 4 << 10 // bytes
	maxDepth  = 32      // of parentheses and nots
	maxIn     = 100     // values of one in
)

// Expr is a filter that was read. A nil Expr matches everything.
type Expr struct {
	op     string // and or not, or a comparison
	kids   []*Expr
	name   string
	kind   Kind
	domain []string // of an Enum
	values []Value  // one, or those of an in
}

// parser reads tokens by recursive descent.
type parser struct {
	schema *Schema
	tokens []token
	depth  int
}

// ParseFilter reads a $filter. The error is for the client.
func ParseFilter(s string, schema *Schema) (*Expr, error) {
	if len(s) > MaxFilter {
		return nil, fmt.Errorf("$filter has %d bytes, at most %d are read", len(s), MaxFilter)
	}
	tokens, err := lex(s)
	if err != nil {
		return nil, err
	}
	p := &parser{schema: schema, tokens: tokens}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if t := p.tokens[0]; t.kind != end {
		return nil, unexpected(t, "and, or, or the end")
	}
	return e, nil
}

func unexpected(t token, want string) error {
	if t.kind == end {
		return fmt.Errorf("$filter ends where %s is expected", want)
	}
	return fmt.Errorf("$filter: %.60q at position %d is not what is expected there: %s", t.text, t.at+1, want)
}

// take consumes the next token.
func (p *parser) take() token {
	t := p.tokens[0]
	if t.kind != end {
		p.tokens = p.tokens[1:]
	}
	return t
}

// accept consumes the next token if it is this word or sign.
func (p *parser) accept(kind tokenKind, text string) bool {
	if t := p.tokens[0]; t.kind != kind || t.text != text {
		return false
	}
	p.take()
	return true
}

func (p *parser) or() (*Expr, error)  { return p.chain("or", p.and) }
func (p *parser) and() (*Expr, error) { return p.chain("and", p.term) }

// chain reads one or more parts with an operator between them.
func (p *parser) chain(op string, part func() (*Expr, error)) (*Expr, error) {
	e, err := part()
	if err != nil {
		return nil, err
	}
	out := &Expr{op: op, kids: []*Expr{e}}
	for p.accept(word, op) {
		if e, err = part(); err != nil {
			return nil, err
		}
		out.kids = append(out.kids, e)
	}
	if len(out.kids) == 1 {
		return out.kids[0], nil
	}
	return out, nil
}

// term reads a not, parentheses or a comparison.
func (p *parser) term() (*Expr, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("$filter is nested more than %d deep", maxDepth)
	}
	defer func() { p.depth-- }()
	switch {
	case p.accept(word, "not"):
		e, err := p.term()
		return &Expr{op: "not", kids: []*Expr{e}}, err
	case p.accept(sign, "("):
		e, err := p.or()
		if err == nil && !p.accept(sign, ")") {
			err = unexpected(p.tokens[0], "and, or, or a closing parenthesis")
		}
		return e, err
	}
	return p.comparison()
}

func (p *parser) comparison() (*Expr, error) {
	t := p.take()
	if t.kind != word {
		return nil, unexpected(t, "a property, not, or a parenthesis")
	}
	prop, err := p.schema.property(t.text)
	if err != nil {
		return nil, err
	}
	e := &Expr{name: t.text, kind: prop.Kind, domain: prop.Values}
	op := p.take()
	switch e.op = op.text; {
	case op.kind != word:
		return nil, unexpected(op, "eq, ne, ge, gt, le, lt or in")
	case e.op == "in":
		return e, p.list(e, prop)
	case e.op == "eq" || e.op == "ne":
	case e.op == "ge" || e.op == "gt" || e.op == "le" || e.op == "lt":
		if e.kind != Time {
			return nil, fmt.Errorf("$filter: %s has no order: %s is for times, %s has eq, ne and in", e.name, e.op, e.name)
		}
	default:
		return nil, unexpected(op, "eq, ne, ge, gt, le, lt or in")
	}
	v, err := e.literal(p.take(), prop)
	if err == nil && !v.Set && e.op != "eq" && e.op != "ne" {
		err = fmt.Errorf("$filter: null has no order: %s %s null", e.name, e.op)
	}
	e.values = []Value{v}
	return e, err
}

// list reads the values of an in.
func (p *parser) list(e *Expr, prop Property) error {
	if !p.accept(sign, "(") {
		return unexpected(p.tokens[0], "a list in parentheses, like ('low','medium')")
	}
	for {
		v, err := e.literal(p.take(), prop)
		if err != nil {
			return err
		}
		if e.values = append(e.values, v); len(e.values) > maxIn {
			return fmt.Errorf("$filter: in takes at most %d values", maxIn)
		}
		if p.accept(sign, ")") {
			return nil
		}
		if !p.accept(sign, ",") {
			return unexpected(p.tokens[0], "a comma or a closing parenthesis")
		}
	}
}

// literal reads a value of the property's kind.
func (e *Expr) literal(t token, p Property) (Value, error) {
	switch {
	case t.kind == word && t.text == "null":
		return Value{}, nil
	case e.kind == Time && t.kind != end && t.kind != sign: // Graph takes times with and without quotes
		at, err := time.Parse(time.RFC3339Nano, strings.ToUpper(t.text))
		if err != nil {
			at, err = time.Parse(time.DateOnly, t.text)
		}
		if err != nil {
			return Value{}, fmt.Errorf("$filter: %.60q is no time: %s wants one like 2026-11-24T00:00:00Z", t.text, e.name)
		}
		return TimeOf(at), nil
	case e.kind == Bool && t.kind == word && (t.text == "true" || t.text == "false"):
		return Value{Set: true, Bool: t.text == "true"}, nil
	case e.kind == Bool || e.kind == Time:
		return Value{}, unexpected(t, "a value of "+e.name)
	case t.kind == quoted, t.kind == word && isGUID(t.text):
		s, err := p.canonical(e.name, t.text)
		return Value{Set: true, Text: s}, err
	}
	return Value{}, unexpected(t, "a text in single quotes")
}
