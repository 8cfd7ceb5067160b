package score

import (
	"cmp"
	"slices"
)

// Family groups contributions that an intruder changes together. Acting alone needs two families.
type Family string

// The families.
const (
	FamilyNetwork    Family = "network"
	FamilyClient     Family = "client"
	FamilyCredential Family = "credential"
	FamilyBehaviour  Family = "behaviour"
)

// Contribution is one named part of a score. The bits of a score's contributions add up to the score: the
// explanation is the score.
type Contribution struct {
	Name   string  `json:"name"`   // which property, as in "asn" or "userAgent"
	Family Family  `json:"family"` //
	Bits   float64 `json:"bits"`   // log2 of how much likelier an intruder shows this than the principal itself
	Value  string  `json:"value"`  // what was seen, as in "AS64511 Example Hosting"
	Why    string  `json:"why"`    // a sentence: "seen on none of 30 active days; ..."

	Foreign bool `json:"foreign,omitempty"` // hardly anybody else in the tenant shows the value
}

// Level is a risk level, spelled like Graph's riskLevel.
type Level string

// The levels, from lowest to highest.
const (
	LevelNone   Level = "none"
	LevelLow    Level = "low"
	LevelMedium Level = "medium"
	LevelHigh   Level = "high"
)

var rank = map[Level]int{LevelNone: 0, LevelLow: 1, LevelMedium: 2, LevelHigh: 3}

// AtLeast reports whether l is as high as m or higher. An unknown level ranks as none.
func (l Level) AtLeast(m Level) bool { return rank[l] >= rank[m] }

// Max returns the higher of two levels.
func Max(a, b Level) Level {
	if b.AtLeast(a) {
		return b
	}
	return a
}

// CountFamilies counts the families of contributions worth at least two bits. Hour and volume count half: a late job
// is not a second witness.
func CountFamilies(cs []Contribution) float64 {
	weight := map[Family]float64{}
	for _, c := range cs {
		if c.Bits < 2 {
			continue
		}
		w := 1.0
		if c.Name == "hourBlock" || c.Name == "volume" {
			w = 0.5
		}
		weight[c.Family] = max(weight[c.Family], w)
	}
	sum := 0.0
	for _, w := range weight {
		sum += w
	}
	return sum
}

// Unite joins the contributions of events that belong together: of each name the one with the most bits stays. It is
// commutative, associative and idempotent; the result is ordered by bits.
func Unite(a, b []Contribution) []Contribution {
	out := slices.Concat(a, b)
	slices.SortFunc(out, func(x, y Contribution) int {
		return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(y.Bits, x.Bits), cmp.Compare(x.Value, y.Value), cmp.Compare(x.Why, y.Why))
	})
	out = slices.CompactFunc(out, func(x, y Contribution) bool { return x.Name == y.Name })
	slices.SortFunc(out, func(x, y Contribution) int { return cmp.Or(cmp.Compare(y.Bits, x.Bits), cmp.Compare(x.Name, y.Name)) })
	return out
}
