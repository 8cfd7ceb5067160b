package baseline

import "math/bits"

// LearningDays is how many active days must lie behind a principal before its sign-ins are judged at all.
const LearningDays = 2

// Probation is how many days a value must have been active before it is settled. An intruder's first visit does not
// make his second one familiar.
const Probation = 3

// View is a profile as it was before a day: whatever happened on that day or later is invisible.
type View struct {
	profile *Profile
	day     Day
	active  uint64 // active days of the window before day, bit 0 the day before
	first   Day    // first active day ever
}

// Before returns the view of the profile for judging an event of day d.
func (p *Profile) Before(d Day) View {
	v := View{profile: p, day: d, first: d}
	for _, s := range p.sets[HourBlock].slots {
		v.active |= s.before(d)
		v.first = min(v.first, s.First)
	}
	return v
}

// ActiveDays counts the days of the window with a successful sign-in.
func (v View) ActiveDays() int { return bits.OnesCount64(v.active) }

// Age is the number of days since the first sign-in, at most Window.
func (v View) Age() int { return min(int(v.day)-int(v.first), Window) }

// DaysKnown counts the days of the window on which the principal showed a value; 0 means that it is new.
func (v View) DaysKnown(p Property, hash uint32) int {
	s, ok := v.profile.sets[p].find(hash)
	if !ok {
		return 0
	}
	return s.activeBefore(v.day)
}

// Settled reports whether a value is the principal's own: known on Probation days, or from its first LearningDays.
func (v View) Settled(p Property, hash uint32) bool {
	s, ok := v.profile.sets[p].find(hash)
	if !ok {
		return false
	}
	days := s.activeBefore(v.day)
	return days >= Probation || days > 0 && int(s.First) < int(v.first)+LearningDays
}

// Arrivals counts the values that first appeared in the window, after the principal's first LearningDays.
func (v View) Arrivals(p Property) int {
	n := 0
	for _, s := range v.profile.sets[p].slots {
		if s.First < v.day && int(v.day)-int(s.First) <= Window && int(s.First) >= int(v.first)+LearningDays {
			n++
		}
	}
	return n
}

// Seen counts the values of a property that are known.
func (v View) Seen(p Property) int {
	n := 0
	for _, s := range v.profile.sets[p].slots {
		if s.before(v.day) != 0 {
			n++
		}
	}
	return n
}

// Saturated reports that the principal showed so many values of the property, before the day, that a new one says
// nothing. The slots of a full property are a sample of all its values, so when most of them are of the day itself,
// somebody is flooding it and the property stays in force.
func (v View) Saturated(p Property) bool {
	return v.profile.sets[p].overflow && v.Seen(p) >= MaxSlots/2
}

// LastUse returns the last hour in which any value of the property, known before the day, was used, and false if
// none was. The hour itself may lie on the day or later: it tells whether an old source is still at work.
func (v View) LastUse(p Property) (Hour, bool) {
	var last Hour
	found := false
	for _, s := range v.profile.sets[p].slots {
		if s.before(v.day) != 0 {
			last, found = max(last, s.Last), true
		}
	}
	return last, found
}
