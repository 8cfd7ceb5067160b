package baseline

import "rekey/shared/event"

// Profile is what is known of one principal's successful sign-ins, and where its activity comes from. The zero Profile
// is empty and ready.
type Profile struct {
	sets   [Properties]set
	volume Volume
}

// Observe adds the facts of one sign-in, or of what was done with a token. What failed teaches nothing.
func (p *Profile) Observe(e *event.Event, v *Values) {
	if !Teaches(e) {
		return
	}
	hour := HourOf(e.Time)
	for prop := range Properties {
		if v.Has(prop) {
			p.sets[prop].add(Slot{Hash: v.Hash[prop], First: hour.Day(), Last: hour, Days: 1}, prop.room())
		}
	}
	if IsSignIn(e) {
		p.volume.days.add(int(hour.Day()), v.id)
	}
}

// IsSignIn reports whether an event is the sign-in of a workload.
func IsSignIn(e *event.Event) bool {
	return e.Kind == event.KindSignIn || e.Kind == event.KindManagedIdentitySignIn
}

// Teaches reports whether a profile learns from an event: a workload did something, by itself, and was let.
func Teaches(e *event.Event) bool {
	switch {
	case IsSignIn(e):
		return e.SignIn.Succeeded()
	case e.Principal.ObjectID == "":
		return false
	case e.Vault != nil:
		return e.Vault.UserID == "" && e.Vault.Status < 300
	case e.Graph != nil:
		return e.Graph.UserID == "" && e.Graph.Status < 300
	case e.Azure != nil:
		return e.Azure.UserID == "" && e.Azure.Status != "Failure" && e.Azure.Status != "Failed"
	}
	return false
}

// Merge adds what q knows. It is commutative, associative and idempotent.
func (p *Profile) Merge(q *Profile) {
	for prop := range Properties {
		p.sets[prop].merge(&q.sets[prop], prop.room())
	}
	p.volume.days.merge(&q.volume.days)
}

// LastSeen returns the last hour with a successful sign-in, and false if there was none.
func (p *Profile) LastSeen() (Hour, bool) {
	var last Hour
	for _, s := range p.sets[HourBlock].slots {
		last = max(last, s.Last)
	}
	return last, len(p.sets[HourBlock].slots) > 0
}

// Retention is how many days after its last sign-in a principal is forgotten. It is longer than the window, because
// a principal that wakes after months is compared with what it was.
const Retention = 180

// Expired reports whether nothing in the profile matters any more on day d.
func (p *Profile) Expired(d Day) bool {
	last, ok := p.LastSeen()
	return !ok || int(d)-int(last.Day()) > Retention
}

// Volume returns the number of sign-ins by day.
func (p *Profile) Volume() *Volume { return &p.volume }
