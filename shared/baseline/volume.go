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

// halves are the powers of one half.
var halves = func() (h [16]float64) {
	for i := range h {
		h[i] = math.Ldexp(1, -i)
	}
	return h
}()

// estimate returns about how many distinct ids were added.
func (s sketch) estimate() float64 {
	const m, alpha = 16, 0.673
	sum, empty := 0.0, 0
	for i := 0; i < 64; i += 4 {
		r := s >> i & 15
		if r == 0 {
			empty++
		}
		sum += halves[r]
	}
	e := alpha * m * m / sum
	if e <= 2.5*m && empty > 0 {
		return m * math.Log(float64(m)/float64(empty))
	}
	return e
}

// series counts distinct ids in each of the last periods of time: at[i] is the period i before the newest.
type series[A [24]sketch | [64]sketch | [168]sketch] struct {
	newest int
	at     A
}

// add counts an id, given by its hash, in a period. One before the oldest is ignored.
func (s *series[A]) add(period int, hash uint64) {
	s.advance(period)
	if i := s.newest - period; i < len(s.at) {
		s.at[i] = s.at[i].add(hash)
	}
}

func (s *series[A]) advance(to int) {
	n := to - s.newest
	if n <= 0 {
		return
	}
	var moved A
	for i := n; i < len(s.at); i++ {
		moved[i] = s.at[i-n]
	}
	s.at, s.newest = moved, to
}

func (s *series[A]) merge(t *series[A]) {
	s.advance(t.newest)
	shift := s.newest - t.newest
	for i := 0; i+shift < len(s.at); i++ {
		s.at[i+shift] = s.at[i+shift].join(t.at[i])
	}
}

// on estimates how many distinct ids were counted in a period.
func (s *series[A]) on(period int) float64 {
	i := s.newest - period
	if i < 0 || i >= len(s.at) || s.at[i] == 0 {
		return 0
	}
	return s.at[i].estimate()
}

// most estimates the largest of the periods from one to before another.
func (s *series[A]) most(from, before int) float64 {
	most := 0.0
	for i := max(0, s.newest-before+1); i < len(s.at) && s.newest-i >= from; i++ {
		if s.at[i] != 0 {
			most = max(most, s.at[i].estimate())
		}
	}
	return most
}

// Volume is the number of distinct ids on each of the last 64 days.
type Volume struct{ days series[[64]sketch] }

// On estimates how many distinct ids were counted on a day.
func (v *Volume) On(d Day) float64 { return v.days.on(int(d)) }

// MaxBefore estimates the largest day of the window before d.
func (v *Volume) MaxBefore(d Day) float64 { return v.days.most(int(d)-Window, int(d)) }

// Hours is the number of distinct ids in each of the last 168 hours.
type Hours struct{ hours series[[168]sketch] }

// On estimates how many distinct ids were counted in an hour.
func (h *Hours) On(hour Hour) float64 { return h.hours.on(int(hour)) }

// MostOn estimates the largest hour of a day.
func (h *Hours) MostOn(d Day) float64 { return h.hours.most(int(d)*24, int(d+1)*24) }

// MaxBefore estimates the largest hour of those known before a day.
func (h *Hours) MaxBefore(d Day) float64 { return h.hours.most(0, int(d)*24) }
