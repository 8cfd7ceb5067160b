package trail

import (
	"math/bits"
	"time"

	"rekey/shared/baseline"
)

// View is what a key had done before a day: what it did on that day or later makes nothing usual.
type View struct {
	trail *Trail
	day   baseline.Day
}

// Before returns the view for judging what happened on day d.
func (t *Trail) Before(d baseline.Day) View { return View{t, d} }

// Did reports whether the key did something of the kind before.
func (v View) Did(a Act) bool {
	s, ok := v.trail.acts[a]
	return ok && s.First < v.day
}

// ActiveDays counts the days, of the 64 before, on which the key changed anything.
func (v View) ActiveDays() int {
	var days uint64
	for _, s := range v.trail.acts {
		days |= s.before(v.day)
	}
	return bits.OnesCount64(days)
}

// Usual reports whether the key was active at a time of day before, three hours around it counted. It knows nothing, and
// says yes, of a key with less than baseline.LearningDays active days.
func (v View) Usual(at time.Time) bool {
	if v.ActiveDays() < baseline.LearningDays {
		return true
	}
	block := at.UTC().Hour() / 3
	for _, near := range []int{block + 7, block, block + 1} {
		if s := v.trail.blocks[near%8]; s.Days != 0 && s.First < v.day {
			return true
		}
	}
	return false
}

// before returns the days before d, bit 0 being the day before d, as far as the bitmap tells.
func (s Slot) before(d baseline.Day) uint64 {
	n := int(d) - 1 - int(s.Last)
	switch {
	case n > 63 || n < -63:
		return 0
	case n >= 0:
		return s.Days << n
	}
	return s.Days >> -n
}
