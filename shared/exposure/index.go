package exposure

import (
	"slices"

	"rekey/shared/baseline"
	"rekey/shared/event"
)

// Keep is for how many days upkeep leaves what is known: longer than an intruder's usual stay before he is found.
const Keep = 180

// Index is what one principal has read. The zero Index is empty and ready. It is not safe for concurrent use.
type Index struct {
	lists   [classes]list
	objects seen
	vaults  seen
	ops     [opCount]Slot // by operation, exact: Days is 0 when there was none
}

// Observe adds what a record says, and reports whether it says anything.
func (x *Index) Observe(h baseline.Hasher, e *event.Event) bool {
	f, ok := FactOf(e)
	if !ok {
		return false
	}
	r := newRead(&f, e)
	x.lists[r.Class].add(&r, rooms[r.Class])
	if r.Class == ClassDenied {
		return true // what was refused makes nothing familiar
	}
	s := Slot{First: r.Day, Last: r.Day, Days: 1}
	s.Hash = hash(h, f.key())
	x.objects.add(&s, maxObjects)
	if f.Vault != "" {
		s.Hash = hash(h, f.Vault)
		x.vaults.add(&s, maxVaults)
	}
	s.Hash = 0
	x.op(f.Op.index(), &s)
	return true
}

// key is what makes an object familiar: for values that were handed out the object, for all else the operation, too.
// Who has listed a vault has not read from it.
func (f *Fact) key() string {
	if f.Op.Expose() {
		return f.Object
	}
	return f.Op.String() + " " + f.Object
}

func (x *Index) op(i int, s *Slot) {
	if x.ops[i].Days == 0 {
		x.ops[i] = *s
		return
	}
	x.ops[i].join(s)
}

// Merge adds what y knows. It is commutative, associative and idempotent.
func (x *Index) Merge(y *Index) {
	for c := range x.lists {
		x.lists[c].merge(&y.lists[c], rooms[c])
	}
	x.objects.merge(&y.objects, maxObjects)
	x.vaults.merge(&y.vaults, maxVaults)
	for i := range y.ops {
		if y.ops[i].Days != 0 {
			x.op(i, &y.ops[i])
		}
	}
}

// Empty reports whether nothing is known.
func (x *Index) Empty() bool {
	for i := range x.ops {
		if x.ops[i].Days != 0 {
			return false
		}
	}
	for c := range x.lists {
		if len(x.lists[c].reads) > 0 {
			return false
		}
	}
	return true
}

// More reports whether there was more of a class than is kept, ever: then a list of Reads is the newest ones and not
// all of them, and a plan has to say so.
func (x *Index) More(c Class) bool { return x.lists[c].more }

// Outdated reports whether Forget would drop anything.
func (x *Index) Outdated(d baseline.Day) bool {
	for c := range x.lists {
		if slices.ContainsFunc(x.lists[c].reads, func(r Read) bool { return r.Day < d }) {
			return true
		}
	}
	old := func(s Slot) bool { return s.Days != 0 && s.Last < d }
	return slices.ContainsFunc(x.objects.slots, old) || slices.ContainsFunc(x.vaults.slots, old) || slices.ContainsFunc(x.ops[:], old)
}

// Forget drops what last happened before a day; only upkeep does. The flags of More stay: what fell out may be newer.
func (x *Index) Forget(d baseline.Day) {
	for c := range x.lists {
		x.lists[c].reads = slices.DeleteFunc(x.lists[c].reads, func(r Read) bool { return r.Day < d })
	}
	for _, s := range []*seen{&x.objects, &x.vaults} {
		s.slots = slices.DeleteFunc(s.slots, func(s Slot) bool { return s.Last < d })
	}
	for i := range x.ops {
		if x.ops[i].Last < d {
			x.ops[i] = Slot{}
		}
	}
}
