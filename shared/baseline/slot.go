package baseline

import (
	"math/bits"
	"slices"
)

// MaxSlots is how many values a property keeps.
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

// activeBefore counts the active days of the window before day d.
func (s Slot) activeBefore(d Day) int { return bits.OnesCount64(s.before(d)) }

// set is the values of one property: the MaxSlots smallest hashes, in order of hash, and whether there were more.
// By keyed hash alone, because any order that looks at dates is not associative.
type set struct {
	slots    []Slot
	overflow bool
}

func (s *set) add(x Slot) {
	i, found := slices.BinarySearchFunc(s.slots, x.Hash, func(a Slot, h uint32) int {
		return compareHash(a.Hash, h)
	})
	switch {
	case found:
		s.slots[i] = s.slots[i].join(x)
	case i == MaxSlots:
		s.overflow = true
	default:
		s.slots = slices.Insert(s.slots, i, x)
		if len(s.slots) > MaxSlots {
			s.slots, s.overflow = s.slots[:MaxSlots], true
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

func (s *set) merge(t *set) {
	for _, x := range t.slots {
		s.add(x)
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
