package baseline

import (
	"math"
	"math/bits"
)

// Ages of a principal, in days since its first sign-in, at which novelty is counted apart: the young show new things
// far more often than the old.
const (
	AgeYoung = iota // within the first week
	AgeMiddle
	AgeOld // after three weeks
	Ages   // how many there are
)

// AgeOf returns the bucket of an age in days.
func AgeOf(days int) int {
	switch {
	case days < 7:
		return AgeYoung
	case days < 21:
		return AgeMiddle
	}
	return AgeOld
}

// halfLife is after how many days an arrival, and a day without one, counts half.
const halfLife = 30

var weight = func() (w [64]float64) {
	for i := range w {
		w[i] = math.Exp2(-float64(i) / halfLife)
	}
	return w
}()

// Arrivals returns how many values of the property first appeared after the principal's first LearningDays, recent ones
// counting more. Of a full property the slots are a sample, and the count is scaled up.
func (v View) Arrivals(p Property) float64 {
	n := 0.0
	set := &v.profile.sets[p]
	for i := range set.slots {
		if s := &set.slots[i]; v.arrived(s) {
			n += weight[min(63, max(0, int(v.end)-1-int(s.First)))]
		}
	}
	return n * set.scale()
}

// Exposure returns the active days in which arrivals could have shown, those after the first LearningDays, recent ones
// counting more.
func (v View) Exposure() float64 {
	sum := 0.0
	for rest := v.exposed(); rest != 0; rest &= rest - 1 {
		sum += weight[bits.TrailingZeros64(rest)]
	}
	return sum
}

// exposed returns the active days of the window without the first LearningDays.
func (v View) exposed() uint64 {
	days := int(v.end) - int(v.first) - LearningDays // so many days of the window lie after learning
	if days <= 0 {
		return 0
	}
	return v.active & (1<<min(days, 63) - 1)
}

// arrived reports whether a slot's value appeared in the window and after the days of learning.
func (v View) arrived(s *Slot) bool {
	return s.First < v.day && int(v.end)-int(s.First) <= Window && int(s.First) >= int(v.first)+LearningDays
}

// scale is how many values each slot of a full property stands for: its hashes are the smallest ones, so the largest of
// them tells how densely all lie.
func (s *set) scale() float64 {
	if !s.overflow || len(s.slots) == 0 {
		return 1
	}
	largest := float64(s.slots[len(s.slots)-1].Hash) + 1
	return max(1, (1<<32)/largest*float64(len(s.slots)-1)/float64(len(s.slots)))
}
