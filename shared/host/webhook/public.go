package webhook

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// Listed reports whether a host is on a list: by its name, or below one of the list's *.names.
func Listed(list []string, host string) bool {
	host = strings.ToLower(host)
	for _, entry := range list {
		entry = strings.ToLower(strings.TrimSpace(entry))
		if parent, ok := strings.CutPrefix(entry, "*."); ok {
			if below, ok := strings.CutSuffix(host, "."+parent); ok && below != "" {
				return true
			}
			continue
		}
		if entry != "" && entry == host {
			return true
		}
	}
	return false
}

// errNotPublic is told when a name led to an address that is not on the Internet.
var errNotPublic = errors.New("the name leads to an address that is not public")

// more networks that are not public, beside those that package netip knows: shared and carrier address space, protocol assignments,
// benchmarks, documentation, reserved, and ways to write an IPv4 address inside an IPv6 one. Azure's own 168.63.129.16, which
// answers every virtual machine, is public by its number and not by what it does.
var more = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"168.63.129.16/32", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fec0::/10")

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// public reports whether an address is one of the Internet.
func public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range more {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// Public returns a transport that connects to public addresses only. It looks at the address that is connected to, so a name
// that leads elsewhere than it did a moment ago changes nothing. Proxies of the environment are not used: they would connect for us.
func Public() *http.Transport {
	const limit = 10 * time.Second
	dialer := &net.Dialer{Timeout: limit, Control: func(_, address string, _ syscall.RawConn) error {
		a, err := netip.ParseAddrPort(address)
		if err != nil || !public(a.Addr()) {
			return errNotPublic
		}
		return nil
	}}
	return &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: limit, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute}
}
