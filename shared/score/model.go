package score

import (
	"fmt"
	"math"

	"rekey/shared/baseline"
	"rekey/shared/event"
)

// Thresholds of the levels, in bits, and the brakes on them.
const (
	LowBits    = 5.0
	MediumBits = 10.0
	HighBits   = 15.0

	coldStartDays = 3 // with fewer active days a score stays below high: there is little to compare with
	maxBits       = 16
	minBits       = 0.05 // less is not worth a word
)

// shrink is how many days of its own a principal must show before its rate outweighs the fleet's.
const shrink = 6.0

// Score is the sum of its contributions.
type Score struct {
	Bits          float64
	Level         Level
	Contributions []Contribution
}

// Families counts the families that contributed. Hour counts half: a late job is not a second witness.
func (s Score) Families() float64 { return CountFamilies(s.Contributions) }

// CountFamilies counts the families of contributions worth at least two bits; behaviour counts half unless it is an
// unusual resource.
func CountFamilies(cs []Contribution) float64 {
	weight := map[Family]float64{}
	for _, c := range cs {
		if c.Bits < 2 {
			continue
		}
		w := 1.0
		if c.Name == "hourBlock" {
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

// term is what the model knows about one property: the chance that an intruder's sign-in shows a new value.
type term struct {
	property baseline.Property
	family   Family
	intruder float64
	what     string
}

// terms are the properties judged on their own, in the order they are explained. The network is judged apart.
var terms = []term{
	{baseline.Resource, FamilyBehaviour, .45, "target resource"},
	{baseline.AgentFamily, FamilyClient, .6, "user agent"},
	{baseline.Library, FamilyClient, .4, "authentication library"},
	{baseline.CredentialType, FamilyCredential, .3, "credential type"},
	{baseline.CredentialKey, FamilyCredential, .025, "credential"},
	{baseline.HourBlock, FamilyBehaviour, .25, "time of day"},
}

// Model scores sign-ins against one fleet snapshot. It is safe for concurrent use.
type Model struct {
	Fleet *baseline.Fleet
}

// SignIn scores one sign-in against the principal's profile as it was before the day of the event. A sign-in that
// shows nothing new costs no allocation.
func (m Model) SignIn(e *event.Event, values *baseline.Values, v baseline.View) Score {
	if v.ActiveDays() < baseline.LearningDays {
		return Score{Level: LevelNone}
	}
	var s Score
	s.Contributions = m.network(s.Contributions, e, values, v)
	for i := range terms {
		t := &terms[i]
		if t.property == baseline.AgentFamily && m.known(baseline.AgentFamily, values, v) {
			s.Contributions = m.single(s.Contributions, term{baseline.Agent, FamilyClient, .06, "user agent version"}, e, values, v)
			continue
		}
		s.Contributions = m.single(s.Contributions, *t, e, values, v)
	}
	for _, c := range s.Contributions {
		s.Bits += c.Bits
	}
	s.Level = level(s.Bits, s.Families(), v.ActiveDays())
	return s
}

// level turns bits into a level. One lone family or a cold start never makes high.
func level(bits, families float64, days int) Level {
	switch {
	case bits >= HighBits && families >= 2 && days >= coldStartDays:
		return LevelHigh
	case bits >= MediumBits:
		return LevelMedium
	case bits >= LowBits:
		return LevelLow
	}
	return LevelNone
}

func (m Model) known(p baseline.Property, values *baseline.Values, v baseline.View) bool {
	return values.Has(p) && v.Settled(p, values.Hash[p])
}

// single adds the contribution of a property that stands for itself.
func (m Model) single(cs []Contribution, t term, e *event.Event, values *baseline.Values, v baseline.View) []Contribution {
	if !values.Has(t.property) || v.Seen(t.property) == 0 || v.Saturated(t.property) {
		return cs
	}
	if v.Settled(t.property, values.Hash[t.property]) {
		return cs
	}
	days := v.DaysKnown(t.property, values.Hash[t.property])
	honest := m.honest(t.property, values, v)
	bits := clamp(math.Log2(t.intruder/honest)) * novelty(days)
	return add(cs, Contribution{
		Name: t.property.String(), Family: t.family, Bits: bits, Value: shown(t.property, e),
		Why: because(t.what, days, honest, v),
	})
}

// honest is the probability that the principal itself shows a new value of the property today: a hazard from its own
// novelties per active day, shrunk to the fleet's rate, plus what the fleet is adopting this week.
func (m Model) honest(p baseline.Property, values *baseline.Values, v baseline.View) float64 {
	rate := (float64(v.Arrivals(p)) + shrink*m.Fleet.Rates[p]) / (float64(v.ActiveDays()) + shrink)
	rate += m.Fleet.RecentAdopters(p, values.Hash[p])
	return 1 - math.Exp(-rate)
}

// novelty is the share of a contribution that a value keeps while it is on probation.
func novelty(daysKnown int) float64 {
	return float64(baseline.Probation-daysKnown) / baseline.Probation
}

func clamp(bits float64) float64 { return max(0, min(bits, maxBits)) }

func add(cs []Contribution, c Contribution) []Contribution {
	if c.Bits < minBits {
		return cs
	}
	return append(cs, c)
}

// because words a contribution for the person who has to believe it.
func because(what string, days int, honest float64, v baseline.View) string {
	seen := fmt.Sprintf("seen on none of %d active days", v.ActiveDays())
	if days > 0 {
		seen = fmt.Sprintf("first seen lately, on %d of %d active days", days, v.ActiveDays())
	}
	return fmt.Sprintf("%s; this principal shows a new %s about once in %s", seen, what, often(honest))
}

func often(p float64) string {
	days := 1 / p
	if days < 1.5 {
		return "a day"
	}
	return fmt.Sprintf("%.0f days", days)
}

// shown returns the value of a property in the words of the log.
func shown(p baseline.Property, e *event.Event) string {
	switch p {
	case baseline.Resource:
		if e.SignIn.ResourceName != "" {
			return e.SignIn.ResourceName
		}
		return e.SignIn.ResourceID
	case baseline.AgentFamily, baseline.Agent:
		return e.SignIn.UserAgent
	case baseline.Library:
		return e.SignIn.ClientLibrary
	case baseline.CredentialType:
		return e.SignIn.CredentialType
	case baseline.CredentialKey:
		return e.SignIn.CredentialKeyID
	case baseline.HourBlock:
		h := e.Time.UTC().Hour() / 3 * 3
		return fmt.Sprintf("%02d:00-%02d:00 UTC", h, h+3)
	}
	return ""
}
