package exposure

import (
	"slices"
	"time"

	"rekey/shared/baseline"
)

// Until returns a copy without what was read after a time: of a principal that was locked out and let in again, what is
// its own again. It is exact to the hour: what was read in the hour of t stays.
func (x *Index) Until(t time.Time) *Index {
	out := *x
	day, hour := baseline.DayOf(t.UTC()), t.UTC().Hour()
	for c := range out.lists {
		reads := slices.DeleteFunc(slices.Clone(out.lists[c].reads), func(r Read) bool { return r.Day > day })
		for i := range reads {
			if r := &reads[i]; r.Day == day {
				r.until(uint8(hour)) //nolint:gosec // below 24
			}
		}
		out.lists[c].reads = slices.DeleteFunc(reads, func(r Read) bool { return r.Hours == 0 })
	}
	return &out
}

func (r *Read) until(hour uint8) {
	r.Hours &= 1<<(hour+1) - 1
	var kept [maxVersions]Version
	n := 0
	for _, v := range r.Last {
		if v.ID != [16]byte{} && v.Hour <= hour {
			kept[n] = v
			n++
		}
	}
	r.Last = kept
}
