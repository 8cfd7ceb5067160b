package exposure

import "encoding/binary"

// MaxBytes bounds an encoded Index. A principal that lives on a dozen secrets has less than 2 KiB.
const MaxBytes = 48 << 10

// indexVersion 2 says how many operations it knows, and has four bytes for a set of them. Version 1 knew sixteen, and had
// two.
const (
	indexVersion = 2
	opBytes      = 4
)

// AppendBinary appends the encoded index to b: equal indexes have equal bytes.
//
// The form is a version byte, the number of classes and that of operations; per class whether there was more (1 byte), the
// number of Reads (2) and these; then the two sets of what was seen, each the limit (4), the number of slots (2) and these by
// hash; then which operations there were (4), and a slot for each. All integers are little-endian.
func (x *Index) AppendBinary(b []byte) ([]byte, error) {
	b = append(b, indexVersion, byte(classes), opCount)
	for c := range x.lists {
		b = x.lists[c].append(b)
	}
	b = x.objects.append(b)
	b = x.vaults.append(b)
	present := uint32(0)
	for i := range x.ops {
		if x.ops[i].Days != 0 {
			present |= 1 << i
		}
	}
	b = binary.LittleEndian.AppendUint32(b, present)
	for i := range x.ops {
		if x.ops[i].Days != 0 {
			b = x.ops[i].append(b)
		}
	}
	return b, nil
}

func (l *list) append(b []byte) []byte {
	more := byte(0)
	if l.more {
		more = 1
	}
	b = append(b, more)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(l.reads)))
	for i := range l.reads {
		b = l.reads[i].append(b)
	}
	return b
}

// append writes a Read: length and name, system (4 bytes), address (16) and its hour (1), day (2), hours (3), operations (4),
// and the number of versions (1) with id (16) and hour (1) each. Its origin's prefix is that of its address.
func (r *Read) append(b []byte) []byte {
	b = append(b, byte(len(r.Object)))
	b = append(b, r.Object...)
	b = binary.LittleEndian.AppendUint32(b, r.Origin.ASN)
	var from [16]byte
	if r.From.IsValid() {
		from = r.From.As16()
	}
	b = append(b, from[:]...)
	b = append(b, r.fromAt)
	b = binary.LittleEndian.AppendUint16(b, uint16(r.Day))
	b = append(b, byte(r.Hours), byte(r.Hours>>8), byte(r.Hours>>16))
	b = binary.LittleEndian.AppendUint32(b, uint32(r.Ops))
	n := len(r.Versions())
	b = append(b, byte(n))
	for _, v := range r.Last[:n] {
		b = append(append(b, v.ID[:]...), v.Hour)
	}
	return b
}

func (s *seen) append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, s.limit)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(s.slots)))
	for i := range s.slots {
		b = s.slots[i].append(b)
	}
	return b
}

func (s *Slot) append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, s.Hash)
	b = binary.LittleEndian.AppendUint16(b, uint16(s.First))
	b = binary.LittleEndian.AppendUint16(b, uint16(s.Last))
	return binary.LittleEndian.AppendUint64(b, s.Days)
}
