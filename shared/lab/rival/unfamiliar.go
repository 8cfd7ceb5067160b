package rival

import (
	"math"
	"time"

	"rekey/shared/event"
	"rekey/shared/lab"
)

// UnfamiliarOptions are the parameters of Unfamiliar.
type UnfamiliarOptions struct {
	WindowDays, LearnDays int32 // how long a value stays familiar; how long a principal is only learned
	Address               bool  // the network is the address, not the system
	Family                bool  // a new version of a known agent is familiar
	Calls                 bool  // calls to vaults, Graph and Azure are looked at like sign-ins
	// RankNew and RankDays: a property that was new n times in d days has a rate of (n + RankNew) / (d + RankDays).
	RankNew, RankDays float64
}

// TunedUnfamiliar returns the options of the evaluation; window and days of learning are Microsoft's. They are the best
// of 28, by the mean recall at 1, 3 and 10 false alerts on seeds 1 to 3: 6 drawn at random, then each option of the
// best one varied alone, twice. Tried: address or system as the network (.58, .50); agents by version or by family;
// with and without calls (.57: better at 10, worse at 1 and 3); RankNew .05 to 3, RankDays .5 to 100 (.54 to .58).
func TunedUnfamiliar() UnfamiliarOptions {
	return UnfamiliarOptions{WindowDays: 60, LearnDays: 2, Address: true, Family: true, RankNew: 3, RankDays: 30}
}

// Unfamiliar counts a sign-in's unfamiliar properties, after Microsoft's words for the detection "Suspicious sign-ins"
// of workload identities (Microsoft Learn, "Securing workload identities with Microsoft Entra ID Protection"): it
// learns for 2 to 60 days and fires when one or more of these are unfamiliar: IP address / ASN, target resource, user
// agent, hosting or non-hosting IP change, IP country, credential type. No formula and no rates are published.
//
// Left open and filled: the count is the score, since one or more alone would alert on every hundredth sign-in. IP
// address / ASN is one property, by either. Ties are broken by how rarely the principal shows something new of
// the properties in question: the sum of -log2 of their rates a day, squeezed below 1 so that it never outweighs one
// more property. In the days of learning nothing is scored. Microsoft's detection works offline; here it is at once.
type Unfamiliar struct {
	options UnfamiliarOptions
	looked  []property
	crowd   crowd
	profile []unfamiliarProfile
}

type unfamiliarProfile struct {
	first int32
	known [properties]table[int32] // day each value was last seen
	fresh [properties]float64      // how often a value was new after the first
}

// NewUnfamiliar makes the detector with nothing known.
func NewUnfamiliar(o UnfamiliarOptions) *Unfamiliar {
	looked := []property{system, resource, agent, hosting, country, credential}
	if o.Address {
		looked[0] = address
	}
	if o.Family {
		looked[2] = family
	}
	return &Unfamiliar{options: o, looked: looked, crowd: crowd{}}
}

// Name returns "unfamiliar properties".
func (d *Unfamiliar) Name() string { return "unfamiliar properties" }

// Record scores a record and, when it succeeded, makes what it shows familiar.
func (d *Unfamiliar) Record(n uint32, e *event.Event, at time.Time, say func(lab.Verdict)) {
	s, ok := look(e, d.options.Calls)
	if !ok {
		return
	}
	id, known := d.crowd.number(e, true)
	if !known {
		d.profile = append(d.profile, unfamiliarProfile{first: s.day()})
	}
	p := &d.profile[id]
	say(lab.Verdict{Record: n, Score: d.score(p, &s), At: at})
	if s.success {
		d.learn(p, &s)
	}
}

// Close does nothing: records are judged at once.
func (d *Unfamiliar) Close(time.Time, func(lab.Verdict)) {}

// Probe scores a record without learning from it.
func (d *Unfamiliar) Probe(e *event.Event, _ time.Time) float64 {
	s, ok := look(e, d.options.Calls)
	id, known := d.crowd.number(e, false)
	if !ok || !known {
		return 0
	}
	return d.score(&d.profile[id], &s)
}

func (d *Unfamiliar) score(p *unfamiliarProfile, s *sight) float64 {
	age := s.day() - p.first
	if age < d.options.LearnDays {
		return 0
	}
	count, bits := 0.0, 0.0
	for _, k := range d.looked {
		if !d.unfamiliar(p, s, k) {
			continue
		}
		count++
		rate := (p.fresh[k] + d.options.RankNew) / (float64(age) + d.options.RankDays)
		bits += math.Log2(1 + 1/rate)
	}
	return count + bits/(bits+16)
}

// unfamiliar reports whether the principal did not show the value within the window. A property of which nothing is
// known yet has no unfamiliar values.
func (d *Unfamiliar) unfamiliar(p *unfamiliarProfile, s *sight, k property) bool {
	if s.values[k] == 0 || len(p.known[k].values) == 0 {
		return false
	}
	last := p.known[k].find(s.values[k])
	return last == nil || s.day()-*last > d.options.WindowDays
}

func (d *Unfamiliar) learn(p *unfamiliarProfile, s *sight) {
	for _, k := range d.looked {
		if s.values[k] == 0 {
			continue
		}
		if d.unfamiliar(p, s, k) {
			p.fresh[k]++
		}
		last, _ := p.known[k].add(s.values[k])
		*last = max(*last, s.day())
	}
}
