package baseline

import "rekey/shared/event"

// Profile is what is known of one principal's successful sign-ins. The zero Profile is empty and ready.
type Profile struct {
	sets   [Properties]set
	volume Volume
}

// Observe adds the facts of one sign-in. A failed sign-in teaches nothing.
func (p *Profile) Observe(h Hasher, e *event.Event, v Values) {
	if !e.SignIn.Succeeded() {
		return
	}
	hour := HourOf(e.Time)
	for prop := range Properties {
		if v.Has(prop) {
			p.sets[prop].add(Slot{Hash: v.Hash[prop], First: hour.Day(), Last: hour, Days: 1})
		}
	}
	p.volume.add(hour.Day(), h.id(e.ID))
}

// Merge adds what q knows. It is commutative, associative and idempotent.
func (p *Profile) Merge(q *Profile) {
	for prop := range Properties {
		p.sets[prop].merge(&q.sets[prop])
	}
	p.volume.merge(&q.volume)
}

// LastSeen returns the last hour with a successful sign-in, and false if there was none.
func (p *Profile) LastSeen() (Hour, bool) {
	var last Hour
	for _, s := range p.sets[HourBlock].slots {
		last = max(last, s.Last)
	}
	return last, len(p.sets[HourBlock].slots) > 0
}

// Expired reports whether nothing in the profile matters any more on day d: its last use left the window.
func (p *Profile) Expired(d Day) bool {
	last, ok := p.LastSeen()
	return !ok || int(d)-int(last.Day()) > Window
}

// Volume returns the number of sign-ins by day.
func (p *Profile) Volume() *Volume { return &p.volume }
