package baseline

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"rekey/shared/fault"
)

// maxArrivals and maxFailures bound the visits that are remembered of a network: the newest of each sort, so that a
// flood of failures cannot push out who got in.
const (
	maxArrivals = 32
	maxFailures = 16
)

// Visit is one principal's first appearance from an address on a day, or a failed try to be one.
type Visit struct {
	Principal string    `json:"principal"` // its key
	From      string    `json:"from"`      // the address
	Time      time.Time `json:"time"`      // of the first record of the day, to the minute
	Failed    bool      `json:"failed,omitempty"`
	Detection string    `json:"detection,omitempty"` // id of the detection it is part of
}

// Visits are who came lately from a network that was new for him. Like Profile they merge in any order: the newest
// survive. The zero Visits are empty and ready.
type Visits struct{ list []Visit }

// Add keeps a visit. A principal has one an address and day, the earliest.
func (v *Visits) Add(x Visit) {
	x.Time = x.Time.UTC().Truncate(time.Minute)
	x.Principal, x.From, x.Detection = printable(x.Principal, 64), printable(x.From, 45), printable(x.Detection, 52)
	for i, o := range v.list {
		if !sameVisit(o, x) {
			continue
		}
		if cmp.Or(o.Time.Compare(x.Time), cmp.Compare(x.Detection, o.Detection)) <= 0 {
			return
		}
		v.list = slices.Delete(v.list, i, i+1)
		break
	}
	i, _ := slices.BinarySearchFunc(v.list, x, newestVisit)
	v.list = slices.Insert(v.list, i, x)
	room := map[bool]int{false: maxArrivals, true: maxFailures}
	v.list = slices.DeleteFunc(v.list, func(o Visit) bool {
		room[o.Failed]--
		return room[o.Failed] < 0
	})
}

func sameVisit(a, b Visit) bool {
	return a.Principal == b.Principal && a.From == b.From && a.Failed == b.Failed && DayOf(a.Time) == DayOf(b.Time)
}

// newestVisit orders by day and not by the time within it, so that an earlier record of the same day changes no rank.
func newestVisit(a, b Visit) int {
	failed := func(v Visit) int {
		if v.Failed {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(DayOf(b.Time), DayOf(a.Time)), failed(a)-failed(b), cmp.Compare(a.Principal, b.Principal), cmp.Compare(a.From, b.From))
}

// List returns the visits, those of the newest day first. The list must not be changed.
func (v *Visits) List() []Visit { return v.list }

// Merge adds what w knows. It is commutative, associative and idempotent.
func (v *Visits) Merge(w *Visits) {
	for _, x := range w.list {
		v.Add(x)
	}
}

// Forget drops visits older than t; only upkeep does.
func (v *Visits) Forget(t time.Time) {
	v.list = slices.DeleteFunc(v.list, func(x Visit) bool { return x.Time.Before(t) })
}

const visitsVersion = 1

type visitsForm struct {
	Version int     `json:"version"`
	Visits  []Visit `json:"visits"`
}

// AppendBinary appends the encoded visits to b: equal visits have equal bytes.
func (v *Visits) AppendBinary(b []byte) ([]byte, error) {
	out, err := json.Marshal(visitsForm{visitsVersion, v.list})
	return append(b, out...), err
}

// UnmarshalBinary replaces the visits by the encoded ones, with the errors of Profile.UnmarshalBinary.
func (v *Visits) UnmarshalBinary(b []byte) error {
	var f visitsForm
	if err := json.Unmarshal(b, &f); err != nil {
		return fault.Errorf(fault.Poison, "decoding visits: %v", err)
	}
	if f.Version > visitsVersion {
		return fault.Errorf(fault.Denied, "decoding visits: version %d is newer than this program's %d: upgrade it", f.Version, visitsVersion)
	}
	*v = Visits{}
	for _, x := range f.Visits {
		v.Add(x)
	}
	return nil
}
