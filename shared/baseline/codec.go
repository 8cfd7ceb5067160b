package baseline

import (
	"encoding/binary"

	"rekey/shared/fault"
)

// MaxProfileBytes bounds an encoded Profile.
const MaxProfileBytes = 4 << 10

const (
	profileVersion = 1
	slotBytes      = 17 // hash 4, first day 2, last hour 3, days 8
	dayBytes       = 2
	hourBytes      = 3
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
	return p.volume.days.append(b, dayBytes), nil
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

// append writes the newest period in width bytes, a bitmap of the periods that have a sketch, and the sketches.
func (s *series[A]) append(b []byte, width int) []byte {
	for i := range width {
		b = append(b, byte(s.newest>>(8*i)))
	}
	bitmap := len(b)
	b = append(b, make([]byte, len(s.at)/8)...)
	for i := 0; i < len(s.at); i++ {
		if s.at[i] != 0 {
			b[bitmap+i/8] |= 1 << (i % 8)
			b = binary.LittleEndian.AppendUint64(b, uint64(s.at[i]))
		}
	}
	return b
}

func (s *series[A]) read(r *reader, width int) {
	for i, x := range r.take(width) {
		s.newest |= int(x) << (8 * i)
	}
	bitmap := r.take(len(s.at) / 8)
	for i := 0; i < len(s.at) && !r.bad; i++ {
		if bitmap[i/8]&(1<<(i%8)) == 0 {
			continue
		}
		if x := r.take(8); !r.bad {
			s.at[i] = sketch(binary.LittleEndian.Uint64(x))
			r.bad = s.at[i] == 0
		}
	}
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
	for i := range Property(b[1]) {
		p.sets[i].read(&r, i.room())
	}
	p.volume.days.read(&r, dayBytes)
	if r.bad || len(r.b) != 0 {
		return fault.Errorf(fault.Poison, "decoding profile: damaged, %d bytes in all", len(b))
	}
	return nil
}

// read takes the slots of a property. A predecessor of this code may have kept more than there is room for.
func (s *set) read(r *reader, room int) {
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
	if n > room {
		s.slots, s.overflow = s.slots[:room], true
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
