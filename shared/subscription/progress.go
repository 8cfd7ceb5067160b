package subscription

import "time"

// Progress is how it goes with delivering to a subscription. It is kept apart, by whoever delivers.
type Progress struct {
	Since    time.Time `json:"since"`            // when the subscription was made that this is about: another one begins anew
	Failures int       `json:"failures"`         // in a row
	Failing  time.Time `json:"failing,omitzero"` // since when nothing arrives
	Next     time.Time `json:"next,omitzero"`    // when it is tried again
	Error    string    `json:"error,omitempty"`  // the last one: never the callback's address
	Last     time.Time `json:"last,omitzero"`    // when something arrived
	Dead     int       `json:"dead"`             // how many notices wait among the dead letters
	Resent   time.Time `json:"resent,omitzero"`  // what was given up before this was put back
	Ended    time.Time `json:"ended,omitzero"`   // nothing is delivered any more
	Why      string    `json:"why,omitempty"`    // it ended
	Lease    Lease     `json:"lease,omitzero"`   // who delivers
	Caught   bool      `json:"caught,omitempty"` // of one that is called once: the state when it was made was looked at
}

// Lease says which instance delivers, and until when it may be silent.
type Lease struct {
	Owner string    `json:"owner"`
	Until time.Time `json:"until"`
}

// Of returns the progress of a subscription: of one that was made anew, everything begins anew but the dead letters.
func (p Progress) Of(s Subscription) Progress {
	if p.Since.Equal(s.Created) {
		return p
	}
	return Progress{Since: s.Created, Dead: p.Dead, Resent: p.Resent, Lease: p.Lease}
}

// Acquire takes the lease; false when somebody else has it.
func (p *Progress) Acquire(owner string, now time.Time, term time.Duration) bool {
	if p.Lease.Owner != "" && p.Lease.Owner != owner && now.Before(p.Lease.Until) {
		return false
	}
	p.Lease = Lease{owner, now.Add(term)}
	return true
}

// How long to wait after failures, and how long a notice is tried.
const (
	firstPause = 10 * time.Second
	maxPause   = 15 * time.Minute
	Patience   = 24 * time.Hour
)

// Failed notes that a callback failed: the pause doubles from one failure to the next, and is at least what the receiver asked for,
// within an hour.
func (p *Progress) Failed(why string, after time.Duration, now time.Time) {
	if p.Failures == 0 {
		p.Failing = now
	}
	pause := min(firstPause<<min(p.Failures, 10), maxPause)
	p.Failures, p.Error, p.Next = p.Failures+1, why, now.Add(max(pause, min(after, time.Hour)))
}

// Arrived notes that something was taken.
func (p *Progress) Arrived(now time.Time) {
	p.Failures, p.Failing, p.Next, p.Error, p.Last = 0, time.Time{}, time.Time{}, "", now
}

// End notes that nothing is delivered any more.
func (p *Progress) End(why string, now time.Time) { p.Ended, p.Why, p.Next = now, why, time.Time{} }

// Resting reports whether it is not yet time to try again.
func (p *Progress) Resting(now time.Time) bool { return now.Before(p.Next) }
