package baseline

import "rekey/shared/event"

// maxFederated bounds the federated credentials that are remembered of a principal: an application has at most 20, and uses
// few.
const maxFederated = 8

// maxOwner is the length of a tenant's id.
const maxOwner = 36

// microsoftTenants own Microsoft's own applications.
var microsoftTenants = [...]string{"f8cdef31-a31e-4b4a-93e4-5f571e91255a", "72f988bf-86f1-41af-91ab-2d7cd011db47"}

// identify remembers the federated credential of a successful sign-in, and the tenant that owns the application, if it is
// neither the record's nor Microsoft's.
func (e *Evidence) identify(s *event.Event, v *Values) {
	if v.Federated != 0 {
		hour := HourOf(s.Time)
		e.federated.add(Slot{Hash: v.Federated, First: hour.Day(), Last: hour, Days: 1}, maxFederated)
	}
	owner := s.SignIn.AppOwnerTenant
	if owner == "" || owner == s.Tenant || s.Tenant == "" || owner == microsoftTenants[0] || owner == microsoftTenants[1] || owner <= e.owner {
		return
	}
	e.owner = max(e.owner, printable(owner, maxOwner))
}

// Fail counts a failed sign-in, and nothing else. It teaches nothing.
func (e *Evidence) Fail(s *event.Event, v *Values) {
	if sort, ok := FailureSortOf(s); ok {
		e.failures.add(s, v, sort)
	}
}

// Failures returns what is known of failed sign-ins. A nil Evidence knows of none.
func (e *Evidence) Failures() *Failures {
	if e == nil {
		return new(Failures)
	}
	return &e.failures
}

// Owner returns the id of the tenant that owns the application, if it is another one and not Microsoft's; else "".
func (e *Evidence) Owner() string { return e.owner }

// Federated reports whether a federated credential was used before a day, and whether any other was. Where there was no room
// for all, one that is not remembered is taken to be known.
func (e *Evidence) Federated(hash uint32, d Day) (known, others bool) {
	known = e.federated.overflow
	for _, s := range e.federated.slots {
		if s.First < d {
			known, others = known || s.Hash == hash, true
		}
	}
	return known, others
}

func (e *Evidence) readOwner(r *reader) {
	if head := r.take(1); !r.bad {
		owner := string(r.take(int(head[0])))
		r.bad = r.bad || printable(owner, maxOwner) != owner
		e.owner = owner
	}
}
