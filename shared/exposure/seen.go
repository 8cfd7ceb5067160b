package exposure

import (
	"math/bits"
	"slices"

	"rekey/shared/baseline"
)

const (
	maxObjects = 256
	maxVaults  = 64
)

// Slot is one thing that was seen: on its first day, its last, and which of the 64 days up to the last one.
type Slot struct {
	Hash  uint32 // keyed; see baseline.Hasher
	First baseline.Day
	Last  baseline.Day
	Days  uint64 // bit i: i days before Last
}

func (s *Slot) join(t *Slot) {
	if t.Last < s.Last {
		s.Days |= back(t.Days, int(s.Last-t.Last))
	} else {
		s.Days = t.Days | back(s.Days, int(t.Last-s.Last))
		s.Last = t.Last
	}
	s.First = min(s.First, t.First)
}

// back moves a bitmap n days into the past; days older than 63 fall out.
func back(days uint64, n int) uint64 {
	if n > 63 {
		return 0
	}
	return days << n
}

// before returns the days before d, bit 0 being the day before d, as far as the bitmap tells.
func (s *Slot) before(d baseline.Day) uint64 {
	n := int(d) - 1 - int(s.Last)
	if n >= 0 {
		return back(s.Days, n)
	}
	if n < -63 {
		return 0
	}
	return s.Days >> -n
}

// activeBefore counts the days before d.
func (s *Slot) activeBefore(d baseline.Day) int { return bits.OnesCount64(s.before(d)) }

// seen is a set of what was ever seen: all of it, or when there is no room those with the smallest hashes. Hashes are
// keyed, so an intruder who may name objects cannot choose which of them stay. The limit is the smallest hash that there
// was no room for; 0 when there was room for all. It outlives what upkeep forgets.
type seen struct {
	slots []Slot // by hash
	limit uint32
}

func (s *seen) find(hash uint32) (int, bool) {
	return slices.BinarySearchFunc(s.slots, hash, func(a Slot, h uint32) int {
		switch {
		case a.Hash < h:
			return -1
		case a.Hash > h:
			return 1
		}
		return 0
	})
}

func (s *seen) add(x *Slot, room int) {
	if s.beyond(x.Hash) {
		return
	}
	i, found := s.find(x.Hash)
	if found {
		s.slots[i].join(x)
		return
	}
	s.slots = slices.Insert(s.slots, i, *x)
	if len(s.slots) > room {
		s.limit = s.slots[room].Hash
		s.slots = s.slots[:room]
	}
}

// beyond reports whether there is no room for a hash, so that nothing is known of it.
func (s *seen) beyond(hash uint32) bool { return s.limit != 0 && hash >= s.limit }

func (s *seen) merge(t *seen, room int) {
	if t.limit != 0 && !s.beyond(t.limit) {
		s.limit = t.limit
		i, _ := s.find(s.limit)
		s.slots = s.slots[:i]
	}
	for i := range t.slots {
		s.add(&t.slots[i], room)
	}
}

// Novelty answers whether something is new.
type Novelty uint8

// The answers. Unknown is said where the set was too small to tell, and nothing may be concluded from it.
const (
	Unknown Novelty = iota
	New
	Known
)

// String returns the answer in words.
func (n Novelty) String() string { return [...]string{"unknown", "new", "known"}[min(n, Known)] }

// before tells whether something was seen before day d.
func (s *seen) before(hash uint32, d baseline.Day) Novelty {
	if s.beyond(hash) {
		return Unknown
	}
	if i, found := s.find(hash); found && s.slots[i].First < d {
		return Known
	}
	return New
}

// hash is the keyed hash of a name.
func hash(h baseline.Hasher, name string) uint32 { return h.String(baseline.Resource, name) }
