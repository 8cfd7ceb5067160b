// Package order says what somebody asked Rekey to do about a risk or a Conditional Access policy, and keeps the journal
// of doing it.
//
// An order is a row that is written before its maker is answered; the doorbell that follows only carries its id. Whoever
// takes it works under a lease and notes in the row what is done, so that another instance can go on. It is a value with
// transitions: handlers do the I/O. An operation of package remedy changes one principal's locks and needs approval by
// its plan; an order is the one call that a person could have made in Microsoft Graph, with the record of who asked.
package order

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"rekey/shared/fault"
)

// Partition is where orders are kept in their table.
const Partition = "order"

// prefix begins the id of every order, so that it is told from others in the ledger.
const prefix = "order-"

// version of the row's form. A newer one is never written by this program.
const version = 1

// Kind is what is to be done.
type Kind string

// The kinds.
const (
	Confirm      Kind = "confirmCompromised" // Identity Protection: these principals are compromised
	Dismiss      Kind = "dismiss"            // Identity Protection: these principals have no risk (any more)
	CreatePolicy Kind = "createPolicy"       // Conditional Access: block these principals when they are at risk
	UpdatePolicy Kind = "updatePolicy"
	RemovePolicy Kind = "removePolicy"
	Stop         Kind = "stop"   // the kill switch: nothing is changed any more
	Resume       Kind = "resume" // everything goes on

	Remediate   Kind = "remediate" // look at a principal, and plan what would change its locks
	Approve     Kind = "approve"   // a yes to an operation's plan, by its hash
	Reject      Kind = "reject"
	Cancel      Kind = "cancel"
	Undo        Kind = "undo"        // what was there before an operation and is not now; and put it back, if asked to
	ApproveTier Kind = "approveTier" // a yes to a tier of a rotation, by its hash
	DeclineTier Kind = "declineTier"
	Retry       Kind = "retry" // go on with a secret of a rotation that was parked
)

// Remedial reports whether a kind is about remediations, and not about risk or policies.
func (k Kind) Remedial() bool {
	return k == Stop || k == Resume || k.about()
}

// about reports whether a kind is about one principal's remediation.
func (k Kind) about() bool {
	return slices.Contains([]Kind{Remediate, Approve, Reject, Cancel, Undo, ApproveTier, DeclineTier, Retry}, k)
}

// decides reports whether a kind is a decision, which only a person can make. To resume is a yes to everything that stands.
func (k Kind) decides() bool { return k == Resume || k.about() && k != Remediate && k != Undo }

// Request is what somebody asks for.
type Request struct {
	Kind   Kind            `json:"kind"`
	IDs    []string        `json:"ids,omitempty"`    // object ids of the principals; of a policy, operation or rotation its id
	Body   json.RawMessage `json:"body,omitempty"`   // of a policy, as it was sent: see package policy; of a remediation: see remediation.go
	Named  string          `json:"named,omitempty"`  // the full name of a policy that Rekey did not make, and that is meant all the same
	By     string          `json:"by"`               // who asks; in the ledger
	Person string          `json:"person,omitempty"` // object id of the user who asks; "" for an application
	Reason string          `json:"reason,omitempty"`
	Key    string          `json:"key"` // the same key of the same person is the same order
}

// Limits of a request: a row has to hold it twice.
const (
	MaxIDs  = 1000
	MaxBody = 64 << 10
	maxText = 256
)

// Status of an order, in the words of Microsoft Graph's long-running operations.
type Status string

// The statuses.
const (
	NotStarted Status = "notStarted"
	Running    Status = "running"
	Succeeded  Status = "succeeded"
	Failed     Status = "failed" // nothing more will be done; Message says why
)

// Left is a principal that the order was not carried out for.
type Left struct {
	ID     string `json:"id"`
	Name   string `json:"displayName,omitempty"`
	Reason string `json:"reason"`
}

// Lease says which instance works on the order, and until when it may be silent.
type Lease struct {
	Owner string    `json:"owner"`
	Until time.Time `json:"until"`
}

// Order is a request and the journal of carrying it out.
type Order struct {
	Version int    `json:"version"`
	ID      string `json:"id"`
	Request
	Status   Status    `json:"status"`
	Message  string    `json:"message,omitempty"` // what came of it, for people
	Attempts int       `json:"attempts,omitempty"`
	Done     []string  `json:"done,omitempty"`   // principals it was carried out for
	Left     []Left    `json:"left,omitempty"`   // principals it was not carried out for, and why
	Notes    []string  `json:"notes,omitempty"`  // what people should know of the result
	Policy   string    `json:"policy,omitempty"` // id of the policy that was made or changed
	Result   string    `json:"result,omitempty"` // id of the operation that it led to or was about
	Lease    Lease     `json:"lease,omitzero"`
	Opened   time.Time `json:"opened"`
	Updated  time.Time `json:"updated"`
}

