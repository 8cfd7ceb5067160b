package network

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"rekey/shared/event"
)

// Table maps ranges of addresses to networks. It never changes after Load and is safe for concurrent use.
// The zero Table, and a nil one, know nothing.
type Table struct {
	// Built is when the data was made, from the table's "# built" comment; zero when it does not say.
	Built time.Time

	v4      ranges[uint32]
	v6      ranges[key6]
	holders []event.Network // each combination of system and country once: ranges are many, holders are few
}

// Lookup returns the network an address belongs to, and false when the table does not know or the address is not of
// the public internet. It does not allocate.
func (t *Table) Lookup(addr netip.Addr) (event.Network, bool) {
	if t == nil || !public(addr) {
		return event.Network{}, false
	}
	var holder uint32
	var ok bool
	if addr = addr.Unmap(); addr.Is4() {
		holder, ok = t.v4.find(from4(addr), cmp.Compare[uint32])
	} else {
		holder, ok = t.v6.find(from6(addr), key6.compare)
	}
	if !ok {
		return event.Network{}, false
	}
	return t.holders[holder], true
}

// Len is the number of ranges.
func (t *Table) Len() int {
	if t == nil {
		return 0
	}
	return len(t.v4.holder) + len(t.v6.holder)
}

// Age is how old the data is at a time; zero when the table does not say when it was built.
func (t *Table) Age(now time.Time) time.Duration {
	if t == nil || t.Built.IsZero() {
		return 0
	}
	return now.Sub(t.Built)
}

// public reports whether an address can belong to a network of the internet at all.
func public(addr netip.Addr) bool {
	addr = addr.Unmap()
	return addr.IsValid() && !addr.IsPrivate() && !addr.IsLoopback() && !addr.IsUnspecified() &&
		!addr.IsLinkLocalUnicast() && !addr.IsMulticast()
}

// ranges are inclusive, sorted and disjoint. They are kept as columns, so that an IPv4 range costs 12 bytes.
type ranges[K any] struct {
	from, to []K
	holder   []uint32
}

func (r *ranges[K]) find(k K, compare func(a, b K) int) (holder uint32, ok bool) {
	i, exact := slices.BinarySearchFunc(r.from, k, compare)
	if !exact {
		i--
	}
	if i < 0 || compare(k, r.to[i]) > 0 {
		return 0, false
	}
	return r.holder[i], true
}

func from4(a netip.Addr) uint32 {
	b := a.As4()
	return binary.BigEndian.Uint32(b[:])
}

// key6 is an IPv6 address as a number.
type key6 struct{ hi, lo uint64 }

func from6(a netip.Addr) key6 {
	b := a.As16()
	return key6{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

func (k key6) compare(l key6) int { return cmp.Or(cmp.Compare(k.hi, l.hi), cmp.Compare(k.lo, l.lo)) }
