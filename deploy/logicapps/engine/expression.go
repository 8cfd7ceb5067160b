package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// scope is what expressions can see.
type scope struct {
	functions  map[string]function
	parameters map[string]any
	trigger    map[string]any            // body and headers
	outputs    map[string]map[string]any // of actions, by name
	callback   string                    // of the action or trigger that is evaluated
	item       any                       // of a list, in Query and Select
}

// value evaluates every string in a value of JSON.
func (s *scope) value(v any) (any, error) {
	switch v := v.(type) {
	case string:
		return s.text(v)
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			var err error
			if out[i], err = s.value(x); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			got, err := s.value(x)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", k, err)
			}
			out[k] = got
		}
		return out, nil
	}
	return v, nil
}

// text evaluates a string: @expression is its value, @{expression} inside a text is its text, @@ is an at sign.
func (s *scope) text(t string) (any, error) {
	if strings.HasPrefix(t, "@@") {
		return t[1:], nil
	}
	if strings.HasPrefix(t, "@") && !strings.HasPrefix(t, "@{") {
		return s.expression(t[1:])
	}
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(t, "@{")
		out.WriteString(before)
		if !ok {
			return out.String(), nil
		}
		p := &parser{scope: s, rest: rest}
		v, err := p.expression()
		if err != nil {
			return nil, err
		}
		if !p.take("}") {
			return nil, fmt.Errorf("an expression does not end in %q", rest)
		}
		out.WriteString(asText(v))
		t = p.rest
	}
}

func (s *scope) expression(t string) (any, error) {
	p := &parser{scope: s, rest: t}
	v, err := p.expression()
	if err == nil && strings.TrimSpace(p.rest) != "" {
		err = fmt.Errorf("%q follows an expression", p.rest)
	}
	return v, err
}

// asText is a value within a text.
func asText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	b, _ := json.Marshal(v) // it came from JSON
	return string(b)
}

// parser reads and evaluates an expression in one go: functions, texts, numbers, and access by ['name'], ?['name'] and .name.
type parser struct {
	scope *scope
	rest  string
}

func (p *parser) take(token string) bool {
	rest, ok := strings.CutPrefix(strings.TrimLeft(p.rest, " \n"), token)
	if ok {
		p.rest = rest
	}
	return ok
}

func (p *parser) expression() (any, error) {
	v, err := p.operand()
	for err == nil {
		if p.take(".") {
			v, err = access(v, p.name(), false)
			continue
		}
		safe := p.take("?[")
		if !safe && !p.take("[") {
			return v, nil
		}
		var key any
		if key, err = p.expression(); err != nil {
			return nil, err
		}
		if !p.take("]") {
			return nil, fmt.Errorf("] is expected at %q", p.rest)
		}
		v, err = access(v, key, safe)
	}
	return nil, err
}

func access(v, key any, safe bool) (any, error) {
	switch in := v.(type) {
	case map[string]any:
		if name, ok := key.(string); ok {
			if got, ok := in[name]; ok || safe {
				return got, nil
			}
			return nil, fmt.Errorf("there is no property %s", name)
		}
	case []any:
		if n, ok := key.(float64); ok && int(n) >= 0 && int(n) < len(in) {
			return in[int(n)], nil
		}
	}
	if safe && v == nil {
		return nil, nil
	}
	return nil, fmt.Errorf("%v cannot be read of what is not an object or a list", key)
}

func (p *parser) operand() (any, error) {
	p.rest = strings.TrimLeft(p.rest, " \n")
	switch {
	case strings.HasPrefix(p.rest, "'"):
		return p.quoted()
	case p.rest != "" && (p.rest[0] >= '0' && p.rest[0] <= '9' || p.rest[0] == '-'):
		end := strings.IndexFunc(p.rest[1:], func(r rune) bool { return (r < '0' || r > '9') && r != '.' }) + 1
		if end == 0 {
			end = len(p.rest)
		}
		n, err := strconv.ParseFloat(p.rest[:end], 64)
		p.rest = p.rest[end:]
		return n, err
	}
	name := p.name()
	switch name {
	case "true", "false":
		return name == "true", nil
	case "null":
		return nil, nil
	}
	if name == "" || !p.take("(") {
		return nil, fmt.Errorf("a function is expected at %q", name+p.rest)
	}
	var args []any
	for !p.take(")") {
		v, err := p.expression()
		if err != nil {
			return nil, err
		}
		args = append(args, v)
		if !p.take(",") && !strings.HasPrefix(strings.TrimLeft(p.rest, " \n"), ")") {
			return nil, fmt.Errorf("a comma is expected at %q", p.rest)
		}
	}
	return p.scope.call(name, args)
}

