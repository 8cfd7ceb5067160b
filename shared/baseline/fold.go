package baseline

import (
	"cmp"
	"math/bits"
	"slices"
)

// Fold builds a snapshot for a day from profiles. Another order gives the same snapshot but for rounding.
type Fold struct {
	day        Day
	principals int
	activeDays [Ages]float64
	arrivals   [Ages]Rates
	settled    float64 // principals that are old enough to have a rate of their own
	sum, sum2  Rates   // of their rates, and of the squares
	exposure   float64 // of the inverses of their active days
	adopters   map[Property]map[uint32]adoption
}

// NewFold begins a snapshot of what was before a day.
func NewFold(d Day) *Fold {
	f := &Fold{day: d, adopters: map[Property]map[uint32]adoption{}}
	for _, p := range counted {
		f.adopters[p] = map[uint32]adoption{}
	}
	return f
}

// Add counts one principal.
func (f *Fold) Add(p *Profile) {
	v := p.Before(f.day)
	if v.active == 0 || v.Silence() >= Window {
		return
	}
	f.principals++
	for rest := v.exposed(); rest != 0; rest &= rest - 1 {
		f.activeDays[AgeOf(int(v.end)-1-bits.TrailingZeros64(rest)-int(v.first))]++
	}
	days := float64(bits.OnesCount64(v.exposed()))
	old := days >= rateDays
	if old {
		f.settled++
		f.exposure += 1 / days
	}
	for prop := range Properties {
		own := f.addArrivals(v, prop)
		if rate := own / days; old {
			f.sum[prop] += rate
			f.sum2[prop] += rate * rate
		}
	}
	for _, prop := range counted {
		for _, s := range p.sets[prop].slots {
			f.adopt(prop, s)
		}
	}
}

// rateDays is how many active days make a rate of one's own.
const rateDays = 7

// addArrivals counts a principal's arrivals of a property by its age, and returns how many they are.
func (f *Fold) addArrivals(v View, prop Property) (all float64) {
	set := &v.profile.sets[prop]
	for i := range set.slots {
		if s := &set.slots[i]; v.arrived(s) {
			f.arrivals[AgeOf(int(s.First)-int(v.first))][prop] += set.scale()
			all += set.scale()
		}
	}
	return all
}

// shape estimates by moments how much rates differ beyond what chance alone makes of equal ones.
func (f *Fold) shape(p Property) float64 {
	if f.settled < minFleet || f.sum[p] == 0 {
		return priorShape
	}
	mean := f.sum[p] / f.settled
	variance := f.sum2[p]/f.settled - mean*mean
	excess := variance - mean*f.exposure/f.settled // a count of rate m over n days varies by m/n
	if excess <= 0 {
		return maxShape
	}
	return max(minShape, min(mean*mean/excess, maxShape))
}

func (f *Fold) adopt(p Property, s Slot) {
	if s.before(f.day) == 0 {
		return
	}
	a := f.adopters[p][s.Hash]
	a.all++
	if int(f.day)-int(s.First) <= recentDays {
		a.recent++
	}
	f.adopters[p][s.Hash] = a
}

// Fleet returns the snapshot. Rates are the measured ones, shrunk to the prior by priorDays.
func (f *Fold) Fleet() *Fleet {
	out := &Fleet{ID: f.day.String(), Principals: f.principals, adopters: map[Property]map[uint32]adoption{}}
	for age := range Ages {
		for p := range Properties {
			out.Rates[age][p] = (f.arrivals[age][p] + priorDays*priorRates[p]) / (f.activeDays[age] + priorDays)
		}
	}
	for p := range Properties {
		out.Shape[p] = f.shape(p)
	}
	for p, values := range f.adopters {
		out.adopters[p] = common(values)
	}
	return out
}

// common keeps the values that enough principals show, the most common ones if there are too many.
func common(values map[uint32]adoption) map[uint32]adoption {
	hashes := make([]uint32, 0, len(values))
	for h, a := range values {
		if a.all >= minAdopters {
			hashes = append(hashes, h)
		}
	}
	slices.SortFunc(hashes, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(values[b].all, values[a].all), cmp.Compare(a, b))
	})
	out := map[uint32]adoption{}
	for _, h := range hashes[:min(len(hashes), maxCounted)] {
		out[h] = values[h]
	}
	return out
}
