package network

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unique"

	"rekey/shared/event"
)

// loader gathers rows. Names and holders are kept once, however many ranges they have.
type loader struct {
	table   Table
	v4      []row[uint32]
	v6      []row[key6]
	names   map[uint32]string // by system, the spelling seen last
	holders map[holderKey]uint32
}

type row[K any] struct {
	from, to     K
	holder, line uint32
}

type holderKey struct {
	asn     uint32
	country string
	name    string
}

func newLoader() *loader {
	return &loader{names: map[uint32]string{}, holders: map[holderKey]uint32{}}
}

// holder returns the index of the network that a row describes.
func (l *loader) holder(asn, country, name string) (uint32, error) {
	n, err := number(asn)
	if err != nil {
		return 0, err
	}
	if country, err = countryCode(country); err != nil {
		return 0, err
	}
	if i, ok := l.holders[holderKey{n, country, name}]; ok {
		return i, nil
	}
	network := event.Network{ASN: n, ASName: l.intern(n, name), Country: unique.Make(country).Value()}
	network.Hosting, _ = Class(n, name)
	i := uint32(len(l.table.holders))
	l.table.holders = append(l.table.holders, network)
	l.holders[holderKey{n, network.Country, network.ASName}] = i
	return i, nil
}

// intern returns the name as kept for the system: fields of a row share their memory with the whole line.
func (l *loader) intern(asn uint32, name string) string {
	if known := l.names[asn]; known == name {
		return known
	}
	name = strings.Clone(name)
	l.names[asn] = name
	return name
}

func number(asn string) (uint32, error) {
	digits := strings.TrimPrefix(asn, "AS")
	if digits == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("reading autonomous system: %q is no number of one", asn)
	}
	return uint32(n), nil
}

func countryCode(s string) (string, error) {
	letter := func(c byte) bool { return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' }
	switch {
	case s == "" || s == "ZZ":
		return "", nil
	case len(s) != 2 || !letter(s[0]) || !letter(s[1]):
		return "", fmt.Errorf("reading country: %q is no code of two letters", s)
	}
	return strings.ToUpper(s), nil
}

func (l *loader) add(from, to netip.Addr, holder uint32, line int) error {
	if from.Is4() {
		l.v4 = append(l.v4, row[uint32]{from4(from), from4(to), holder, uint32(line)})
		return nil
	}
	if from.Is4In6() || from.Zone() != "" || to.Zone() != "" {
		return fmt.Errorf("reading range: %s is neither a plain IPv4 nor a plain IPv6 address", from)
	}
	l.v6 = append(l.v6, row[key6]{from6(from), from6(to), holder, uint32(line)})
	return nil
}

// finish sorts the rows and refuses overlaps: of two answers one would be wrong. The table is copied out of the loader,
// which a pointer into it would keep in memory.
func (l *loader) finish() (*Table, error) {
	var err4, err6 error
	l.table.v4, err4 = columns(l.v4, cmp.Compare[uint32])
	l.table.v6, err6 = columns(l.v6, key6.compare)
	if err := cmp.Or(err4, err6); err != nil {
		return nil, fmt.Errorf("loading network table: %w", err)
	}
	table := l.table
	table.holders = slices.Clone(l.table.holders)
	return &table, nil
}

func columns[K any](rows []row[K], compare func(a, b K) int) (ranges[K], error) {
	slices.SortFunc(rows, func(a, b row[K]) int { return compare(a.from, b.from) })
	r := ranges[K]{make([]K, len(rows)), make([]K, len(rows)), make([]uint32, len(rows))}
	for i, w := range rows {
		if i > 0 && compare(w.from, rows[i-1].to) <= 0 {
			return ranges[K]{}, fmt.Errorf("line %d: its range overlaps the one of line %d", max(w.line, rows[i-1].line), min(w.line, rows[i-1].line))
		}
		r.from[i], r.to[i], r.holder[i] = w.from, w.to, w.holder
	}
	return r, nil
}