// name reads letters.
func (p *parser) name() string {
	end := strings.IndexFunc(p.rest, func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') })
	if end < 0 {
		end = len(p.rest)
	}
	name := p.rest[:end]
	p.rest = p.rest[end:]
	return name
}

// quoted reads a text in single quotes; a quote in it is doubled.
func (p *parser) quoted() (any, error) {
	var out strings.Builder
	for rest := p.rest[1:]; ; {
		before, after, ok := strings.Cut(rest, "'")
		if !ok {
			return nil, errors.New("a text does not end")
		}
		out.WriteString(before)
		if !strings.HasPrefix(after, "'") {
			p.rest = after
			return out.String(), nil
		}
		out.WriteByte('\'')
		rest = after[1:]
	}
}

// function is one, with the number of its arguments; -1 is any.
type function struct {
	args int
	do   func(s *scope, a []any) (any, error)
}

// functions are those that the workflows use.
var functions = map[string]function{
	"parameters":      {1, func(s *scope, a []any) (any, error) { return access(s.parameters, a[0], false) }},
	"triggerBody":     {0, func(s *scope, _ []any) (any, error) { return s.trigger["body"], nil }},
	"body":            {1, func(s *scope, a []any) (any, error) { return s.output(a[0]) }},
	"listCallbackUrl": {0, func(s *scope, _ []any) (any, error) { return s.callback, nil }},
	"equals":          {2, func(_ *scope, a []any) (any, error) { return asText(a[0]) == asText(a[1]), nil }},
	"empty":           {1, func(_ *scope, a []any) (any, error) { return size(a[0]) == 0, nil }},
	"not":             {1, func(_ *scope, a []any) (any, error) { return a[0] != true, nil }},
	"item":            {0, func(s *scope, _ []any) (any, error) { return s.item, nil }},
	"json": {1, func(_ *scope, a []any) (v any, err error) {
		err = json.Unmarshal([]byte(asText(a[0])), &v)
		return v, err
	}},
	"join": {2, func(_ *scope, a []any) (any, error) {
		list, _ := a[0].([]any)
		texts := make([]string, len(list))
		for i, v := range list {
			texts[i] = asText(v)
		}
		return strings.Join(texts, asText(a[1])), nil
	}},
	"if": {3, func(_ *scope, a []any) (any, error) {
		if a[0] == true {
			return a[1], nil
		}
		return a[2], nil
	}},
	"coalesce": {-1, func(_ *scope, a []any) (any, error) {
		for _, v := range a {
			if v != nil {
				return v, nil
			}
		}
		return nil, nil
	}},
	"concat": {-1, func(_ *scope, a []any) (any, error) {
		var out strings.Builder
		for _, v := range a {
			out.WriteString(asText(v))
		}
		return out.String(), nil
	}},
	"replace": {3, func(_ *scope, a []any) (any, error) {
		return strings.ReplaceAll(asText(a[0]), asText(a[1]), asText(a[2])), nil
	}},
	"encodeURIComponent": {1, func(_ *scope, a []any) (any, error) {
		return strings.ReplaceAll(url.QueryEscape(asText(a[0])), "+", "%20"), nil
	}},
}

func (s *scope) call(name string, args []any) (any, error) {
	f, ok := s.functions[name]
	if !ok {
		return nil, fmt.Errorf("the function %s is not known here", name)
	}
	if f.args >= 0 && f.args != len(args) {
		return nil, fmt.Errorf("%s takes %d arguments, and has %d", name, f.args, len(args))
	}
	v, err := f.do(s, args)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return v, nil
}

// output is the body of an action that ran.
func (s *scope) output(action any) (any, error) {
	out, ok := s.outputs[asText(action)]
	if !ok {
		return nil, fmt.Errorf("the action %v has not run", action)
	}
	return out["body"], nil
}

func size(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case []any:
		return len(v)
	case map[string]any:
		return len(v)
	}
	return 0
}

// Known reports whether a function of workflows is one that runs here.
func Known(function string) bool {
	_, ok := functions[function]
	return ok
}
