package rival

import (
	"math"
	"time"

	"rekey/shared/event"
	"rekey/shared/lab"
)

// FreemanOptions are the parameters of Freeman.
type FreemanOptions struct {
	HalfLife  float64 // days after which what was seen counts half; 0 for never
	Daily     bool    // a value counts once a day however often it was seen
	Backoff   float64 // how many sights of a principal its next wider level is worth
	Spread    float64 // how many more for each value that the principal showed (Witten and Bell's smoothing)
	Vouch     float64 // how many bits a familiar feature takes off at most; 0 as published: any number
	Principal float64 // exponent of the principal's own term p(u|attack)/p(u|legitimate); 1 as published, 0 leaves it out
	// Reputation is the logarithm (base 2) of how much more likely an attack is from a network of the class.
	Hosting, Anonymizer float64
	Unseen              float64 // how many values of a property nobody has shown yet
	Hour, Key           bool    // whether the hour and the very credential are features
	Calls               bool    // calls to vaults, Graph and Azure are looked at like sign-ins
}

// TunedFreeman returns the options of the evaluation. They are the best of 90, by the mean recall at 1, 3 and 10 false
// alerts on seeds 1 to 3: 34 drawn at random, then each option of the best one varied alone, twice. Tried: half-lives
// of 10, 20, 40 days and none; daily or not; Backoff .1 to 10; Spread 0 to 3; Vouch unlimited, none, 1, 3 and 6 bits;
// Principal 0, .5 and 1; reputations of 0 to 8 bits; with and without the hour, the very credential, the calls. What
// matters most is Vouch: as published one familiar value that is the principal's own outweighs everything new, and no
// setting came above .48, against .58 when nothing vouches. Without calls none came above .52.
func TunedFreeman() FreemanOptions {
	return FreemanOptions{
		HalfLife: 40, Backoff: 3, Spread: 0.3, Vouch: 0.01, Principal: 1, Hosting: 1, Anonymizer: 4, Unseen: 1,
		Hour: true, Key: true, Calls: true,
	}
}

// Freeman is the likelihood ratio of Freeman, Jain, Duermuth, Biggio and Giacinto, "Who Are You? A Statistical
// Approach to Measuring User Authenticity" (NDSS 2016), the model that risk-based authentication is built on:
//
//	score(u, x) = product over features k of p(x_k) / p(x_k | u)  *  p(u | attack) / p(u | legitimate)  *  reputation of x
//
// with p(x_k | u) smoothed by backing off to a wider level of the feature: address, prefix, system, country. It needs
// no labels; attackers are taken to go after every principal alike, so p(u | attack) is the same for all.
//
// Left open and filled: the features of workload identities (network, agent backed off to its family, resource,
// credential type, the very credential, hour); the smoothing: a principal's share of a value is (sights of the value +
// b * its share expected from the next wider level) / (sights + b), where b grows with the number of values it showed;
// the fleet's shares, which count principals and not records; the reputation, which is two numbers for hosting
// providers and anonymizers. As published, only successful sign-ins teach. Added in its favour: a bound on how far a
// familiar feature can make up for an unfamiliar one, and the calls that are made with a token.
type Freeman struct {
	options FreemanOptions
	chains  [][]property // each feature from its widest to its narrowest level
	vouch   float64
	fade    *fade
	crowd   crowd
	fleet   [properties]crowdHabit
	profile []freemanProfile
	all     weight // all sights of all principals
}

type freemanProfile struct {
	habits [properties]habit
	sights weight
}

// NewFreeman makes the detector with nothing known.
func NewFreeman(o FreemanOptions) *Freeman {
	chains := [][]property{{country, system, prefix, address}, {family, agent}, {resource}, {credential}}
	if o.Key {
		chains = append(chains, []property{key})
	}
	if o.Hour {
		chains = append(chains, []property{hour})
	}
	vouch := math.Inf(1)
	if o.Vouch > 0 {
		vouch = math.Exp2(o.Vouch)
	}
	return &Freeman{options: o, chains: chains, vouch: vouch, fade: newFade(o.HalfLife), crowd: crowd{}}
}

// Name returns "Freeman".
func (d *Freeman) Name() string { return "Freeman" }

// Record scores a record and learns from it when it succeeded.
func (d *Freeman) Record(n uint32, e *event.Event, at time.Time, say func(lab.Verdict)) {
	s, ok := look(e, d.options.Calls)
	if !ok {
		return
	}
	id, known := d.crowd.number(e, true)
	if !known {
		d.profile = append(d.profile, freemanProfile{})
	}
	p := &d.profile[id]
	say(lab.Verdict{Record: n, Score: d.score(p, &s), At: at})
	if s.success {
		d.learn(p, &s)
	}
}

// Close does nothing: records are judged at once.
func (d *Freeman) Close(time.Time, func(lab.Verdict)) {}

// Probe scores a record without learning from it.
func (d *Freeman) Probe(e *event.Event, _ time.Time) float64 {
	s, ok := look(e, d.options.Calls)
	if !ok {
		return 0
	}
	if id, known := d.crowd.number(e, false); known {
		return d.score(&d.profile[id], &s)
	}
	return d.score(&freemanProfile{}, &s)
}

// score returns the logarithm (base 2) of the ratio.
func (d *Freeman) score(p *freemanProfile, s *sight) float64 {
	familiar := 1.0
	for _, chain := range d.chains {
		familiar *= min(d.familiarity(p, s, chain), d.vouch)
	}
	bits := d.reputation(s) - math.Log2(familiar)
	if d.options.Principal > 0 {
		mean := (d.fade.of(&d.all, s.day()) + 1) / float64(len(d.profile)+1)
		bits -= d.options.Principal * math.Log2((d.fade.of(&p.sights, s.day())+1)/mean)
	}
	return bits
}

// familiarity returns p(x|u) / p(x) for one feature. With r the ratio at the wider level, c sights of the
// value among n and f the fleet's share of it, the ratio is (c/f + Backoff*r) / (n + Backoff): the shares between
// two levels are the same above and below the line and cancel.
func (d *Freeman) familiarity(p *freemanProfile, s *sight, chain []property) float64 {
	ratio, day := 1.0, s.day()
	for _, k := range chain {
		h := &p.habits[k]
		if s.values[k] == 0 || h.total.amount == 0 {
			continue
		}
		seen := 0.0
		if w := h.find(s.values[k]); w != nil {
			seen = d.fade.of(&w.weight, day) / d.fleet[k].at(w.fleet, d.options.Unseen)
		}
		wider := d.options.Backoff + d.options.Spread*float64(len(h.values))
		ratio = (seen + wider*ratio) / (d.fade.of(&h.total, day) + wider)
	}
	return ratio
}

func (d *Freeman) reputation(s *sight) float64 {
	switch event.Hosting(s.values[hosting]) {
	case event.HostingDatacenter:
		return d.options.Hosting
	case event.HostingAnonymizer:
		return d.options.Anonymizer
	}
	return 0
}

func (d *Freeman) learn(p *freemanProfile, s *sight) {
	day := s.day()
	for _, chain := range d.chains {
		for _, k := range chain {
			if v := s.values[k]; v != 0 {
				p.habits[k].teach(d.fade, &d.fleet[k], v, day, d.options.Daily)
			}
		}
	}
	before := d.fade.of(&p.sights, day)
	d.fade.add(&p.sights, day, d.options.Daily)
	if d.fade.of(&p.sights, day) > before {
		d.fade.add(&d.all, day, false)
	}
}
