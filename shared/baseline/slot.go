package baseline

import (
	"math/bits"
	"slices"
)

// MaxSlots is how many values a property keeps at most.
const MaxSlots = 16

// Slot is one value of a property: when it was first seen, when last, and on which days.
type Slot struct {
	Hash  uint32
	First Day
	Last  Hour
	Days  uint64 // bit i: active on the day i days before Last's
}

// join merges two slots of the same value.
func (s Slot) join(t Slot) Slot {
	if t.Last < s.Last {
		s, t = t, s
	}
	t.Days |= shiftBack(s.Days, int(t.Last.Day())-int(s.Last.Day()))
	t.First = min(s.First, t.First)
	return t
}

// shiftBack moves a bitmap n days into the past; days older than 63 fall out.
func shiftBack(days uint64, n int) uint64 {
	if n > 63 {
		return 0
	}
	return days << n
}

// before returns the days of the window before day d, bit 0 being the day before d.
func (s Slot) before(d Day) uint64 {
	n := int(d) - 1 - int(s.Last.Day())
	const window = 1<<Window - 1
	if n >= 0 {
		return shiftBack(s.Days, n) & window
	}
	if n < -63 {
		return 0
	}
	return s.Days >> -n & window
}

// lastBefore returns the last active day before d, and false if there is none. Where the bitmap has moved on, the first
// day stands for what it has lost.
func (s Slot) lastBefore(d Day) (Day, bool) {
	if s.First >= d {
		return 0, false
	}
	later := int(s.Last.Day()) - int(d) + 1 // so many of the bitmap's days are d or later
	if later <= 0 {
		return s.Last.Day(), true
	}
	if later < 64 && s.Days>>later != 0 {
		return d - 1 - Day(bits.TrailingZeros64(s.Days>>later)), true
	}
	return s.First, true
}

// activeOn reports whether the value was active on day d, as far as the bitmap still tells.
func (s Slot) activeOn(d Day) bool {
	n := int(s.Last.Day()) - int(d)
	return n >= 0 && n < 64 && s.Days>>n&1 != 0
}

// activeBefore counts the active days of the window before day d.
func (s Slot) activeBefore(d Day) int { return bits.OnesCount64(s.before(d)) }

// set is the values of one property: its smallest hashes, as many as it has room for, in order of hash, and whether
// there were more.
// By keyed hash alone, because any order that looks at dates is not associative.
type set struct {
	slots    []Slot
	overflow bool
}

func (s *set) add(x Slot, room int) {
	i, found := slices.BinarySearchFunc(s.slots, x.Hash, func(a Slot, h uint32) int {
		return compareHash(a.Hash, h)
	})
	switch {
	case found:
		s.slots[i] = s.slots[i].join(x)
	case i == room:
		s.overflow = true
	default:
		s.slots = slices.Insert(s.slots, i, x)
		if len(s.slots) > room {
			s.slots, s.overflow = s.slots[:room], true
		}
	}
}

func compareHash(a, b uint32) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (s *set) merge(t *set, room int) {
	for _, x := range t.slots {
		s.add(x, room)
	}
	s.overflow = s.overflow || t.overflow
}

func (s *set) find(hash uint32) (Slot, bool) {
	for i := range s.slots {
		if s.slots[i].Hash == hash {
			return s.slots[i], true
		}
	}
	return Slot{}, false
}
