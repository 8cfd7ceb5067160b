package entralog

import (
	"net/netip"
	"strings"
	"unicode/utf8"
)

// lower returns an id with its ASCII letters in lower case; ids in lower case, as most are, are returned as they are.
// Other bytes are kept, so that what is no text stays recognisable as such.
func lower(s string) string {
	if !hasUpper(s) {
		return s
	}
	return view(appendLower(nil, s))
}

// lower does the same without allocating: what changes goes where unescaped strings go.
func (s *scanner) lower(id string) string {
	if !hasUpper(id) {
		return id
	}
	s.room(len(id))
	from := len(s.text)
	s.text = appendLower(s.text, id)
	return view(s.text[from:])
}

func appendLower(b []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	return b
}

// address reads what logs have in place of an address: nothing, "<null>", an address with a port, a bad IPv6. What is
// no address is the zero Addr, never an error.
func address(s string) netip.Addr {
	if s == "" || s[0] == '<' {
		return netip.Addr{}
	}
	if a, ok := dotted(s); ok {
		return a
	}
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Unmap().WithZone("")
	}
	if p, err := netip.ParseAddrPort(s); err == nil {
		return p.Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// dotted reads an IPv4 address as nearly all records have it. What it does not take is left to package netip.
func dotted(s string) (netip.Addr, bool) {
	var a [4]byte
	n, value, digits := 0, 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9' && digits < 3 && (digits == 0 || value > 0):
			value, digits = value*10+int(c-'0'), digits+1
		case c == '.' && digits > 0 && value < 256 && n < 3:
			a[n] = byte(value)
			n, value, digits = n+1, 0, 0
		default:
			return netip.Addr{}, false
		}
	}
	if n < 3 || digits == 0 || value > 255 {
		return netip.Addr{}, false
	}
	a[3] = byte(value)
	return netip.AddrFrom4(a), true
}

// countryCode reads a country code; anything longer is a place, as Graph and Azure have in their location.
func countryCode(s string) string {
	if len(s) != 2 {
		return ""
	}
	if s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z' {
		return s
	}
	a, b := s[0]&^0x20, s[1]&^0x20
	if a < 'A' || a > 'Z' || b < 'A' || b > 'Z' {
		return strings.ToUpper(s)
	}
	n := (int(a-'A')*26 + int(b-'A')) * 2
	return codes[n : n+2]
}

// codes are all pairs of letters, so that a code in lower case costs no allocation.
var codes = func() string {
	var b strings.Builder
	for i := range 26 * 26 {
		b.WriteByte('A' + byte(i/26))
		b.WriteByte('A' + byte(i%26))
	}
	return b.String()
}()

// tenantOf finds the tenant in a resource id like /tenants/<id>/providers/Microsoft.aadiam.
func tenantOf(resourceID string) string {
	const prefix = "/tenants/"
	if len(resourceID) <= len(prefix) || !strings.EqualFold(resourceID[:len(prefix)], prefix) {
		return ""
	}
	id, _, _ := strings.Cut(resourceID[len(prefix):], "/")
	return lower(id)
}

// NormalizeActivity returns an audit activity's name with dashes and spaces made plain and without a full stop or
// space at its end: Microsoft writes "Update application – Certificates and secrets management " with an en dash and a
// trailing space. Letters keep their case.
func NormalizeActivity(s string) string {
	s = strings.Map(func(r rune) rune {
		switch r {
		case '\u2010', '\u2011', '\u2012', '\u2013', '\u2014', '\u2015', '\u2212':
			return '-'
		case '\u00a0', '\u2007', '\u202f', '\t':
			return ' '
		}
		return r
	}, s)
	return strings.Trim(strings.Join(strings.Fields(s), " "), " .")
}

// identifiable reports whether a text that state is keyed by can be used as a key.
func identifiable(s string) bool {
	if s == "" || len(s) > 200 {
		return false
	}
	if plain(s) {
		return true
	}
	for i := range len(s) {
		if s[i] < 0x20 || s[i] == 0x7f {
			return false
		}
	}
	return utf8.ValidString(s)
}
