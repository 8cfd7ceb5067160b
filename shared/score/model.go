package score

import (
	"math"

	"rekey/shared/baseline"
	"rekey/shared/event"
)

// Score is the sum of its contributions.
type Score struct {
	Bits          float64
	Level         Level
	Contributions []Contribution
}

// Model scores events against one fleet snapshot. It is safe for concurrent use.
type Model struct {
	Fleet *baseline.Fleet
}

// NewModel returns the shipped model.
func NewModel(fleet *baseline.Fleet) Model { return Model{fleet} }

// Facts are what a principal's event is judged against.
type Facts struct {
	View        baseline.View      // as it was before the day of the event
	Evidence    *baseline.Evidence // of the principal; may be nil
	Application *baseline.Evidence // of its application, where changes of the application object are noted; may be nil
	Own         Own                // what a person said is the principal's own; may be nil
}

// judgement is one event on its way through the model.
type judgement struct {
	Model
	Facts
	event  *event.Event
	values baseline.Values
	out    []Contribution

	moved bool // to a network that the tenant uses elsewhere and that does not hide people
	// What a workload that is moved or rebuilt changes together is not charged twice: at most so many bits.
	mostClient, mostCredential float64
}

// Event scores one successful sign-in, or where other activity came from. An event that shows nothing new costs no
// allocation.
func (m Model) Event(e *event.Event, values *baseline.Values, f Facts) Score {
	if f.View.ActiveDays() < baseline.LearningDays || !baseline.Teaches(e) {
		return Score{Level: LevelNone}
	}
	j := judgement{Model: m, Facts: f, event: e, values: *values, mostClient: maxBits, mostCredential: maxBits}
	if baseline.IsSignIn(e) {
		j.signIn()
	} else {
		j.activity()
	}
	return Sum(j.out, f.View.ActiveDays())
}

// signIn asks about each property, in the order in which they are explained.
func (j *judgement) signIn() {
	moved, near := j.network(signInPlace)
	if moved && len(j.out) > 0 {
		j.stillActive(foreignNetwork(j.out))
		j.failures()
	}
	j.moved = moved && j.Fleet.Common(baseline.ASN, j.values.Hash[baseline.ASN]) && j.event.Network.Hosting != event.HostingAnonymizer
	switch {
	case j.moved:
		j.mostClient, j.mostCredential = bitsOf(assumed.ClientGivenMove), bitsOf(assumed.CredentialGivenMove)
	case near:
		j.mostClient, j.mostCredential = bitsOf(assumed.ClientGivenRegion), bitsOf(assumed.CredentialGivenMove)
	}
	j.single(baseline.Resource, FamilyBehaviour, "target resource")
	if j.client() && !moved && !near {
		j.mostCredential = bitsOf(assumed.CredentialGivenClient)
	}
	j.credential()
	j.hour()
	j.silence()
}

// client charges the user agent or the library, whichever tells more: both change together. It reports whether the
// client is another one, and not a version of the known one.
func (j *judgement) client() (other bool) {
	n := len(j.out)
	if j.known(baseline.AgentFamily) {
		j.single(baseline.Agent, FamilyClient, "user agent version")
	} else {
		j.single(baseline.AgentFamily, FamilyClient, "user agent")
	}
	j.single(baseline.Library, FamilyClient, "authentication library")
	if len(j.out) == n+2 {
		if j.out[n+1].Bits > j.out[n].Bits {
			j.out[n] = j.out[n+1]
		}
		j.out = j.out[:n+1]
	}
	return len(j.out) > n && j.out[n].Name != baseline.Agent.String()
}

// Sum makes a score of contributions. Days are the principal's active days.
func Sum(cs []Contribution, days int) Score {
	s := Score{Contributions: cs, Level: LevelNone}
	if len(cs) == 0 {
		return s
	}
	for _, c := range cs {
		s.Bits += c.Bits
	}
	s.Level = level(s.Bits, CountFamilies(cs), days)
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

// known reports whether the event shows a settled value of the property, or one that a person vouched for.
func (j *judgement) known(p baseline.Property) bool {
	return j.values.Has(p) && (j.View.Settled(p, j.values.Hash[p]) || j.own(p))
}

// novel reports whether the event shows a value of the property that is not settled, where that can be told. What is
// settled, nearly everything, is found first.
func (j *judgement) novel(p baseline.Property) bool {
	return j.values.Has(p) && !j.View.Settled(p, j.values.Hash[p]) && j.View.Seen(p) > 0 && !j.View.Saturated(p) && !j.own(p)
}

// single adds the contribution of a property that stands for itself.
func (j *judgement) single(p baseline.Property, family Family, what string) {
	if !j.novel(p) {
		return
	}
	bits := math.Log2(assumed.Intruder[p] / j.honest(p))
	foreign := p != baseline.Agent && j.Fleet.Foreign(p, j.values.Hash[p])
	if foreign {
		bits += assumed.ForeignClient
	}
	most := maxBits
	switch family {
	case FamilyClient:
		most = j.mostClient
	case FamilyCredential:
		most = j.mostCredential
	}
	n := len(j.out)
	j.add(p, family, min(bits, most), shown(p, j.event), what, foreign)
	if bits > most && len(j.out) > n {
		j.out[n].Why += "; a workload that is moved or rebuilt changes it, too, so it counts for what it adds"
	}
}

// add words a contribution of a property. While a value is on probation it keeps a part of its bits.
func (j *judgement) add(p baseline.Property, family Family, bits float64, value, what string, foreign bool) {
	days := j.View.DaysKnown(p, j.values.Hash[p])
	bits = clamp(bits) * novelty(days)
	if bits < minBits {
		return
	}
	j.out = append(j.out, Contribution{
		Name: p.String(), Family: family, Bits: bits, Value: value, Why: because(what, days, j.honest(p), j.View, foreign),
		Foreign: foreign,
	})
}

// contribute adds a contribution that is the ratio of two chances.
func (j *judgement) contribute(name string, family Family, bits float64, value, why string) {
	if bits = clamp(bits); bits >= minBits {
		j.out = append(j.out, Contribution{Name: name, Family: family, Bits: bits, Value: value, Why: why})
	}
}

// honest is the chance that the principal itself shows a new value of the property on a day: a hazard from its own
// novelties per active day, shrunk to the fleet's rate for its age, plus what the fleet is adopting this week.
func (j *judgement) honest(p baseline.Property) float64 {
	rate := j.Fleet.Rate(p, j.View.Age(), j.View.Arrivals(p), j.View.Exposure())
	rate += assumed.Drift * j.Fleet.RecentAdopters(p, j.values.Hash[p])
	return 1 - math.Exp(-rate)
}

// novelty is the share of a contribution that a value keeps while it is on probation.
func novelty(daysKnown int) float64 {
	return max(0, float64(baseline.Probation-daysKnown)/baseline.Probation)
}

func clamp(bits float64) float64 { return max(0, min(bits, maxBits)) }

// bitsOf is how much likelier an intruder shows something than honest life does.
func bitsOf(o Odds) float64 { return math.Log2(o.Intruder / o.Honest) }
