package remedy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"rekey/shared/casefile"
	"rekey/shared/decide"
	"rekey/shared/event"
	"rekey/shared/fault"
)

// Partition is where operations are kept in their table.
const Partition = "operation"

// version of the journal's form. A newer one is never written by this program. Version 2 has the rule of what stays, and
// kinds of step that version 1 does not know. Version 3 has what people said, which the program before would drop.
const version = 3

// State of an operation.
type State string

// The states.
const (
	StatePlanned          State = "planned"          // a plan to look at
	StateAwaitingApproval State = "awaitingApproval" // a person has to say yes
	StateRunning          State = "running"          // due, or at work
	StateWatching         State = "watching"         // the locks are changed; looked at for some days more
	StateContained        State = "contained"        // disabled; the rest awaits a person
	StateDone             State = "done"             // the locks are changed
	StateFailed           State = "failed"           // stopped on the way: people have to act
	StateRejected         State = "rejected"         // a person said no
	StateCancelled        State = "cancelled"        // a person stopped it; Reason says what is half done
)

// AccessCut reports whether this eviction made what the principal had worthless: the locks are changed, or it is disabled.
func (o *Operation) AccessCut() bool {
	return o.Undoes == "" && (o.State == StateDone || o.State == StateWatching || o.State == StateContained)
}

// Status of a step.
type Status string

// The statuses.
const (
	Pending Status = "pending"
	Started Status = "started" // the intent is written; the effect may have happened
	Done    Status = "done"
)

// Progress is what the journal knows of one step.
type Progress struct {
	Step     string    `json:"step"`
	Status   Status    `json:"status"`
	Attempts int       `json:"attempts"`
	Refusals int       `json:"refusals,omitempty"` // how often the service said no; interruptions do not count
	Started  time.Time `json:"started,omitzero"`
	Ended    time.Time `json:"ended,omitzero"`
	Note     string    `json:"note,omitempty"`
	Halted   bool      `json:"halted,omitempty"` // the kill switch stood in its way: its time begins anew
}

// Lease says which instance works on the operation, and until when it may be silent.
type Lease struct {
	Owner string    `json:"owner"`
	Until time.Time `json:"until"`
}

// Operation is the journal of carrying out a plan: everything that another instance needs to go on. What identifies
// its effects (the certificate's name, the new key's id) is fixed before the first of them, so that a step that is
// repeated finds its own work.
type Operation struct {
	Version     int             `json:"version"`
	ID          string          `json:"id"`
	Case        string          `json:"case"`
	Principal   event.Principal `json:"principal"`
	State       State           `json:"state"`
	Reason      string          `json:"reason,omitempty"` // why it is in this state
	Verdict     decide.Verdict  `json:"verdict"`
	Plan        Plan            `json:"plan"`
	PlanHash    string          `json:"planHash"`
	Progress    []Progress      `json:"progress"`
	Certificate string          `json:"certificate"` // name in Key Vault
	NewKeyID    string          `json:"newKeyId"`    // of the new certificate on the application
	Made        *Made           `json:"made,omitempty"`
	Suspects    []string        `json:"suspects"` // key ids that suspicious sign-ins used
	Since       time.Time       `json:"since"`    // beginning of the suspect window
	Blocked     []Blocked       `json:"blocked,omitempty"`
	Watch       *Watch          `json:"watch,omitempty"`
	Undoes      string          `json:"undoes,omitempty"`  // id of the operation that this one takes back
	Failing     string          `json:"failing,omitempty"` // why it gives up: what is left is to disable the principals again
	Lease       Lease           `json:"lease,omitzero"`
	Opened      time.Time       `json:"opened"`
	Updated     time.Time       `json:"updated"`

	Asked     time.Time  `json:"asked,omitzero"` // since when it awaits people
	Approvals []Approval `json:"approvals,omitempty"`
	Mandate   *Mandate   `json:"mandate,omitempty"` // nil: nobody allowed it, or it acts alone
	Rejected  *Decision  `json:"rejected,omitempty"`
	Cancel    *Decision  `json:"cancel,omitempty"`  // it ends after the step in flight
	Changes   []string   `json:"changes,omitempty"` // how the plan changed since it was first made
	Moves     []Move     `json:"moves,omitempty"`   // the states it was stored in, the earliest first
}

