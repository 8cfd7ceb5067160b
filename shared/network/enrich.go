package network

import (
	"net/netip"

	"github.com/gaissmai/bart"

	"rekey/shared/event"
)

// Own holds the user's own egress ranges. A nil Own has none.
type Own struct {
	ranges bart.Lite
	named  bool
}

// NewOwn makes the set of the user's own ranges. They may be private: calls through a private endpoint show such
// addresses.
func NewOwn(prefixes ...netip.Prefix) *Own {
	var o Own
	for _, p := range prefixes {
		o.ranges.Insert(p.Masked())
	}
	return &o
}

// TrustNamed makes the tenant's trusted named locations, as records tell of them, the user's own, too. It is not the
// default: such locations are often whole countries, and whoever may change them could vouch for himself.
func (o *Own) TrustNamed(trust bool) *Own {
	o.named = trust
	return o
}

// Contains reports whether an address is the user's own.
func (o *Own) Contains(addr netip.Addr) bool {
	return o != nil && addr.IsValid() && o.ranges.Contains(addr.Unmap().WithZone(""))
}

// Enrich adds to an event what its record does not say about the caller's network. The record's own system and
// country stay; the table's name is taken only for the same system. An address that nobody knows stays unknown: that
// is not the same as new.
func Enrich(e *event.Event, t *Table, own *Own) {
	if !e.Caller.IsValid() {
		return
	}
	n := &e.Network
	if found, ok := t.Lookup(e.Caller); ok {
		fill(n, found)
	}
	if n.Hosting == event.HostingUnknown && n.ASN != 0 {
		n.Hosting, _ = Class(n.ASN, n.ASName)
	}
	if own.Contains(e.Caller) || own != nil && own.named && n.Trusted {
		n.Hosting = event.HostingOwn
	}
}

func fill(n *event.Network, found event.Network) {
	if n.Country == "" {
		n.Country = found.Country
	}
	if n.ASN == 0 {
		n.ASN = found.ASN
	}
	if n.ASN != found.ASN {
		return
	}
	if n.ASName == "" {
		n.ASName = found.ASName
	}
	if n.Hosting == event.HostingUnknown {
		n.Hosting = found.Hosting
	}
}
