package odata

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Query is what a list request asks for.
type Query struct {
	Filter *Expr
	Select []string // nil: everything
	Top    int
	Order  Order
	Count  bool
	Skip   string // the $skiptoken as it came
}

// options are the query options that are read, without their $.
var options = []string{"filter", "select", "top", "orderby", "count", "skiptoken"}

// Parse reads the query options of a list request. Options may come without their $, as Graph's beta takes them. Names in
// ignore are not the API's business. The error is for the client and says what is allowed.
func Parse(values map[string][]string, schema *Schema, ignore ...string) (Query, error) {
	q := Query{Top: schema.Top, Order: schema.Order[0]}
	given := map[string]string{}
	for full, list := range values {
		name := strings.TrimPrefix(full, "$")
		switch {
		case slices.Contains(ignore, full):
		case !slices.Contains(options, name):
			return q, fmt.Errorf("the query option %.40q is not supported: there are $%s", full, strings.Join(options, ", $"))
		case len(list) > 1 || given[name] != "":
			return q, fmt.Errorf("the query option $%s is given more than once", name)
		case len(list) == 1:
			given[name] = list[0]
		}
	}
	q.Skip = given["skiptoken"]
	for name, read := range map[string]func(string) error{
		"filter":  func(s string) (err error) { q.Filter, err = ParseFilter(s, schema); return err },
		"select":  func(s string) error { return q.readSelect(s, schema) },
		"top":     func(s string) error { return q.readTop(s, schema) },
		"orderby": func(s string) error { return q.readOrder(s, schema) },
		"count":   q.readCount,
	} {
		if s := strings.TrimSpace(given[name]); s != "" {
			if err := read(s); err != nil {
				return q, err
			}
		}
	}
	return q, nil
}

func (q *Query) readSelect(s string, schema *Schema) error {
	for name := range strings.SplitSeq(s, ",") {
		name = strings.TrimSpace(name)
		if name == "*" {
			q.Select = nil
			return nil
		}
		if !slices.Contains(schema.Select, name) {
			return fmt.Errorf("$select: there is no property %.60q; there are %s", name, strings.Join(schema.Select, ", "))
		}
		if !slices.Contains(q.Select, name) {
			q.Select = append(q.Select, name)
		}
	}
	return nil
}

func (q *Query) readTop(s string, schema *Schema) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > schema.MaxTop {
		return fmt.Errorf("$top must be a number from 1 to %d", schema.MaxTop)
	}
	q.Top = n
	return nil
}

func (q *Query) readOrder(s string, schema *Schema) error {
	fields := strings.Fields(s)
	o := Order{Name: fields[0]}
	ok := len(fields) == 1 || len(fields) == 2 && (fields[1] == "asc" || fields[1] == "desc")
	o.Desc = len(fields) == 2 && fields[1] == "desc"
	if !ok || !slices.Contains(schema.Order, o) {
		var indexed []string
		for _, o := range schema.Order {
			indexed = append(indexed, o.String())
		}
		return fmt.Errorf("$orderby: no index has the order %.80q; there is one for %s", s, strings.Join(indexed, ", "))
	}
	q.Order = o
	return nil
}

func (q *Query) readCount(s string) error {
	if s != "true" && s != "false" {
		return fmt.Errorf("$count must be true or false, not %.40q", s)
	}
	q.Count = s == "true"
	return nil
}
