package rotate

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"rekey/shared/fault"
)

// version of the journal's form. A newer one is never written by this program.
const version = 1

// Version is what a Head that is made elsewhere carries.
const Version = version

// State of an operation.
type State string

// The states.
const (
	StateAwaitingApproval State = "awaitingApproval" // a tier waits for a person, and nothing else goes on
	StateRunning          State = "running"
	StateWatching         State = "watching" // all rotated; old versions are to be disabled, or the log is not whole yet
	StateDone             State = "done"
)

// Status of an item.
type Status string

// The statuses.
const (
	Pending Status = "pending"
	Working Status = "working" // the intent of a step is written; its effect may have happened
	Waiting Status = "waiting" // for time to pass, or for another try
	Rotated Status = "rotated" // the old value opens nothing any more; old versions are still to be disabled
	Done    Status = "done"
	Parked  Status = "parked" // stopped with a reason: people have to act
)

// Lease says which instance works on the operation, and until when it may be silent.
type Lease struct {
	Owner string    `json:"owner"`
	Until time.Time `json:"until"`
}

// TierState is how far a tier is.
type TierState struct {
	Number    int        `json:"tier"`
	Hash      string     `json:"hash"`
	Cap       int        `json:"cap"`
	Allowed   int        `json:"allowed"`             // targets that may be begun
	By        []string   `json:"by,omitempty"`        // who approved what is allowed; empty if it runs by itself
	Approvals []Approval `json:"approvals,omitempty"` // not used yet
	Began     time.Time  `json:"began,omitzero"`
	Ended     time.Time  `json:"ended,omitzero"`
	Reason    string     `json:"reason,omitempty"` // why it ended, or waits
}

// Head is the operation's own row.
type Head struct {
	Version   int              `json:"version"`
	ID        string           `json:"id"`
	Case      string           `json:"case"`
	Principal string           `json:"principal"`
	Name      string           `json:"displayName,omitempty"`
	State     State            `json:"state"`
	Reason    string           `json:"reason,omitempty"`
	Alone     bool             `json:"alone,omitempty"` // tier 1 needs no approval
	Needs     int              `json:"needs"`           // approvals of different people per tier
	Never     []string         `json:"never,omitempty"` // whose approval does not count
	Parallel  int              `json:"parallel"`
	Tiers     [tiers]TierState `json:"tiers"`
	Cut       time.Time        `json:"cut"`             // when the principal's access was cut
	Closed    time.Time        `json:"closed,omitzero"` // since then tier 1 takes in nothing by itself
	ClosedWhy string           `json:"closedWhy,omitempty"`
	Chunks    int              `json:"chunks"`            // rows of items
	Looked    time.Time        `json:"looked,omitzero"`   // when the facts were gathered last
	Taken     []Taken          `json:"taken,omitempty"`   // credentials of other applications: each is told once
	Heard     []string         `json:"heard,omitempty"`   // ids of people's words that were taken in, the newest last
	Undone    []string         `json:"undone,omitempty"`  // ids of undos of the eviction that were noticed (Undo)
	UndoneAt  time.Time        `json:"undoneAt,omitzero"` // when the last of them was: a yes from before does not count
	Moves     []Move           `json:"moves,omitempty"`   // the states it was stored in, the earliest first
	Lease     Lease            `json:"lease,omitzero"`
	Opened    time.Time        `json:"opened"`
	Updated   time.Time        `json:"updated"`
}

// Journal is everything that another instance needs to go on. It is kept in a row for the Head and rows of Items (rows.go).
type Journal struct {
	Head
	Items   []*Item
	touched map[int]bool // rows of items that may differ from what was written
}

// touch notes that an item's row may have changed.
func (j *Journal) touch(i *Item) {
	if j.touched == nil {
		j.touched = map[int]bool{}
	}
	j.touched[i.chunk] = true
}

// Opening says under which rules a plan is carried out.
type Opening struct {
	Alone    bool     // tier 1 may begin without an approval
	Needs    int      // approvals per tier; 0 is 1
	Never    []string // people of linked cases
	Parallel int      // targets at a time; 0 is 4
	Cut      time.Time
}

