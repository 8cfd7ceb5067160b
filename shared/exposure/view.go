package exposure

import (
	"cmp"
	"math/bits"
	"slices"
	"time"

	"rekey/shared/baseline"
)

// View is an index as it was before a day: what happened on that day or later makes nothing familiar.
type View struct {
	index  *Index
	hasher baseline.Hasher
	day    baseline.Day

	// Watched is for how many days before the day such acts would have been seen. Before sets it to the days on which the
	// index has any; who knows that the log has been flowing for longer, and the principal been there, may raise it. On
	// the first days of a log everything is new, and that is no news: with 0 what is merely new shows nothing, below
	// baseline.LearningDays everything is low.
	Watched int
}

// Before returns the view for judging what happened on day d. The hasher must be the one that observed.
func (x *Index) Before(h baseline.Hasher, d baseline.Day) View {
	active := uint64(0)
	for i := range x.ops {
		if x.ops[i].Days != 0 {
			active |= x.ops[i].before(d)
		}
	}
	return View{index: x, hasher: h, day: d, Watched: bits.OnesCount64(active)}
}

// Day returns the judged day.
func (v View) Day() baseline.Day { return v.day }

// Did tells whether an operation was done to an object before. For values that were handed out it does not matter by
// which operation.
func (v View) Did(op Ops, object string) Novelty {
	f := Fact{Op: op, Object: object}
	return v.index.objects.before(hash(v.hasher, f.key()), v.day)
}

// Vault tells whether a vault was used before.
func (v View) Vault(name string) Novelty {
	return v.index.vaults.before(hash(v.hasher, name), v.day)
}

// Fresh returns those of the operations that were never done before, to whatever.
func (v View) Fresh(ops Ops) Ops {
	for i := range v.index.ops {
		if v.index.ops[i].Days != 0 && v.index.ops[i].First < v.day {
			ops &^= 1 << i
		}
	}
	return ops
}

// DaysOf counts the days, of the 64 before the judged one, on which an object's value was handed out; 0 when that is not
// known.
func (v View) DaysOf(object string) int {
	if i, ok := v.index.objects.find(hash(v.hasher, object)); ok {
		return v.index.objects.slots[i].activeBefore(v.day)
	}
	return 0
}

// Reads returns what was handed out at or after a time and has to be rotated first, newest first: secrets, backups,
// released keys, and resources whose keys were read. It is complete unless More says that there was more of a class.
// An object that was read from two origins is there twice.
func (x *Index) Reads(from time.Time) []Read {
	var out []Read
	for _, c := range []Class{ClassObject, ClassResource} {
		for _, r := range x.lists[c].reads {
			if r.Ops.Expose() && r.End().After(from) {
				out = append(out, r)
			}
		}
	}
	slices.SortFunc(out, func(a, b Read) int {
		return cmp.Or(b.End().Compare(a.End()), cmp.Compare(a.Class, b.Class), a.compare(&b))
	})
	return out
}

// Often returns what Reads does, but what was read on most days first: what the principal lives on, and what will stop
// working when it is rotated.
func (x *Index) Often(h baseline.Hasher, from time.Time) []Read {
	out := x.Reads(from)
	v := x.Before(h, 1<<16-1)
	days := make(map[string]int, len(out))
	for i := range out {
		if _, ok := days[out[i].Object]; !ok {
			days[out[i].Object] = v.daysEver(out[i].Object)
		}
	}
	slices.SortStableFunc(out, func(a, b Read) int { return cmp.Compare(days[b.Object], days[a.Object]) })
	return out
}

// daysEver counts the days of the bitmap, which ends with the last one.
func (v View) daysEver(object string) int {
	if i, ok := v.index.objects.find(hash(v.hasher, object)); ok {
		return bits.OnesCount64(v.index.objects.slots[i].Days)
	}
	return 0
}

// DaysEver counts the days, of the 64 up to its last one, on which an object's value was handed out; 0 when that is not
// known.
func (x *Index) DaysEver(h baseline.Hasher, object string) int {
	return x.Before(h, 1<<16-1).daysEver(object)
}

// Vaults returns the names of the vaults that were touched at or after a time, sorted: where the rest of the secrets
// comes next.
func (x *Index) Vaults(from time.Time) []string {
	var out []string
	for _, c := range []Class{ClassObject, ClassVault} {
		for i := range x.lists[c].reads {
			r := &x.lists[c].reads[i]
			if name := r.Vault(); name != "" && r.End().After(from) {
				out = append(out, name)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Calls returns the calls that give power or read lists of everything, made at or after a time: the newest ones, and all
// of them unless More says that there were more.
func (x *Index) Calls(from time.Time) []Read {
	var out []Read
	for _, r := range x.lists[ClassCall].reads {
		if r.End().After(from) {
			out = append(out, r)
		}
	}
	return out
}
