package baseline

import (
	"encoding/binary"
	"math/bits"

	"rekey/shared/fault"
)

// MaxProfileBytes bounds an encoded Profile.
const MaxProfileBytes = 4 << 10

const (
	profileVersion = 1
	slotBytes      = 17 // hash 4, first day 2, last hour 3, days 8
	overflowFlag   = 0x80
)

// AppendBinary appends the encoded profile to b: equal profiles have equal bytes.
//
// The form is a version byte; per property a byte of slot count and overflow flag, and the slots by hash; then the
// newest day of the volume, a bitmap of the days that have one, and their sketches. All integers are little-endian.
func (p *Profile) AppendBinary(b []byte) ([]byte, error) {
	b = append(b, profileVersion, byte(Properties))
	for i := range p.sets {
		b = p.sets[i].append(b)
	}
	return p.volume.append(b), nil
}

func (s *set) append(b []byte) []byte {
	head := byte(len(s.slots))
	if s.overflow {
		head |= overflowFlag
	}
	b = append(b, head)
	for _, x := range s.slots {
		b = binary.LittleEndian.AppendUint32(b, x.Hash)
		b = binary.LittleEndian.AppendUint16(b, uint16(x.First))
		b = append(b, byte(x.Last), byte(x.Last>>8), byte(x.Last>>16))
		b = binary.LittleEndian.AppendUint64(b, x.Days)
	}
	return b
}

func (v *Volume) append(b []byte) []byte {
	var present uint64
	for i, s := range v.days {
		if s != 0 {
			present |= 1 << i
		}
	}
	b = binary.LittleEndian.AppendUint16(b, uint16(v.newest))
	b = binary.LittleEndian.AppendUint64(b, present)
	for _, s := range v.days {
		if s != 0 {
			b = binary.LittleEndian.AppendUint64(b, uint64(s))
		}
	}
	return b
}

// UnmarshalBinary replaces the profile by the encoded one. A newer version than this code knows is an error of kind
// fault.Denied: it must not be overwritten. Damage is an error of kind fault.Poison.
func (p *Profile) UnmarshalBinary(b []byte) error {
	if len(b) < 2 {
		return fault.Errorf(fault.Poison, "decoding profile: %d bytes are too few", len(b))
	}
	if b[0] > profileVersion || b[1] > byte(Properties) {
		return fault.Errorf(fault.Denied, "decoding profile: version %d.%d is newer than this program's %d.%d: upgrade it",
			b[0], b[1], profileVersion, Properties)
	}
	*p = Profile{}
	r := reader{b: b[2:]}
	for i := range b[1] {
		p.sets[i].read(&r)
	}
	p.volume.read(&r)
	if r.bad || len(r.b) != 0 {
		return fault.Errorf(fault.Poison, "decoding profile: damaged, %d bytes in all", len(b))
	}
	return nil
}

func (s *set) read(r *reader) {
	head := r.take(1)
	if r.bad {
		return
	}
	n := int(head[0] &^ overflowFlag)
	body := r.take(n * slotBytes)
	if r.bad || n > MaxSlots {
		r.bad = true
		return
	}
	s.overflow = head[0]&overflowFlag != 0
	s.slots = make([]Slot, n, min(n+2, MaxSlots+1))
	for i := range s.slots {
		x := body[i*slotBytes:]
		s.slots[i] = Slot{
			Hash:  binary.LittleEndian.Uint32(x),
			First: Day(binary.LittleEndian.Uint16(x[4:])),
			Last:  Hour(x[6]) | Hour(x[7])<<8 | Hour(x[8])<<16,
			Days:  binary.LittleEndian.Uint64(x[9:]),
		}
		if i > 0 && s.slots[i].Hash <= s.slots[i-1].Hash {
			r.bad = true
		}
	}
}

func (v *Volume) read(r *reader) {
	head := r.take(10)
	if r.bad {
		return
	}
	v.newest = Day(binary.LittleEndian.Uint16(head))
	present := binary.LittleEndian.Uint64(head[2:])
	body := r.take(8 * bits.OnesCount64(present))
	if r.bad {
		return
	}
	for i := range v.days {
		if present&(1<<i) != 0 {
			v.days[i] = sketch(binary.LittleEndian.Uint64(body))
			body = body[8:]
			r.bad = r.bad || v.days[i] == 0
		}
	}
}

// reader takes bytes off the front until there are too few.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if r.bad || n < 0 || len(r.b) < n {
		r.bad = true
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}
