package baseline

import "math/bits"

// LearningDays is how many active days must lie behind a principal before its sign-ins are judged at all.
const LearningDays = 2

// Probation is how many days a value must have been active before it is settled. An intruder's first visit does not
// make his second one familiar.
const Probation = 3

// View is a profile as it was before a day: whatever happened on that day or later is invisible, but where a method
// says otherwise.
//
// Its window are the 60 days up to the principal's last active day. For a principal that was silent for months these
// are the last days on which it lived: what wakes is compared with what fell asleep.
type View struct {
	profile *Profile
	day     Day    // the day that is judged
	end     Day    // the day after the last active one: where the window ends
	active  uint64 // active days of the window, bit 0 the last one
	first   Day    // first active day ever
}

// Before returns the view of the profile for judging an event of day d.
func (p *Profile) Before(d Day) View {
	v := View{profile: p, day: d, end: d, first: d}
	slots := p.sets[HourBlock].slots
	last, found := Day(0), false
	for i := range slots {
		if on, ok := slots[i].lastBefore(d); ok {
			last, found = max(last, on), true
			v.first = min(v.first, slots[i].First)
		}
	}
	if !found {
		return v
	}
	v.end = last + 1
	for i := range slots {
		v.active |= slots[i].before(v.end)
	}
	return v
}

// Day returns the judged day.
func (v View) Day() Day { return v.day }

// Volume returns how many sign-ins there were by day. It knows the judged day, too.
func (v View) Volume() *Volume { return &v.profile.volume }

// ActiveDays counts the days of the window with a successful sign-in.
func (v View) ActiveDays() int { return bits.OnesCount64(v.active) }

// Age is the number of days since the first sign-in, at most Window.
func (v View) Age() int { return min(int(v.day)-int(v.first), Window) }

// End returns the day after the last active one before the judged day: where the window ends.
func (v View) End() Day { return v.end }

// Arrived counts the values of a property that were first seen on a day from one to before another, at most 64 days later,
// and says on which of these days (bit 0: the first).
func (v View) Arrived(p Property, from, to Day) (n int, days uint64) {
	for i := range v.profile.sets[p].slots {
		if first := v.profile.sets[p].slots[i].First; first >= from && first < to {
			n++
			days |= 1 << (first - from)
		}
	}
	return n, days
}

// Silence is the number of whole days without a sign-in that lie before the day.
func (v View) Silence() int { return int(v.day) - int(v.end) }

// Silences counts how often, within the window, there was no sign-in for at least so many days.
func (v View) Silences(days int) int {
	n := 0
	for rest := v.active; rest != 0; {
		rest >>= bits.TrailingZeros64(rest) + 1
		if rest != 0 && bits.TrailingZeros64(rest) >= days {
			n++
		}
	}
	return n
}

// SameDays counts the days of the window that were days of the same sort, weekend or not, as the judged one: how many
// there were since the first sign-in, and on how many of them there was one.
func (v View) SameDays() (active, all int) {
	weekend := v.day.weekend()
	for i := range min(Window, int(v.end)-int(v.first)) {
		if (v.end - 1 - Day(i)).weekend() != weekend {
			continue
		}
		all++
		active += int(v.active >> i & 1)
	}
	return active, all
}

// DaysKnown counts the days of the window on which the principal showed a value; 0 means that it is new.
func (v View) DaysKnown(p Property, hash uint32) int {
	s, ok := v.profile.sets[p].find(hash)
	if !ok {
		return 0
	}
	return s.activeBefore(v.end)
}

// Settled reports whether a value is the principal's own: known on Probation days, or from its first LearningDays.
func (v View) Settled(p Property, hash uint32) bool {
	s, ok := v.profile.sets[p].find(hash)
	if !ok {
		return false
	}
	days := s.activeBefore(v.end)
	return days >= Probation || days > 0 && int(s.First) < int(v.first)+LearningDays
}

// Seen counts the values of a property that are known.
func (v View) Seen(p Property) int {
	n := 0
	for i := range v.profile.sets[p].slots {
		if v.profile.sets[p].slots[i].before(v.end) != 0 {
			n++
		}
	}
	return n
}

// Saturated reports that the principal showed so many values of the property, before the day, that a new one says
// nothing. The slots of a full property are a sample of all its values, so when most of them are of the day itself,
// somebody is flooding it and the property stays in force.
func (v View) Saturated(p Property) bool {
	return v.profile.sets[p].overflow && v.Seen(p) >= p.room()/2
}

// Overflows reports that the property has more values than are kept: whether a value was among them cannot be told.
func (v View) Overflows(p Property) bool { return v.profile.sets[p].overflow }

// LastUse returns the last hour in which any value of the property, known before the day, was used, and false if
// none was. The hour itself may lie on the day or later: it tells whether an old source is still at work.
func (v View) LastUse(p Property) (Hour, bool) {
	var last Hour
	found := false
	for _, s := range v.profile.sets[p].slots {
		if s.before(v.end) != 0 {
			last, found = max(last, s.Last), true
		}
	}
	return last, found
}

// StillActive reports whether a value of the property that was known before the judged day was used so many days after
// it; 0 is the day itself. This looks past the day: it tells whether an old source is still at work.
func (v View) StillActive(p Property, after int) bool {
	for i := range v.profile.sets[p].slots {
		s := &v.profile.sets[p].slots[i]
		if s.before(v.end) != 0 && s.activeOn(v.day+Day(after)) {
			return true
		}
	}
	return false
}

// UsedNear reports whether a value was used on the judged day or the day before, by anybody with the principal's name.
func (v View) UsedNear(p Property, hash uint32) bool {
	s, ok := v.profile.sets[p].find(hash)
	return ok && (s.activeOn(v.day) || v.day > 0 && s.activeOn(v.day-1))
}

// Days returns on which of the 60 days before d there was a sign-in, as far as is known: bit 0 is the day before d.
func (p *Profile) Days(d Day) uint64 {
	days := uint64(0)
	for i := range p.sets[HourBlock].slots {
		days |= p.sets[HourBlock].slots[i].before(d)
	}
	return days
}

// LastOf returns the last hour in which a value was shown, and false if it is not known. Where the property overflows
// (see View.Overflows), what is not known may have been shown.
func (p *Profile) LastOf(prop Property, hash uint32) (Hour, bool) {
	s, ok := p.sets[prop].find(hash)
	return s.Last, ok
}
