package rival

import (
	"math"
	"time"

	"rekey/shared/event"
	"rekey/shared/lab"
)

// SurpriseOptions are the parameters of Surprise.
type SurpriseOptions struct {
	HalfLife float64 // days after which what was seen counts half; 0 for never
	Daily    bool    // a value counts once a day however often it was seen
	Fleet    float64 // how many sights of a principal the fleet's habits are worth
	Discount float64 // taken off every value's sights and given to new ones; 0 is Dirichlet's prior
	Unseen   float64 // how many values of a property nobody has shown yet
	Hour     bool    // whether the hour of the day is a property
	Key      bool    // whether the very credential is a property
	Address  bool    // whether prefix and address are properties, next to system and country
	Calls    bool    // calls to vaults, Graph and Azure are looked at like sign-ins
}

// TunedSurprise returns the options of the evaluation. They are the best of 70, by the mean recall at 1, 3 and 10 false
// alerts on seeds 1 to 3: 28 drawn at random, then each option of the best one varied alone, twice. Tried: half-lives of
// 10, 20, 40 days and none; daily or not; Fleet .03 to 30; Discount 0 to .95; Unseen 1 to ten million; with and without
// the hour, the very credential, prefix and address, the calls. Calls matter most (.55 without, .61 with), then
// to count days and not records, the discount (.5 and above), and to leave out the very credential, which rotates.
func TunedSurprise() SurpriseOptions {
	return SurpriseOptions{Daily: true, Fleet: 3, Discount: 0.9, Unseen: 1 << 16, Calls: true}
}

// Surprise adds up, over a record's properties, how surprising each is for the principal in bits: -log2 p(x|u). It is
// the textbook anomaly score for categories (naive Bayes with one class), and needs no publication of its own; the
// smoothing is the hierarchical Pitman-Yor prior of Teh, "A Hierarchical Bayesian Language Model based on Pitman-Yor
// Processes" (ACL 2006), in the form that keeps one table a value:
//
//	p(x|u) = (max(c - Discount, 0) + (Fleet + Discount*t) * p(x)) / (n + Fleet)
//
// where a principal showed x c times among n sights of t values, and p(x) is the share of the fleet's principals that
// ever showed x. A principal that shows many values is thereby expected to show more, and a value that others show
// surprises less. Left open and filled: the properties, and what nobody has shown, which shares one unit.
type Surprise struct {
	options SurpriseOptions
	looked  []property
	fade    *fade
	crowd   crowd
	fleet   [properties]crowdHabit
	profile []([properties]habit)
}

// NewSurprise makes the detector with nothing known.
func NewSurprise(o SurpriseOptions) *Surprise {
	looked := []property{country, system, hosting, family, agent, resource, credential}
	if o.Key {
		looked = append(looked, key)
	}
	if o.Hour {
		looked = append(looked, hour)
	}
	if o.Address {
		looked = append(looked, prefix, address)
	}
	return &Surprise{options: o, looked: looked, fade: newFade(o.HalfLife), crowd: crowd{}}
}

// Name returns "surprise".
func (d *Surprise) Name() string { return "surprise" }

// Record scores a record and learns from it when it succeeded.
func (d *Surprise) Record(n uint32, e *event.Event, at time.Time, say func(lab.Verdict)) {
	s, ok := look(e, d.options.Calls)
	if !ok {
		return
	}
	id, known := d.crowd.number(e, true)
	if !known {
		d.profile = append(d.profile, [properties]habit{})
	}
	p := &d.profile[id]
	say(lab.Verdict{Record: n, Score: d.score(p, &s), At: at})
	if !s.success {
		return
	}
	for _, k := range d.looked {
		if v := s.values[k]; v != 0 {
			p[k].teach(d.fade, &d.fleet[k], v, s.day(), d.options.Daily)
		}
	}
}

// Close does nothing: records are judged at once.
func (d *Surprise) Close(time.Time, func(lab.Verdict)) {}

// Probe scores a record without learning from it.
func (d *Surprise) Probe(e *event.Event, _ time.Time) float64 {
	s, ok := look(e, d.options.Calls)
	if !ok {
		return 0
	}
	if id, known := d.crowd.number(e, false); known {
		return d.score(&d.profile[id], &s)
	}
	return d.score(&[properties]habit{}, &s)
}

func (d *Surprise) score(p *[properties]habit, s *sight) float64 {
	likely, day, o := 1.0, s.day(), &d.options
	for _, k := range d.looked {
		h := &p[k]
		if s.values[k] == 0 || h.total.amount == 0 {
			continue
		}
		seen, share := 0.0, 0.0
		if w := h.find(s.values[k]); w != nil {
			seen, share = max(d.fade.of(&w.weight, day)-o.Discount, 0), d.fleet[k].at(w.fleet, o.Unseen)
		} else {
			share = d.fleet[k].share(s.values[k], o.Unseen)
		}
		prior := (o.Fleet + o.Discount*float64(len(h.values))) * share
		likely *= (seen + prior) / (d.fade.of(&h.total, day) + o.Fleet)
	}
	return -math.Log2(likely)
}
