package simulate

import (
	"math/rand/v2"
)

// Nanoseconds, in which acts count time.
const (
	second = int64(1e9)
	minute = 60 * second
	hour   = 60 * minute
	day    = 24 * hour
)

// mix spreads the bits of a and b over one number (the finaliser of SplitMix64).
func mix(a, b uint64) uint64 {
	x := a + 0x9e3779b97f4a7c15*(b+1)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// name makes a number of a text (FNV-1a).
func name(s string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 0x100000001b3
	}
	return h
}

// dice is one stream of random numbers. All its methods work in integers.
type dice struct {
	*rand.Rand
	pcg *rand.PCG
}

// stream returns the stream that belongs to the seed and what the parts name.
func stream(seed uint64, of string, parts ...int) dice {
	pcg := &rand.PCG{}
	d := dice{rand.New(pcg), pcg} //nolint:gosec // repeatable on purpose
	d.name(seed, of, parts...)
	return d
}

// name starts the stream anew, as another one.
func (d dice) name(seed uint64, of string, parts ...int) {
	k := mix(seed, name(of))
	for _, p := range parts {
		k = mix(k, uint64(p))
	}
	d.pcg.Seed(k, mix(k, 1))
}

// chance is true in so many cases of a thousand.
func (d dice) chance(thousandth int) bool { return d.IntN(1000) < thousandth }

// between draws from low to high, both included.
func (d dice) between(low, high int) int { return low + d.IntN(max(0, high-low)+1) }

// span draws a time of at least low and less than high.
func (d dice) span(low, high int64) int64 { return low + d.Int64N(max(1, high-low)) }

// around draws about mean: at least half of it, at most one and a half times.
func (d dice) around(mean int) int { return mean/2 + (d.IntN(mean+1)+d.IntN(mean+1))/2 }

// office draws a time of a working day: most of it between 8 and 18 o'clock, local time.
func (d dice) office() int64 {
	return 7*hour + (d.Int64N(6*hour) + d.Int64N(6*hour))
}

// pick draws one of the list.
func pick[T any](d dice, list []T) T { return list[d.IntN(len(list))] }

// weighted draws an index in proportion to its weight.
func weighted(d dice, weights []int) int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	n := d.IntN(sum)
	for i, w := range weights {
		if n -= w; n < 0 {
			return i
		}
	}
	return len(weights) - 1
}
