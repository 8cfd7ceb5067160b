package score

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/shared/baseline"
)

// burstSpan is within what time three new resources make a burst: a person looking around, or a script.
const (
	burstSpan = 10 * time.Minute
	burstSize = 3
)

// Burst charges three or more new resources within ten minutes. Times are of the first use of each, earliest first.
func Burst(times []time.Time) (Contribution, bool) {
	most := 0
	for i := range times {
		n := 0
		for _, t := range times[i:] {
			if t.Sub(times[i]) <= burstSpan {
				n++
			}
		}
		most = max(most, n)
	}
	if most < burstSize {
		return Contribution{}, false
	}
	return Contribution{
		Name: "resourceBurst", Family: FamilyBehaviour, Bits: bitsOf(assumed.Burst), Value: fmt.Sprintf("%d resources", most),
		Why: fmt.Sprintf("tokens for %d resources that are new for this principal, within ten minutes", most),
	}, true
}

// companySpan is how far apart in time visits belong together.
const companySpan = 72 * time.Hour

// crowd is how many principals new from one address look like a new way out of the company's own.
const crowd = 8

// Company charges what others did from the same address at about the same time: other principals that are new there,
// and applications for which sign-ins failed. Principal is the one that is judged.
func Company(visits []baseline.Visit, principal, from string, at time.Time) []Contribution {
	var here, tried []string
	for _, v := range visits {
		if v.Principal == principal || v.Time.Sub(at).Abs() > companySpan {
			continue
		}
		switch {
		case v.Failed && v.From == from:
			tried = append(tried, v.Principal)
		case !v.Failed && v.From == from:
			here = append(here, v.Principal)
		}
	}
	here, tried = distinct(here), distinct(tried)
	j := judgement{}
	if len(here) > 0 && len(here) < crowd {
		j.contribute("sharedAddress", FamilyNetwork, bitsOf(assumed.Company), from, fmt.Sprintf("also new from this address: %s", names(here)))
	}
	if len(tried) >= 3 {
		j.contribute("addressTriedMany", FamilyNetwork, bitsOf(assumed.Tried), from, fmt.Sprintf("sign-ins from this address failed for %d applications", len(tried)))
	}
	return j.out
}

func distinct(s []string) []string {
	slices.Sort(s)
	return slices.Compact(s)
}

func names(keys []string) string {
	if len(keys) > 3 {
		return fmt.Sprintf("%s and %d more", strings.Join(keys[:3], ", "), len(keys)-3)
	}
	return strings.Join(keys, ", ")
}
