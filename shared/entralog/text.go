package entralog

import (
	"net/netip"
	"strings"
	"unicode/utf8"
)

// lower returns an id with its ASCII letters in lower case; ids in lower case, as most are, are returned as they are.
// Other bytes are kept, so that what is no text stays recognisable as such.
func lower(s string) string {
	upper := false
	for i := range len(s) {
		upper = upper || s[i] >= 'A' && s[i] <= 'Z'
	}
	if !upper {
		return s
	}
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return view(b)
}

// address reads what logs have in place of an address: nothing, "<null>", an address with a port, a bad IPv6. What is
// no address is the zero Addr, never an error.
func address(s string) netip.Addr {
	if s == "" || s[0] == '<' {
		return netip.Addr{}
	}
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Unmap().WithZone("")
	}
	if p, err := netip.ParseAddrPort(s); err == nil {
		return p.Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// country reads a country code; anything longer is a place, as Graph and Azure have in their location.
func country(s string) string {
	if len(s) != 2 {
		return ""
	}
	if s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z' {
		return s
	}
	return strings.ToUpper(s)
}

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
	if s == "" || len(s) > 200 || !utf8.ValidString(s) {
		return false
	}
	for i := range len(s) {
		if s[i] < 0x20 || s[i] == 0x7f {
			return false
		}
	}
	return true
}