const defaultParallel = 4

// OperationID returns the id of a case's rotation: one case has one.
func OperationID(caseID string) string { return "rot-" + caseID }

// Open makes the journal of a plan.
func Open(p Plan, o Opening, now time.Time) *Journal {
	j := &Journal{Head: Head{
		Version: version, ID: OperationID(p.Case), Case: p.Case, Principal: p.Principal, Name: p.Name, Alone: o.Alone, Needs: max(o.Needs, 1), Never: o.Never,
		Parallel: cmp.Or(max(o.Parallel, 0), defaultParallel), Cut: o.Cut, Opened: now, Updated: now,
	}}
	for n, t := range p.Tiers {
		j.Tiers[n] = TierState{Number: t.Number, Hash: t.Hash, Cap: t.Cap}
		for _, target := range t.Targets {
			j.add(target)
		}
	}
	j.Advance(now)
	return j
}

func (j *Journal) add(t Target) *Item {
	i := &Item{Target: t, Status: Pending, Round: 1, Order: len(j.Items)}
	j.Items = append(j.Items, i)
	j.place(i)
	j.touch(i)
	return i
}

// Readable reports whether this program may work with a journal that was read, as an error of kind fault.Denied if not.
func (h *Head) Readable() error {
	if h.Version > version {
		return fault.Unreadable("reading rotation %s: version %d is newer than this program's %d: upgrade it", h.ID, h.Version, version)
	}
	return nil
}

// Due reports whether an executor should look at the operation: there is something to do, or time will make something.
// One that waits for an approval is looked at, too, because logs go on arriving (Again, Close).
func (h *Head) Due() bool { return h.State != StateDone }

// Acquire takes the lease for an owner, and false when somebody else holds it. It is taken by writing the Head.
func (h *Head) Acquire(owner string, now time.Time, term time.Duration) bool {
	if h.Lease.Owner != "" && h.Lease.Owner != owner && now.Before(h.Lease.Until) {
		return false
	}
	h.Lease, h.Updated = Lease{owner, now.Add(term)}, now
	return true
}

// Release gives the lease back so that another instance may go on at once.
func (h *Head) Release(now time.Time) { h.Lease, h.Updated = Lease{}, now }

// Item returns an item by its target's key, or nil.
func (j *Journal) Item(key string) *Item {
	for _, i := range j.Items {
		if i.Key == key {
			return i
		}
	}
	return nil
}

// Count returns how many of a tier's items have a status; tier 0 is all.
func (j *Journal) Count(tier int, s Status) int {
	n := 0
	for _, i := range j.Items {
		if (tier == 0 || i.Tier == tier) && i.Status == s {
			n++
		}
	}
	return n
}

// Summary says in a line how far the operation is.
func (j *Journal) Summary() string {
	rotated := 0
	for _, i := range j.Items {
		if i.Kind != OwnerAction && (i.Status == Rotated || i.Status == Done) {
			rotated++
		}
	}
	owners := 0
	for _, i := range j.Items {
		if i.Kind == OwnerAction {
			owners++
		}
	}
	return fmt.Sprintf("%s: %d rotated, %d for their owners, %d parked, %d to go", j.State, rotated, owners, j.Count(0, Parked), j.Count(0, Pending)+j.Count(0, Working)+j.Count(0, Waiting))
}

// started counts the targets of each tier that were begun, each round of its own. It is derived from the items and not kept: the
// Head is another row, and a crash between two rows must not make room under a cap.
func (j *Journal) started() (n [tiers]int) {
	for _, i := range j.Items {
		if i.Kind == OwnerAction {
			continue
		}
		if n[i.Tier-1] += i.Round - 1; !i.Began.IsZero() {
			n[i.Tier-1]++
		}
	}
	return n
}

// tier returns the state of a tier by its number.
func (j *Journal) tier(n int) *TierState { return &j.Tiers[n-1] }

// reached reports whether all tiers before one have ended.
func (j *Journal) reached(n int) bool {
	return !slices.ContainsFunc(j.Tiers[:n-1], func(t TierState) bool { return t.Ended.IsZero() })
}
