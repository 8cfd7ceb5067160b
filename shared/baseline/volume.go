package baseline

import (
	"math"
	"math/bits"
)

// A sketch counts distinct ids in 64 bits: sixteen 4-bit registers of a HyperLogLog (Flajolet et al., 2007). Merging
// is the maximum of each register, so counting an id twice changes nothing. The standard error is 26 %, enough to
// tell five sign-ins from fifty; it saturates at about 500,000.
type sketch uint64

func (s sketch) add(hash uint64) sketch {
	register := hash & 15
	rank := uint64(min(bits.LeadingZeros64(hash)+1, 15))
	return s.join(sketch(rank << (4 * register)))
}

func (s sketch) join(t sketch) sketch {
	var out sketch
	for i := 0; i < 64; i += 4 {
		out |= max(s>>i&15, t>>i&15) << i
	}
	return out
}

// estimate returns about how many distinct ids were added.
func (s sketch) estimate() float64 {
	const m, alpha = 16, 0.673
	sum, empty := 0.0, 0
	for i := 0; i < 64; i += 4 {
		r := int(s >> i & 15)
		if r == 0 {
			empty++
		}
		sum += math.Ldexp(1, -r)
	}
	e := alpha * m * m / sum
	if e <= 2.5*m && empty > 0 {
		return m * math.Log(float64(m)/float64(empty))
	}
	return e
}

// Volume is the number of distinct ids on each of the last 64 days.
type Volume struct {
	newest Day
	days   [64]sketch // days[i]: i days before newest
}

// add counts an id, given by its hash, on a day. A day before the window is ignored.
func (v *Volume) add(d Day, hash uint64) {
	v.advance(d)
	if i := int(v.newest) - int(d); i < len(v.days) {
		v.days[i] = v.days[i].add(hash)
	}
}

func (v *Volume) advance(d Day) {
	n := int(d) - int(v.newest)
	if n <= 0 {
		return
	}
	var days [64]sketch
	if n < len(days) {
		copy(days[n:], v.days[:])
	}
	v.days, v.newest = days, d
}

func (v *Volume) merge(w *Volume) {
	v.advance(w.newest)
	shift := int(v.newest) - int(w.newest)
	for i := 0; i+shift < len(v.days); i++ {
		v.days[i+shift] = v.days[i+shift].join(w.days[i])
	}
}

// On estimates how many distinct ids were counted on a day.
func (v *Volume) On(d Day) float64 {
	i := int(v.newest) - int(d)
	if i < 0 || i >= len(v.days) {
		return 0
	}
	return v.days[i].estimate()
}

// MaxBefore estimates the largest day of the window before d.
func (v *Volume) MaxBefore(d Day) float64 {
	most := 0.0
	for n := 1; n <= Window && n <= int(d); n++ {
		most = max(most, v.On(d-Day(n)))
	}
	return most
}
