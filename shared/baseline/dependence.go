package baseline

import "rekey/shared/fault"

// Dependence counts the people who sign in to an application: who would notice if it stopped. Like Profile it merges
// in any order.
type Dependence struct {
	users Volume
}

// Count adds a user's sign-in on a day.
func (d *Dependence) Count(h Hasher, day Day, userID string) {
	d.users.days.add(int(day), h.id(userID))
}

// Merge adds what e knows. It is commutative, associative and idempotent.
func (d *Dependence) Merge(e *Dependence) { d.users.days.merge(&e.users.days) }

// Busiest estimates the distinct users of the busiest of the 30 days up to and including day.
func (d *Dependence) Busiest(day Day) float64 {
	most := 0.0
	for n := range min(30, int(day)+1) {
		most = max(most, d.users.On(day-Day(n)))
	}
	return most
}

const dependenceVersion = 1

// AppendBinary appends the encoded counts to b: equal counts have equal bytes.
func (d *Dependence) AppendBinary(b []byte) ([]byte, error) {
	return d.users.days.append(append(b, dependenceVersion), dayBytes), nil
}

// UnmarshalBinary replaces the counts by the encoded ones, with the errors of Profile.UnmarshalBinary.
func (d *Dependence) UnmarshalBinary(b []byte) error {
	if len(b) > 0 && b[0] > dependenceVersion {
		return fault.Errorf(fault.Denied, "decoding users: version %d is newer than this program's %d: upgrade it", b[0], dependenceVersion)
	}
	*d = Dependence{}
	r := reader{b: b}
	r.take(1)
	d.users.days.read(&r, dayBytes)
	if r.bad || len(r.b) != 0 {
		return fault.Errorf(fault.Poison, "decoding users: damaged, %d bytes in all", len(b))
	}
	return nil
}
