package rival

import "math"

// habit is how often one principal showed each value of one property. Weights fade: what was seen a half-life ago
// counts half.
type habit struct {
	table[sighting]
	total weight
}

// sighting is one value of a habit, with its place in the fleet's habit, which saves looking it up there.
type sighting struct {
	weight
	fleet int32
}

// weight is a fading count. It is brought up to date only when it is looked at.
type weight struct {
	amount float64
	day    int32
}

// fade says how fast weights fade.
type fade struct{ table [128]float64 }

// newFade makes a fade with a half-life in days; 0 means that nothing fades.
func newFade(halfLife float64) *fade {
	var f fade
	for i := range f.table {
		f.table[i] = 1
		if halfLife > 0 {
			f.table[i] = math.Exp2(-float64(i) / halfLife)
		}
	}
	return &f
}

// of returns the weight on a day.
func (f *fade) of(w *weight, day int32) float64 {
	return w.amount * f.table[min(max(day-w.day, 0), int32(len(f.table)-1))]
}

// add adds to a weight. With daily set a day adds once only.
func (f *fade) add(w *weight, day int32, daily bool) {
	if daily && w.amount > 0 && w.day >= day {
		return
	}
	w.amount = f.of(w, day) + 1
	w.day = max(w.day, day)
}

// teach counts a value as seen on a day. With daily set a day counts once only. What the principal shows for the
// first time is counted in the fleet's habit too.
func (h *habit) teach(f *fade, fleet *crowdHabit, value uint64, day int32, daily bool) {
	s, made := h.add(value)
	if made {
		s.fleet = fleet.teach(value)
	}
	if !daily || s.amount == 0 || s.day < day {
		f.add(&h.total, day, false)
	}
	f.add(&s.weight, day, daily)
}

// crowdHabit is what the whole fleet shows of one property: for each value how many principals ever did. Counting
// principals and not records keeps one busy principal from speaking for everybody.
type crowdHabit struct {
	table[float64]
	total float64
}

// teach counts one more principal that shows a value and returns the value's place.
func (c *crowdHabit) teach(value uint64) int32 {
	place := c.place(value)
	c.about[place]++
	c.total++
	return place
}

// at returns the part of principals that showed the value at a place.
func (c *crowdHabit) at(place int32, unseen float64) float64 {
	return (c.about[place] + 1/unseen) / (c.total + 1)
}

// share returns the part of principals that showed a value. What none showed shares one unit with all other values
// that nobody has shown yet, which are taken to be so many.
func (c *crowdHabit) share(value uint64, unseen float64) float64 {
	n := 0.0
	if w := c.find(value); w != nil {
		n = *w
	}
	return (n + 1/unseen) / (c.total + 1)
}
