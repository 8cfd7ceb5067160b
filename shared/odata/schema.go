package odata

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Kind is the type of a property.
type Kind int

// Kinds of properties.
const (
	Text Kind = iota // compared as it is; ids in the form of a GUID without regard to case
	Fold             // compared without regard to case
	Enum             // one of Property.Values, without regard to case
	Time             // ISO 8601, in UTC
	Bool
)

// Property is one property that clients may filter by.
type Property struct {
	Kind    Kind
	Values  []string          // of an Enum, as they are spelled
	Aliases map[string]string // other spellings of values, in lower case, to the one that is meant
}

// Schema says what can be asked of a collection.
type Schema struct {
	Filter map[string]Property // by name
	Select []string            // all properties, also those that cannot be filtered by
	Order  []Order             // the orders that an index serves, the default first
	MaxTop int
	Top    int // page size when none is asked for
}

// Order is one property of $orderby.
type Order struct {
	Name string
	Desc bool
}

// String spells it as in $orderby.
func (o Order) String() string {
	if o.Desc {
		return o.Name + " desc"
	}
	return o.Name
}

// Value is the value of a property, or a literal. The zero Value is null.
type Value struct {
	Set  bool // false: null
	Text string
	Time time.Time
	Bool bool
}

// TextOf is the value of a text; an empty one is null, as absent texts are.
func TextOf(s string) Value { return Value{Set: s != "", Text: s} }

// TimeOf is the value of a time.
func TimeOf(t time.Time) Value { return Value{Set: !t.IsZero(), Time: t} }

// names lists what can be filtered by, for errors.
func (s *Schema) names() string {
	return strings.Join(slices.Sorted(maps.Keys(s.Filter)), ", ")
}

func (s *Schema) property(name string) (Property, error) {
	p, ok := s.Filter[name]
	if !ok {
		return p, fmt.Errorf("$filter: %.60q cannot be filtered by; what can: %s", name, s.names())
	}
	return p, nil
}

// canonical spells a text as the property does.
func (p Property) canonical(name, s string) (string, error) {
	if a, ok := p.Aliases[strings.ToLower(s)]; ok {
		return a, nil
	}
	if p.Kind != Enum {
		if isGUID(s) {
			return strings.ToLower(s), nil
		}
		return s, nil
	}
	i := slices.IndexFunc(p.Values, func(v string) bool { return strings.EqualFold(v, s) })
	if i < 0 {
		return "", fmt.Errorf("$filter: %.60q is no %s; there are %s", s, name, strings.Join(p.Values, ", "))
	}
	return p.Values[i], nil
}

func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		hex := c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
		if dash != (c == '-') || !dash && !hex {
			return false
		}
	}
	return true
}
