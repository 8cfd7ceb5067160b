package entralog

import (
	"encoding/json"
	"strconv"
	"strings"
)

// tree is a decoded value that forgives how it was exported: names match whatever their case and may be given in
// several spellings, objects may be JSON in a string, numbers may be strings.
type tree struct{ v any }

// at returns the first member found under one of the names, looked for in order; the zero tree when there is none.
func (t tree) at(names ...string) tree {
	m, ok := t.open().v.(map[string]any)
	if !ok {
		return tree{}
	}
	for _, name := range names {
		if v, ok := m[name]; ok && v != nil {
			return tree{v}
		}
	}
	for _, name := range names {
		for k, v := range m {
			if v != nil && strings.EqualFold(k, name) {
				return tree{v}
			}
		}
	}
	return tree{}
}

// open returns the value inside a string that holds a JSON object or array, or the value itself.
func (t tree) open() tree {
	s, ok := t.v.(string)
	if !ok {
		return t
	}
	if s = strings.TrimSpace(s); s == "" || s[0] != '{' && s[0] != '[' {
		return t
	}
	var v any
	if json.Unmarshal([]byte(s), &v) != nil {
		return t
	}
	return tree{v}
}

func (t tree) missing() bool { return t.v == nil }

// text returns a string, a number's text, or the value member of {"value":...}; else "".
func (t tree) text() string {
	switch v := t.v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	case map[string]any:
		s, _ := v["value"].(string)
		return s
	}
	return ""
}

// id returns a text in lower case.
func (t tree) id() string { return lower(t.text()) }

// number returns a number, also from a string; 0 when it is none.
func (t tree) number() int {
	n, err := strconv.ParseFloat(t.text(), 64)
	if err != nil {
		return 0
	}
	return int(n)
}

// list returns the elements of an array.
func (t tree) list() []tree {
	vs, ok := t.open().v.([]any)
	if !ok {
		return nil
	}
	out := make([]tree, len(vs))
	for i, v := range vs {
		out[i] = tree{v}
	}
	return out
}
