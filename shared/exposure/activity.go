package exposure

import (
	"maps"
	"math/bits"
	"net/netip"
	"slices"
	"time"

	"rekey/shared/baseline"
	"rekey/shared/event"
)

// maxActivity bounds what is looked at of one class, principal and day.
const maxActivity = 2048

// refusedFor is for how many days a refusal is remembered against what is handed out later.
const refusedFor = 7

// Activity is what a principal did on one day: of the stream the part of its Index that is of the day, of a log the
// day's events. Like an Index it merges in any order.
type Activity struct {
	day   baseline.Day
	lists [classes]list
}

// NewActivity returns an empty one.
func NewActivity(d baseline.Day) *Activity { return &Activity{day: d} }

// On returns what the index knows of a day; what was done to the same object from the same origin on a later day has
// replaced it. Refusals of the days before are included.
func (x *Index) On(d baseline.Day) *Activity {
	a := NewActivity(d)
	for c := range x.lists {
		for i := range x.lists[c].reads {
			a.add(&x.lists[c].reads[i])
		}
	}
	return a
}

// Add adds an event, if it is of the day and says anything.
func (a *Activity) Add(e *event.Event) {
	if f, ok := FactOf(e); ok {
		r := newRead(&f, e)
		a.add(&r)
	}
}

// Merge adds what b knows of the same day.
func (a *Activity) Merge(b *Activity) {
	for c := range b.lists {
		for i := range b.lists[c].reads {
			a.add(&b.lists[c].reads[i])
		}
	}
}

func (a *Activity) add(r *Read) {
	lately := r.Class == ClassDenied && r.Day < a.day && int(a.day)-int(r.Day) <= refusedFor
	if r.Day == a.day || lately {
		a.lists[r.Class].add(r, maxActivity)
	}
}

// reads returns the Reads of a class that hold one of the operations.
func (a *Activity) reads(c Class, ops Ops) []Read {
	n := 0
	for i := range a.lists[c].reads {
		if a.lists[c].reads[i].Ops.Has(ops) {
			n++
		}
	}
	out := make([]Read, 0, n)
	for i := range a.lists[c].reads {
		if a.lists[c].reads[i].Ops.Has(ops) {
			out = append(out, a.lists[c].reads[i])
		}
	}
	return out
}

// Exposed returns the Reads of the day that handed out values of vault objects.
func (a *Activity) Exposed() []Read { return a.reads(ClassObject, opsOfExposure) }

// Content returns the Reads of the day that read mail or files.
func (a *Activity) Content() []Read { return a.reads(ClassCall, OpMail|OpFiles) }

// Busiest returns the hour in which values of the most distinct objects were handed out, and the Reads.
func (a *Activity) Busiest() (hour int, reads []Read) {
	var objects [24]int
	var last [24]string // Reads are in the order of their objects
	all := a.Exposed()
	for i := range all {
		for rest := all[i].Hours; rest != 0; rest &= rest - 1 {
			h := bits.TrailingZeros32(rest)
			if last[h] != all[i].Object {
				objects[h]++
				last[h] = all[i].Object
			}
			if objects[h] > objects[hour] || objects[h] == objects[hour] && h < hour {
				hour = h
			}
		}
	}
	return hour, slices.DeleteFunc(all, func(r Read) bool { return r.Hours&(1<<hour) == 0 })
}

// FirstReads returns the Reads of objects whose value had not been handed out to the principal before.
func (a *Activity) FirstReads(v View) []Read {
	return slices.DeleteFunc(a.Exposed(), func(r Read) bool { return v.Did(OpGet, r.Object) != New })
}

// after returns the Reads that go on in the hour of t or later: hours are all that is known of an order.
func after(reads []Read, t time.Time) []Read {
	return slices.DeleteFunc(slices.Clone(reads), func(r Read) bool { return !r.End().After(t) })
}

// byVault sorts Reads by their vault.
func byVault(reads []Read) map[string][]Read {
	out := map[string][]Read{}
	for i := range reads {
		if name := reads[i].Vault(); name != "" {
			out[name] = append(out[name], reads[i])
		}
	}
	return out
}

func sortedKeys(m map[string][]Read) []string { return slices.Sorted(maps.Keys(m)) }

// objectsOf returns the names, each once, sorted.
func objectsOf(reads []Read) []string {
	out := make([]string, 0, len(reads))
	for i := range reads {
		out = append(out, reads[i].Object)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// span returns when the first of the Reads began and the last ended, and the addresses they came from.
func span(reads []Read) (first, last time.Time, from []netip.Addr) {
	for i := range reads {
		r := &reads[i]
		if t := r.First(); first.IsZero() || t.Before(first) {
			first = t
		}
		if t := r.End(); t.After(last) {
			last = t
		}
		if r.From.IsValid() {
			from = append(from, r.From)
		}
	}
	slices.SortFunc(from, netip.Addr.Compare)
	return first, last, slices.Compact(from)
}