// New makes an order of a request. A request that cannot be carried out is an error of kind fault.Poison that says what
// is wrong. Ids become lower-case, and each is named once.
func New(r Request, now time.Time) (Order, error) {
	ids := make([]string, 0, len(r.IDs))
	for _, id := range r.IDs {
		if id = strings.ToLower(strings.TrimSpace(id)); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	r.IDs = ids
	if err := r.Check(); err != nil {
		return Order{}, err
	}
	return Order{Version: version, ID: Identify(r.Kind, r.By, r.Key), Request: r, Status: NotStarted, Opened: now.UTC(), Updated: now.UTC()}, nil
}

// Check says what is wrong with a request. Whoever carries one out asks again: a row may have been written by somebody else
// than New.
func (r Request) Check() error {
	least, most := 1, MaxIDs
	switch r.Kind {
	case Confirm, Dismiss:
	case CreatePolicy, Stop, Resume:
		least, most = 0, 0 // the body names them, or all are meant
	case UpdatePolicy, RemovePolicy, Remediate, Approve, Reject, Cancel, Undo, ApproveTier, DeclineTier, Retry:
		most = 1
	default:
		return fault.Errorf(fault.Poison, "the order is of the kind %.40q, which does not exist", r.Kind)
	}
	bad := func(id string) bool { return id == "" || len(id) > 64 || strings.ContainsFunc(id, illegal) }
	switch {
	case len(r.IDs) < least || len(r.IDs) > most:
		return fault.Errorf(fault.Poison, "an order to %s names %d to %d ids, this one %d", r.Kind, least, most, len(r.IDs))
	case slices.ContainsFunc(r.IDs, bad):
		return fault.Errorf(fault.Poison, "an id is no object id: GUIDs like 11111111-2222-3333-4444-555555555555 are asked for")
	case (r.Kind == Stop || r.Kind == Resume) && strings.TrimSpace(r.Reason) == "":
		return fault.Errorf(fault.Poison, "an order to %s needs a reason: whoever comes next has to know it", r.Kind)
	case r.Kind.decides() && r.Person == "":
		return fault.Errorf(fault.Poison, "an order to %s is a person's to give: an application may ask for a remediation and stop everything, and not decide", r.Kind)
	case r.By == "" || r.Key == "":
		return fault.Errorf(fault.Poison, "an order needs to say who asks, and a key")
	case len(r.By) > maxText || len(r.Key) > maxText || len(r.Named) > 2*maxText || len(r.Reason) > 4*maxText || len(r.Body) > MaxBody:
		return fault.Errorf(fault.Poison, "the order is too long: %d bytes for who asks and for the key, %d for the reason, %d for the policy", maxText, 4*maxText, MaxBody)
	}
	return nil
}

// illegal keeps ids to what object ids are made of: they become parts of paths and of the ledger.
func illegal(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && r != '-'
}

// Identify returns the id of the order that a person's key stands for.
func Identify(kind Kind, by, key string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{string(kind), by, key}, "\x00")))
	return prefix + hex.EncodeToString(sum[:16])
}

// Same reports whether another order asks for the same: then it was sent twice.
func (o *Order) Same(other Order) bool {
	return o.Kind == other.Kind && slices.Equal(o.IDs, other.IDs) && bytes.Equal(compact(o.Body), compact(other.Body)) &&
		o.Named == other.Named && o.Reason == other.Reason
}

func compact(raw json.RawMessage) []byte {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return raw
	}
	return b.Bytes()
}

// Readable reports whether this program may work with an order that was read, as an error of kind fault.Denied if not.
func (o *Order) Readable() error {
	if o.Version > version {
		return fault.Unreadable("reading order %s: version %d is newer than this program's %d: upgrade it", o.ID, o.Version, version)
	}
	return nil
}

// Due reports whether somebody should work on the order.
func (o *Order) Due() bool { return o.Status == NotStarted || o.Status == Running }

// Acquire takes the lease for an owner and counts an attempt; false when somebody else holds it. It is taken by writing
// the row.
func (o *Order) Acquire(owner string, now time.Time, term time.Duration) bool {
	if o.Lease.Owner != "" && o.Lease.Owner != owner && now.Before(o.Lease.Until) {
		return false
	}
	o.Renew(owner, now, term)
	o.Status = Running
	o.Attempts++
	return true
}

// Renew prolongs the lease.
func (o *Order) Renew(owner string, now time.Time, term time.Duration) {
	o.Lease, o.Updated = Lease{owner, now.UTC().Add(term)}, now.UTC()
}

// Release gives the lease back so that another instance may go on at once.
func (o *Order) Release(now time.Time) { o.Lease, o.Updated = Lease{}, now.UTC() }

// End ends the order.
func (o *Order) End(s Status, message string, now time.Time) {
	o.Status, o.Message, o.Lease, o.Updated = s, message, Lease{}, now.UTC()
}

// Remaining returns the principals that nothing is known of yet.
func (o *Order) Remaining() []string {
	var out []string
	for _, id := range o.IDs {
		if !slices.Contains(o.Done, id) && !slices.ContainsFunc(o.Left, func(l Left) bool { return l.ID == id }) {
			out = append(out, id)
		}
	}
	return out
}
