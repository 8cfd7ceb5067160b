package trail

import (
	"maps"
	"slices"
	"time"

	"rekey/shared/baseline"
)

// Keep is for how many days upkeep leaves what is known.
const Keep = 180

// Trail is what was changed by and on one key. The zero Trail is empty and ready. It is not safe for concurrent use.
type Trail struct {
	entries [sides][]Entry // newest first
	more    [sides]bool
	acts    map[Act]Slot // what the key did, by act
	blocks  [8]Slot      // when it acts: three hours of the day each; Days is 0 when it never did
}

// Slot is one thing that was done: on its first day, its last, and which of the 64 days up to the last one.
type Slot struct {
	First baseline.Day
	Last  baseline.Day
	Days  uint64 // bit i: i days before Last
}

func (s Slot) join(t Slot) Slot {
	switch {
	case s.Days == 0:
		return t
	case t.Days == 0:
		return s
	case t.Last < s.Last:
		s, t = t, s
	}
	if n := int(t.Last - s.Last); n < 64 {
		t.Days |= s.Days << n
	}
	t.First = min(s.First, t.First)
	return t
}

// Add keeps an entry on a side, and reports whether it was not there. One of an act that is not known is dropped.
func (t *Trail) Add(side Side, e Entry) (fresh bool) {
	if !known(e.Act) {
		return false
	}
	e = e.clean(side)
	fresh = t.insert(side, e)
	if side == By {
		day := baseline.DayOf(e.Time)
		s := Slot{First: day, Last: day, Days: 1}
		t.act(e.Act, s)
		block := e.Time.Hour() / 3
		t.blocks[block] = t.blocks[block].join(s)
	}
	return fresh
}

func (t *Trail) act(a Act, s Slot) {
	if t.acts == nil {
		t.acts = map[Act]Slot{}
	}
	t.acts[a] = t.acts[a].join(s)
}

// insert puts an entry in its place. When there is no room for its act the oldest falls out: it has enough others above
// it in any union, so it does not matter when it fell out.
func (t *Trail) insert(side Side, e Entry) (fresh bool) {
	list := t.entries[side]
	i, found := slices.BinarySearchFunc(list, e, newestFirst)
	if found {
		return false
	}
	list = slices.Insert(list, i, e)
	room, last := rooms[e.Act][side], -1
	for j := range list {
		if list[j].Act == e.Act {
			room, last = room-1, j
		}
	}
	if room < 0 {
		list, t.more[side] = slices.Delete(list, last, last+1), true
	}
	t.entries[side] = list
	return true
}

// Merge adds what u knows. It is commutative, associative and idempotent.
func (t *Trail) Merge(u *Trail) {
	for side := range sides {
		for _, e := range u.entries[side] {
			t.insert(side, e)
		}
		t.more[side] = t.more[side] || u.more[side]
	}
	for a, s := range u.acts {
		t.act(a, s)
	}
	for i := range u.blocks {
		t.blocks[i] = t.blocks[i].join(u.blocks[i])
	}
}

// Empty reports whether nothing is known.
func (t *Trail) Empty() bool {
	return len(t.entries[By]) == 0 && len(t.entries[On]) == 0 && len(t.acts) == 0
}

// Outdated reports whether Forget would drop anything.
func (t *Trail) Outdated(d baseline.Day) bool {
	old := func(e Entry) bool { return baseline.DayOf(e.Time) < d }
	if slices.ContainsFunc(t.entries[By], old) || slices.ContainsFunc(t.entries[On], old) {
		return true
	}
	for _, s := range t.acts {
		if s.Last < d {
			return true
		}
	}
	return slices.ContainsFunc(t.blocks[:], func(s Slot) bool { return s.Days != 0 && s.Last < d })
}

// Forget drops what last happened before a day; only upkeep does.
func (t *Trail) Forget(d baseline.Day) {
	for side := range sides {
		t.entries[side] = slices.DeleteFunc(t.entries[side], func(e Entry) bool { return baseline.DayOf(e.Time) < d })
	}
	maps.DeleteFunc(t.acts, func(_ Act, s Slot) bool { return s.Last < d })
	for i := range t.blocks {
		if t.blocks[i].Last < d {
			t.blocks[i] = Slot{}
		}
	}
}

// Entries returns what was done by or on the key at or after a time, newest first, of the acts that are named, or of all.
// It is complete unless More says that some fell out.
func (t *Trail) Entries(side Side, from time.Time, acts ...Act) []Entry {
	var out []Entry
	for _, e := range t.entries[side] {
		if !e.Time.Before(from) && (len(acts) == 0 || slices.Contains(acts, e.Act)) {
			out = append(out, e)
		}
	}
	return out
}

// More reports whether there was ever more of a side than is kept.
func (t *Trail) More(side Side) bool { return t.more[side] }
