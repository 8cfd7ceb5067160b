package simulate

import (
	"fmt"
	"net/netip"
	"strings"
)

// role says what a site is for.
type role uint8

const (
	bigCloud role = iota // where four in ten principals are
	otherCloud
	build  // machines of a CI service
	office // the company's own
	home   // fixed lines
	mobile
	anonymous // VPN providers
	hoster
	roles
)

// site is one network in one region.
type site struct {
	role
	asn        uint32
	holder     string
	registered string // country in the address table; that of the region unless the holder registers all in one
	place
	ranges []uint32 // first addresses of its IPv4 ranges
	bits   int      // of each
	six    uint64   // upper half of its IPv6 range, a /48; 0 without one
}

// place is where on earth a site is, as sign-in records say it.
type place struct {
	city, state, country, latitude, longitude string
	zone                                      int64 // hours from UTC
}

// address is an address of a site. IPv4 has nothing in high.
type address struct {
	high, low uint64
	site      int16
	dark      bool // geo databases do not know it
}

func (a address) four() bool { return a.high == 0 }

// addr returns the address in the standard form.
func (a address) addr() netip.Addr {
	if a.four() {
		return netip.AddrFrom4([4]byte{byte(a.low >> 24), byte(a.low >> 16), byte(a.low >> 8), byte(a.low)})
	}
	var b [16]byte
	for i := range 8 {
		b[i], b[8+i] = byte(a.high>>(56-8*i)), byte(a.low>>(56-8*i))
	}
	return netip.AddrFrom16(b)
}

// world is all sites. It is the same in every run; who lives where is not.
type world struct {
	sites  []site
	byRole [roles][]int16
}

func newWorld() *world {
	w := &world{}
	for _, h := range holders {
		for _, city := range h.cities {
			p, ok := places[city]
			if !ok {
				panic("simulate: no place is called " + city)
			}
			s := site{role: h.role, asn: h.asn, holder: h.name, registered: p.country, place: p, bits: h.bits, ranges: make([]uint32, h.ranges)}
			if h.registered != "" {
				s.registered = h.registered
			}
			if h.six {
				s.six = 0x20010db8<<32 | uint64(len(w.sites)+1)<<16
			}
			w.byRole[h.role] = append(w.byRole[h.role], int16(len(w.sites)))
			w.sites = append(w.sites, s)
		}
	}
	w.spread()
	return w
}

// spread gives out ranges in turn, so that the ranges of a site do not lie together.
func (w *world) spread() {
	next := uint32(240) << 24
	for round := range 8 {
		for i := range w.sites {
			if s := &w.sites[i]; round < len(s.ranges) {
				s.ranges[round] = next
				next += 1 << 18
			}
		}
	}
}

// NetworksCSV returns the address table of the run's world, in the format of package network.
func (r *Run) NetworksCSV() []byte {
	var b strings.Builder
	b.WriteString("# The make-believe networks of a simulated tenant, in reserved ranges.\n# built 2026-03-01\nprefix,asn,country,name\n")
	for _, s := range r.world.sites {
		for i := range s.ranges {
			fmt.Fprintf(&b, "%s/%d,%d,%s,%s\n", address{low: uint64(s.ranges[i])}.addr(), s.bits, s.asn, s.registered, s.holder)
		}
		if s.six != 0 {
			fmt.Fprintf(&b, "%s/48,%d,%s,%s\n", address{high: s.six}.addr(), s.asn, s.registered, s.holder)
		}
	}
	return []byte(b.String())
}

// draw draws an address of a site.
func (w *world) draw(d dice, at int16) address {
	return w.inRange(d, at, d.IntN(len(w.sites[at].ranges)))
}

// inRange draws an address of one range of a site. The last range of a cloud is too young for geo databases.
func (w *world) inRange(d dice, at int16, n int) address {
	s := &w.sites[at]
	n %= len(s.ranges)
	low := s.ranges[n] + 4 + uint32(d.IntN(1<<(32-s.bits)-8))
	return address{low: uint64(low), site: at, dark: s.role <= otherCloud && n == len(s.ranges)-1 && n > 3}
}

// beside draws another address of the same /24.
func (w *world) beside(d dice, a address) address {
	if !a.four() {
		a.low = a.low&^0xffff | uint64(d.IntN(1<<16))
		return a
	}
	b := a
	b.low = a.low&^0xff | uint64(4+d.IntN(248))
	if b.low == a.low {
		b.low ^= 2
	}
	return b
}

// otherRange draws an address of another range of the site, or of another /24 when it has one range.
func (w *world) otherRange(d dice, a address) address {
	s := &w.sites[a.site]
	for i, first := range s.ranges {
		if a.four() && uint32(a.low)-first < 1<<(32-s.bits) {
			return w.inRange(d, a.site, i+1+d.IntN(max(1, len(s.ranges)-1)))
		}
	}
	return w.draw(d, a.site)
}

// pooled is one of the eight addresses that a translator in front of a leaves by.
func pooled(d dice, a address) address {
	a.low = a.low&^7 | uint64(d.IntN(8))
	return a
}

// sixth is the IPv6 address of the machine that has the IPv4 address a, if its site has IPv6.
func (w *world) sixth(a address) (address, bool) {
	s := &w.sites[a.site]
	if s.six == 0 || !a.four() {
		return a, false
	}
	return address{high: s.six | a.low>>8&0xffff, low: mix(a.low, 6) | 1, site: a.site, dark: a.dark}, true
}

// find returns the sites of a role for which ok is true.
func (w *world) find(of role, ok func(*site) bool) []int16 {
	var out []int16
	for _, i := range w.byRole[of] {
		if ok(&w.sites[i]) {
			out = append(out, i)
		}
	}
	return out
}
