package baseline

import (
	"encoding/binary"
	"strings"

	"rekey/shared/event"
)

// FailureSort sorts failed sign-ins of workloads by what they tell.
type FailureSort uint8

// The sorts, in the order they are stored. New ones go at the end.
const (
	FailureWrong   FailureSort = iota // a secret, certificate or assertion that is not accepted: a wrong one, or a guess
	FailureExpired                    // a secret that was right once
	FailureBlocked                    // by Conditional Access
	FailureMissing                    // the application or the resource is not in the tenant
	FailureOther
	failureSorts
)

// FailureSortOf sorts a failed sign-in of a workload, and returns false for what is none and for errors of Microsoft's that
// pass by themselves. Codes: learn.microsoft.com, "Microsoft Entra authentication and authorization error codes".
func FailureSortOf(e *event.Event) (FailureSort, bool) {
	if !IsSignIn(e) || e.SignIn.Succeeded() {
		return 0, false
	}
	switch e.SignIn.ErrorCode {
	case 90025, 90033, 1100000:
		return 0, false
	case 7000222:
		return FailureExpired, true
	case 7000215, 700027, 700024, 70021:
		return FailureWrong, true
	case 53003:
		return FailureBlocked, true
	case 500011, 700016:
		return FailureMissing, true
	}
	if strings.EqualFold(e.SignIn.ConditionalAccess, "failure") {
		return FailureBlocked, true
	}
	return FailureOther, true
}

// maxFailureOrigins bounds the networks that are remembered of failures.
const maxFailureOrigins = 8

// Failures are what is known of one principal's failed sign-ins. They never teach its Profile: an intruder may cause as many
// as he likes. Like Profile they merge in any order. The zero Failures are empty and ready.
type Failures struct {
	days    series[[24]sketch] // how many on each of the last days: an evidence's row has no room for more
	sorts   [failureSorts]Slot // Days is 0 when there was none
	origins set                // the networks, or prefixes, from which credentials were tried in vain
}

// add counts a failed sign-in.
func (f *Failures) add(e *event.Event, v *Values, sort FailureSort) {
	hour := HourOf(e.Time)
	f.days.add(int(hour.Day()), v.id)
	s := Slot{First: hour.Day(), Last: hour, Days: 1}
	f.join(sort, s)
	if sort != FailureWrong && sort != FailureExpired || e.Network.Hosting == event.HostingOwn {
		return
	}
	if s.Hash = v.Network(); s.Hash != 0 {
		f.origins.add(s, maxFailureOrigins)
	}
}

// Network is the hash of the autonomous system from which a sign-in came or, where that is unknown, of the prefix; 0 when
// both are.
func (v *Values) Network() uint32 {
	switch {
	case v.Has(ASN):
		return v.Hash[ASN]
	case v.Has(Prefix):
		return v.Hash[Prefix]
	}
	return 0
}

func (f *Failures) join(sort FailureSort, s Slot) {
	if f.sorts[sort].Days != 0 {
		s = f.sorts[sort].join(s)
	}
	f.sorts[sort] = s
}

func (f *Failures) merge(g *Failures) {
	f.days.merge(&g.days)
	for i := range g.sorts {
		if g.sorts[i].Days != 0 {
			f.join(FailureSort(i), g.sorts[i])
		}
	}
	f.origins.merge(&g.origins, maxFailureOrigins)
}

// On estimates how many there were on a day.
func (f *Failures) On(d Day) float64 { return f.days.on(int(d)) }

// MaxBefore estimates the largest of the known days before d, some three weeks.
func (f *Failures) MaxBefore(d Day) float64 { return f.days.most(0, int(d)) }

// Failed reports whether there was one of a sort on a day.
func (f *Failures) Failed(sort FailureSort, d Day) bool {
	return f.sorts[sort].Days != 0 && f.sorts[sort].activeOn(d)
}

// DaysBefore counts the days with a sort among so many before d.
func (f *Failures) DaysBefore(sort FailureSort, d Day, days int) int {
	n := 0
	for i := range days {
		if d > Day(i) && f.Failed(sort, d-1-Day(i)) {
			n++
		}
	}
	return n
}

// Ever reports whether there was one of a sort before d.
func (f *Failures) Ever(sort FailureSort, d Day) bool {
	return f.sorts[sort].Days != 0 && f.sorts[sort].First < d
}

// Strange counts the networks in which credentials were tried in vain on the judged day and in which the principal is not
// known. With more networks than there is room for it counts those of a fair sample.
func (f *Failures) Strange(v View) int {
	n := 0
	for _, s := range f.origins.slots {
		if s.activeOn(v.day) && !v.Knows(s.Hash) {
			n++
		}
	}
	return n
}

// Knows reports whether a network, given by the hash of Values or of Hasher.Network, is the principal's own, to sign in from
// or to use a token: one visit of an intruder's makes none (see Settled). It is true where that cannot be told.
func (v View) Knows(network uint32) bool {
	if network == 0 || v.Seen(ASN) == 0 && v.Seen(Prefix) == 0 || v.Overflows(ASN) {
		return true
	}
	for _, p := range []Property{ASN, Prefix, ActivityASN, ActivityPrefix} {
		if v.Settled(p, network) {
			return true
		}
	}
	return false
}

// sortBytes are a sort's first day, last hour and days.
const sortBytes = dayBytes + hourBytes + 8

// append writes the days, which sorts there were (1 byte) and a slot for each, and the origins.
func (f *Failures) append(b []byte) []byte {
	b = f.days.append(b, dayBytes)
	at := len(b)
	b = append(b, 0)
	for i, s := range f.sorts {
		if s.Days != 0 {
			b[at] |= 1 << i
			b = binary.LittleEndian.AppendUint16(b, uint16(s.First))
			b = append(b, byte(s.Last), byte(s.Last>>8), byte(s.Last>>16))
			b = binary.LittleEndian.AppendUint64(b, s.Days)
		}
	}
	return f.origins.append(b)
}

func (f *Failures) read(r *reader) {
	f.days.read(r, dayBytes)
	head := r.take(1)
	if r.bad || head[0]>>failureSorts != 0 {
		r.bad = true
		return
	}
	for i := range f.sorts {
		if head[0]&(1<<i) == 0 {
			continue
		}
		x := r.take(sortBytes)
		if r.bad {
			return
		}
		f.sorts[i] = Slot{First: Day(binary.LittleEndian.Uint16(x)), Last: Hour(x[2]) | Hour(x[3])<<8 | Hour(x[4])<<16, Days: binary.LittleEndian.Uint64(x[5:])}
		r.bad = r.bad || f.sorts[i].Days == 0
	}
	f.origins.read(r, maxFailureOrigins)
}
