package exposure

import (
	"encoding/binary"
	"net/netip"

	"rekey/shared/baseline"
	"rekey/shared/fault"
)

// UnmarshalBinary replaces the index by the encoded one. A newer version than this code knows is an error of kind
// fault.Denied: it must not be overwritten. Damage is an error of kind fault.Poison.
func (x *Index) UnmarshalBinary(b []byte) error {
	if len(b) < 3 {
		return fault.Errorf(fault.Poison, "decoding exposure: %d bytes are too few", len(b))
	}
	if b[0] > indexVersion || b[1] > byte(classes) {
		return fault.Errorf(fault.Denied, "decoding exposure: version %d.%d is newer than this program's %d.%d: upgrade it",
			b[0], b[1], indexVersion, classes)
	}
	*x = Index{}
	r := reader{b: b[2:], opBytes: 2}
	if b[0] > 1 {
		if b[2] > opCount {
			return fault.Errorf(fault.Denied, "decoding exposure: %d operations, this program knows %d: upgrade it", b[2], opCount)
		}
		r.b, r.opBytes = b[3:], opBytes
	}
	for c := range Class(b[1]) {
		x.lists[c].read(&r, c)
	}
	x.objects.read(&r, maxObjects)
	x.vaults.read(&r, maxVaults)
	for rest := r.ops(); rest != 0 && !r.bad; rest &= rest - 1 {
		s := r.slot()
		x.ops[rest.index()] = s
		r.bad = r.bad || s.Hash != 0
	}
	if r.bad || len(r.b) != 0 || b[0] == 0 {
		*x = Index{}
		return fault.Errorf(fault.Poison, "decoding exposure: damaged, %d bytes in all", len(b))
	}
	return nil
}

// read takes the Reads of a class. A predecessor of this code may have kept more than there is room for.
func (l *list) read(r *reader, c Class) {
	more := r.uint(1)
	l.more = more == 1
	n := int(r.uint(2))
	r.bad = r.bad || more > 1
	var last Read
	for i := 0; i < n && !r.bad; i++ {
		x := r.read(c)
		if r.bad = r.bad || last.compare(&x) >= 0; !r.bad {
			l.add(&x, rooms[c])
		}
		last = x
	}
}

func (s *seen) read(r *reader, room int) {
	limit := uint32(r.uint(4))
	n := int(r.uint(2))
	for i := 0; i < n && !r.bad; i++ {
		x := r.slot()
		r.bad = r.bad || len(s.slots) > 0 && s.slots[len(s.slots)-1].Hash >= x.Hash || limit != 0 && x.Hash >= limit
		s.add(&x, room)
	}
	if s.limit == 0 || limit != 0 && limit < s.limit {
		s.limit = limit
	}
}

// reader takes bytes off the front until there are too few.
type reader struct {
	b       []byte
	opBytes int
	bad     bool
}

func (r *reader) take(n int) []byte {
	if r.bad || len(r.b) < n {
		r.bad = true
		return make([]byte, n)
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) uint(n int) uint64 {
	var b [8]byte
	copy(b[:], r.take(n))
	return binary.LittleEndian.Uint64(b[:])
}

// ops takes a set of operations.
func (r *reader) ops() Ops {
	o := Ops(r.uint(r.opBytes))
	if r.bad = r.bad || o>>opCount != 0; r.bad {
		return 0
	}
	return o
}

// slot takes a Slot. What was never seen has none, and the last day is always one of the days.
func (r *reader) slot() Slot {
	s := Slot{Hash: uint32(r.uint(4)), First: baseline.Day(r.uint(2)), Last: baseline.Day(r.uint(2)), Days: r.uint(8)}
	r.bad = r.bad || s.Days&1 == 0 || s.First > s.Last
	return s
}

// read takes a Read.
func (r *reader) read(c Class) Read {
	name := string(r.take(int(r.uint(1))))
	x := Read{Class: c, Object: name, Origin: Origin{ASN: uint32(r.uint(4))}}
	from := netip.AddrFrom16([16]byte(r.take(16))).Unmap()
	if !from.IsUnspecified() {
		x.From = from
	}
	x.fromAt = uint8(r.uint(1))
	if x.Origin.ASN == 0 && x.From.IsValid() {
		x.Origin.Prefix = baseline.NetworkPrefix(x.From)
	}
	x.Day, x.Hours, x.Ops = baseline.Day(r.uint(2)), uint32(r.uint(3)), r.ops()
	n := int(r.uint(1))
	r.bad = r.bad || n > maxVersions || name == "" || text(name, c.maxName()) != name || x.Hours == 0 || x.Ops == 0 || x.fromAt > 23
	for i := 0; i < n && !r.bad; i++ {
		x.Last[i] = Version{[16]byte(r.take(16)), uint8(r.uint(1))}
		r.bad = r.bad || x.Last[i].ID == [16]byte{} || x.Last[i].Hour > 23 || i > 0 && !x.Last[i-1].before(x.Last[i])
	}
	return x
}
