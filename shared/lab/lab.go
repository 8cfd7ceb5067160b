// Package lab is the laboratory in which detection is proven: what a simulated tenant, the detectors that watch it and
// the judges of both have in common.
//
// Words used here. A run is one simulated tenant from its first day to its last, made from a seed. A delivery is one
// log record as it arrives in a hub: late, sometimes twice. An episode is one intrusion, from its first record to its
// last. A change is something new that is benign: a migration, a new library, a rotated key. A verdict is a score
// that a detector gives to a record. An alert is a principal and a UTC day with at least one verdict above a
// threshold; it is false when nothing that day belongs to an episode. A budget is how many false alerts per 1,000
// principals a day are put up with.
//
// Package simulate makes runs, package rival holds the published detectors Rekey is compared with, package measure
// turns verdicts into figures.
package lab

import (
	"time"

	"rekey/shared/event"
)

// None is the number of no episode, no change and no principal.
const None = -1

// Truth is what the simulator knows of one record. No detector sees it.
type Truth struct {
	Principal int32 // number of the principal the record is about, or None
	Episode   int32 // number of the episode it belongs to, or None
	Change    int32 // number of the change it shows, or None; a change shows for its first days only
	Variant   int16 // of a probe: which way of doing it this is, from 1; 0 for what is really delivered
}

// Delivery is one record on its way to a detector. Record is valid until the next delivery.
type Delivery struct {
	At     time.Time // when it arrives
	Hub    string    // name of the stream function: signins, auditlogs, vaultlogs, graphlogs, activitylogs
	Record []byte
	Truth  Truth
}

// Probe reports whether the record was never sent: an adaptive intruder tries in his head which way scores lowest.
func (d *Delivery) Probe() bool { return d.Truth.Variant > 0 }

// Episode is one intrusion.
type Episode struct {
	Kind       string // one of the simulator's kinds
	Principals []int32
	Begin      time.Time // of its first record
}

// Change is one benign change of a principal.
type Change struct {
	Kind      string // one of the simulator's kinds
	Principal int32
	Begin     time.Time
}

// Verdict is a score given to a record. The higher, the more suspicious; scores of different detectors do not compare.
type Verdict struct {
	Record uint32 // the number the detector was told
	Score  float64
	At     time.Time // when it was given: at once, or when the day was closed
}

// Detector watches one run. It sees what a product would see, in the order of delivery, and learns as it goes.
type Detector interface {
	Name() string
	// Record takes the next record, numbered from 0, and says what scores follow from it, for this record or earlier
	// ones. Strings of the event point into the delivered bytes: what is kept must be cloned.
	Record(n uint32, e *event.Event, at time.Time, say func(Verdict))
	// Close is called once after the last record of a UTC day was delivered.
	Close(day time.Time, say func(Verdict))
	// Probe returns the score the event would have, and learns nothing.
	Probe(e *event.Event, at time.Time) float64
}