// Made is the certificate that was made, its public part. It is in the journal so that no later step asks the vault again, and
// none takes another key for it.
type Made struct {
	DER   []byte    `json:"der"`
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// Blocked is something that could not be done, though the plan said so. While one lets the intruder in, the principal stays
// disabled.
type Blocked struct {
	Step   string `json:"step"`
	Object string `json:"object"`
	Kind   string `json:"kind"` // of the step
	Why    string `json:"why"`
	Opens  bool   `json:"opensDoor,omitempty"`
}

// OperationID returns the id of a case's operation: one case has one.
func OperationID(caseID string) string { return "op-" + caseID }

// Open makes the operation of a case with the zero Options, which change credentials and accountEnabled only.
func Open(inv Inventory, c casefile.Case, v decide.Verdict, now time.Time) Operation {
	return OpenPlan(Build(Input{Inventory: inv, Case: c, Now: now}), c, v, now)
}

// OpenPlan makes the operation of a case and its plan: planned, awaiting approval, or due, by the verdict. A plan without
// steps is only planned.
func OpenPlan(plan Plan, c casefile.Case, v decide.Verdict, now time.Time) Operation {
	o := Operation{
		Version: version, ID: OperationID(c.ID), Case: c.ID, Principal: c.Principal, Verdict: v, Plan: plan, PlanHash: plan.Hash(),
		Certificate: CertificateName(c.ID), NewKeyID: keyID(c.ID), Suspects: c.KeyIDs, Since: plan.Window.From, Opened: now, Updated: now,
	}
	for _, s := range plan.Steps {
		o.Progress = append(o.Progress, Progress{Step: s.ID, Status: Pending})
	}
	switch {
	case len(plan.Steps) == 0 || v.Mode == decide.ModePlan:
		o.State = StatePlanned
	case v.Mode == decide.ModeApprove:
		o.State = StateAwaitingApproval
	case plan.Needs.Approvals > 1: // nobody is protected who is acted on alone
		o.State, o.Reason = StateAwaitingApproval, "the principal is protected: "+plan.Needs.Why[0]
	default:
		o.State = StateRunning
	}
	if o.State == StateAwaitingApproval {
		o.Asked = now.UTC()
	}
	return o
}

// keyID makes the new key's id from the case, in the form of a GUID (RFC 9562 version 8: any bits of the maker's).
func keyID(caseID string) string {
	sum := sha256.Sum256([]byte("rekey key\x00" + caseID))
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// Readable reports whether this program may work with a journal that was read, as an error of kind fault.Denied if not.
func (o *Operation) Readable() error {
	if o.Version > version {
		return fault.Unreadable("reading operation %s: version %d is newer than this program's %d: upgrade it", o.ID, o.Version, version)
	}
	return nil
}

// Keeps returns what stays of an object as it is now. A journal of version 1 has no rule, and the one of that version holds.
func (o *Operation) Keeps(x Object) []Kept {
	if o.Version < 2 {
		return Keep(x, o.Suspects, o.Since)
	}
	return o.Plan.Keeps(x)
}

// Due reports whether somebody should work on the operation.
func (o *Operation) Due() bool { return o.State == StateRunning }

// Acquire takes the lease for an owner, and false when somebody else holds it. It is taken by writing the journal.
func (o *Operation) Acquire(owner string, now time.Time, term time.Duration) bool {
	if o.Lease.Owner != "" && o.Lease.Owner != owner && now.Before(o.Lease.Until) {
		return false
	}
	o.Lease = Lease{owner, now.Add(term)}
	o.Updated = now
	return true
}

// Next returns the step to work on: the first that is not done. ok is false when none is left, the mode ends here, or
// somebody cancelled the operation and no change is in flight.
func (o *Operation) Next() (s Step, ok bool) {
	for i, p := range o.Progress {
		if p.Status == Done {
			continue
		}
		s = o.Plan.Steps[i]
		if o.Cancel != nil && (p.Status != Started || looking[s.Kind]) {
			return s, false
		}
		if o.Verdict.Mode == decide.ModeContain && o.Mandate == nil && !s.Contains() {
			return s, false
		}
		return s, o.State == StateRunning
	}
	return Step{}, false
}

func (o *Operation) progress(step string) *Progress {
	for i := range o.Progress {
		if o.Progress[i].Step == step {
			return &o.Progress[i]
		}
	}
	panic(fmt.Sprintf("remedy: operation %s has no step %q", o.ID, step))
}

// Start notes the intent to do a step.
func (o *Operation) Start(step string, now time.Time) {
	p := o.progress(step)
	if p.Status == Pending || p.Halted {
		p.Started, p.Halted = now, false
	}
	if o.Mandate != nil && o.Mandate.Begun.IsZero() {
		o.Mandate.Begun = now.UTC()
	}
	p.Status, p.Attempts, o.Updated = Started, p.Attempts+1, now
}

// Halt notes that the kill switch stands in the way: how long it does is no reason for a step in flight to give up after it.
func (o *Operation) Halt() {
	for i := range o.Progress {
		if o.Progress[i].Status == Started {
			o.Progress[i].Halted = true
		}
	}
}

// Attempts returns how often a step was started.
func (o *Operation) Attempts(step string) int { return o.progress(step).Attempts }

// Begun returns when a step was first started or, if the kill switch stood in its way, started again after it.
func (o *Operation) Begun(step string) time.Time { return o.progress(step).Started }

// Refuse counts an answer of no to a step and returns how many there were.
func (o *Operation) Refuse(step string, now time.Time) int {
	p := o.progress(step)
	p.Refusals++
	o.Updated = now
	return p.Refusals
}

// Block notes that a step cannot be done, and that the rest goes on without it.
func (o *Operation) Block(s Step, why string, now time.Time) {
	if !o.Blocks(s.Object, s.Kind) {
		o.Blocked = append(o.Blocked, Blocked{s.ID, s.Object, s.Kind, why, !harmless[s.Kind]})
	}
	o.Updated = now
}

// Shut says why the principals stay disabled, or "".
func (o *Operation) Shut() string {
	for _, b := range o.Blocked {
		if b.Opens {
			return b.Why
		}
	}
	return ""
}

// Blocks reports whether a kind of step could not be done on an object.
func (o *Operation) Blocks(object, kind string) bool {
	return slices.ContainsFunc(o.Blocked, func(b Blocked) bool { return b.Object == object && b.Kind == kind })
}

// Complete notes that a step took effect. A done step stays done.
func (o *Operation) Complete(step, note string, now time.Time) {
	p := o.progress(step)
	if p.Status != Done {
		p.Status, p.Ended, p.Note, o.Updated = Done, now, note, now
	}
}

// Finish ends the operation as its steps stand: done, contained, or cancelled.
func (o *Operation) Finish(now time.Time) {
	if o.Cancel != nil && len(o.left()) > 0 {
		o.end(now)
		return
	}
	o.State, o.Updated, o.Lease = StateDone, now, Lease{}
	if o.Plan.StaysOff() {
		o.State, o.Reason = StateContained, "the plan ends with a disabled principal: it says what is not done, and why"
	}
	if why := o.Shut(); why != "" {
		o.State, o.Reason = StateContained, "the principal stays disabled: "+why
		if !slices.ContainsFunc(o.Plan.Steps, func(s Step) bool { return s.Kind == StepDisable }) {
			o.State, o.Reason = StateFailed, "not all was done: "+why
		}
	} else if len(o.Blocked) > 0 {
		o.Reason = "without what could not be done: " + o.Blocked[0].Why
	}
	for _, p := range o.Progress {
		if p.Status != Done {
			o.State, o.Reason, o.Asked = StateContained, "contained; the rest of the plan awaits a person", now.UTC()
			return
		}
	}
}

// Fail ends the operation where it stands. People have to act; nothing is ever added back.
func (o *Operation) Fail(reason string, now time.Time) {
	o.State, o.Reason, o.Updated, o.Lease = StateFailed, reason, now, Lease{}
}

// Release gives the lease back so that another instance may go on at once.
func (o *Operation) Release(now time.Time) { o.Lease, o.Updated = Lease{}, now }
