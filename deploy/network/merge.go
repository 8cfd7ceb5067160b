package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
)

// rangeOf is one row of either data set, or of the table.
type rangeOf struct {
	from, to netip.Addr
	network  holding
}

// holding is what the table says about a range.
type holding struct{ asn, country, name string }

// readRanges reads rows of start,end,country or start,end,asn,name, in the order of addresses.
func readRanges(path string, columns int) ([]rangeOf, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading ranges: %w", err)
	}
	defer f.Close() //nolint:errcheck // opened for reading
	r := csv.NewReader(f)
	r.FieldsPerRecord = columns
	var out []rangeOf
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			slices.SortFunc(out, func(a, b rangeOf) int { return a.from.Compare(b.from) })
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading ranges of %s: %w", path, err)
		}
		one, err := parse(fields)
		if err != nil {
			return nil, fmt.Errorf("reading ranges of %s: %w", path, err)
		}
		out = append(out, one)
	}
}

func parse(fields []string) (rangeOf, error) {
	from, err1 := netip.ParseAddr(fields[0])
	to, err2 := netip.ParseAddr(fields[1])
	if err := errors.Join(err1, err2); err != nil {
		return rangeOf{}, err
	}
	if len(fields) == 3 {
		return rangeOf{from, to, holding{country: fields[2]}}, nil
	}
	return rangeOf{from, to, holding{asn: fields[2], name: fields[3]}}, nil
}

// merge lays two sorted lists over each other: wherever either says something there is a range that says both. A
// range that two rows of one list claim belongs to the row that begins first.
func merge(systems, countries []rangeOf) []rangeOf {
	var out []rangeOf
	for len(systems) > 0 || len(countries) > 0 {
		from := first(systems, countries)
		to := until(until(last(systems, countries), from, systems), from, countries)
		var n holding
		if len(systems) > 0 && !from.Less(systems[0].from) {
			n.asn, n.name = systems[0].network.asn, systems[0].network.name
		}
		if len(countries) > 0 && !from.Less(countries[0].from) {
			n.country = countries[0].network.country
		}
		out = append(out, rangeOf{from, to, n})
		systems, countries = after(systems, to), after(countries, to)
	}
	return out
}

// first is the lowest address that is left.
func first(a, b []rangeOf) netip.Addr {
	if len(a) == 0 || len(b) > 0 && b[0].from.Less(a[0].from) {
		return b[0].from
	}
	return a[0].from
}

// last is an address that no range of the next piece goes beyond.
func last(a, b []rangeOf) netip.Addr {
	if len(a) == 0 || len(b) > 0 && a[0].to.Less(b[0].to) {
		return b[0].to
	}
	return a[0].to
}

// until shortens the piece [from, to] to where the next range of a list begins or ends.
func until(to, from netip.Addr, list []rangeOf) netip.Addr {
	if len(list) == 0 {
		return to
	}
	bound := list[0].to
	if from.Less(list[0].from) {
		bound = list[0].from.Prev()
	}
	if bound.Less(to) {
		return bound
	}
	return to
}

// after drops what lies at or before an address, and cuts what crosses it.
func after(list []rangeOf, addr netip.Addr) []rangeOf {
	for len(list) > 0 && !addr.Less(list[0].to) {
		list = list[1:]
	}
	if len(list) > 0 && !addr.Less(list[0].from) {
		list[0].from = addr.Next()
	}
	return list
}

// join makes one range of neighbours that say the same.
func join(in []rangeOf) []rangeOf {
	var out []rangeOf
	for _, r := range in {
		if n := len(out) - 1; n >= 0 && out[n].network == r.network && out[n].to.Next() == r.from {
			out[n].to = r.to
			continue
		}
		out = append(out, r)
	}
	return out
}

func write(w io.Writer, ranges []rangeOf) error {
	c := csv.NewWriter(w)
	for _, r := range ranges {
		if err := c.Write([]string{r.from.String(), r.to.String(), r.network.asn, r.network.country, r.network.name}); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}
