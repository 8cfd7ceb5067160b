package remediations

import (
	"net/http"
	"time"

	"rekey/shared/decide"
	"rekey/shared/host/httpapi"
	"rekey/shared/ledger"
	"rekey/shared/remedy"
	"rekey/shared/rotate"
)

// remediation is an operation as it is told: what people decide by, and how far it is.
type remediation struct {
	ID          string       `json:"id"`
	State       remedy.State `json:"state" enum:"planned,awaitingApproval,running,watching,contained,done,failed,rejected,cancelled"`
	Detail      string       `json:"stateDetail" about:"Why it is in this state."`
	PrincipalID string       `json:"servicePrincipalId"`
	AppID       string       `json:"appId"`
	Name        string       `json:"displayName"`
	Mode        decide.Mode  `json:"mode" enum:"plan,approve,contain,evict" about:"How far it may go without people."`
	RequestedBy string       `json:"requestedBy" about:"Who asked for it last; empty when Rekey found it by itself."`
	PlanHash    string       `json:"planHash" about:"Approve by this: it stands for the plan as it is now."`
	Needed      int          `json:"approvalsNeeded"`
	Missing     int          `json:"approvalsMissing"`
	Done        int          `json:"stepsDone"`
	Steps       int          `json:"stepsTotal"`
	CaseID      string       `json:"caseId"`
	Undoes      string       `json:"undoes,omitempty" about:"The remediation that this one takes back."`
	Opened      time.Time    `json:"createdDateTime"`
	Updated     time.Time    `json:"lastActionDateTime"`
	Links       links        `json:"links"`
}

// links are where more is told.
type links struct {
	Self      string `json:"self"`
	Principal string `json:"riskyServicePrincipal" about:"The case: what was found, and what it means."`
	Ledger    string `json:"ledger" about:"The append-only record of what was done."`
	Rotation  string `json:"rotation" about:"The secrets it could get at; there is none before its access is cut."`
}

// whole is an operation with its plan.
type whole struct {
	remediation
	Plan      []step            `json:"steps"`
	Remaining []string          `json:"remaining" about:"What is not done yet, in order."`
	Approvals []remedy.Approval `json:"approvals" about:"Those that hold: of this plan, and not older than 4 hours."`
	Why       []string          `json:"approvalsWhy" about:"Why more than one person has to approve."`
	Brakes    []decide.Check    `json:"brakes" about:"The chain of checks for acting without people, each with what it found."`
	Forecast  []remedy.Line     `json:"forecast" about:"Who will notice."`
	Kept      []remedy.Kept     `json:"kept" about:"What stays, and why."`
	Refused   []remedy.Refusal  `json:"refused" about:"What is not done, why, and what comes next to it."`
	HandOver  []remedy.HandOver `json:"handOver" about:"What the owners of living consumers have to do."`
	Blocked   []remedy.Blocked  `json:"blocked" about:"What could not be done although the plan said so."`
	Changes   []string          `json:"changes" about:"How the plan changed since it was first made."`
}

// SchemaName is the name of the type in descriptions.
func (whole) SchemaName() string { return "remediationDetails" }

// step is one step of the plan and how far it is.
type step struct {
	ID       string        `json:"id"`
	Kind     string        `json:"kind"`
	Object   string        `json:"objectId"`
	Name     string        `json:"displayName"`
	What     string        `json:"what"`
	Status   remedy.Status `json:"status" enum:"pending,started,done"`
	Attempts int           `json:"attempts"`
	Started  *time.Time    `json:"startedDateTime"`
	Ended    *time.Time    `json:"endedDateTime"`
	Note     string        `json:"note"`
}

func (h *handler) form(r *http.Request, o *remedy.Operation) remediation {
	half, api := o.Half(), httpapi.Origin(r)+h.Prefix
	base := api + "/remediations/" + o.ID
	return remediation{
		ID: o.ID, State: o.State, Detail: o.Reason, PrincipalID: o.Principal.ObjectID, AppID: o.Principal.AppID, Name: o.Principal.Name,
		Mode: o.Verdict.Mode, RequestedBy: o.Plan.RequestedBy, PlanHash: o.Plan.Hash(), Needed: max(o.Plan.Needs.Approvals, 1), Missing: h.missing(o),
		Done: len(half.Done), Steps: len(o.Plan.Steps), CaseID: o.Case, Undoes: o.Undoes, Opened: o.Opened, Updated: o.Updated,
		Links: links{base, api + "/identityProtection/riskyServicePrincipals/" + o.Principal.Key(), base + "/ledger", base + rotationPart},
	}
}

// missing is how many yeses lead to something: none are asked for where none do.
func (h *handler) missing(o *remedy.Operation) int {
	if o.State != remedy.StateAwaitingApproval && o.State != remedy.StateContained {
		return 0
	}
	return o.Missing(h.Now())
}

func (h *handler) whole(r *http.Request, o *remedy.Operation) whole {
	out := whole{
		remediation: h.form(r, o), Plan: []step{}, Remaining: []string{}, Approvals: full(o.Holding(h.Now())), Why: full(o.Plan.Needs.Why), Brakes: full(o.Verdict.Checks),
		Forecast: full(o.Plan.Forecast), Kept: full(o.Plan.Kept), Refused: full(o.Plan.Refused), HandOver: full(o.Plan.HandOver), Blocked: full(o.Blocked), Changes: full(o.Changes),
	}
	for i, s := range o.Plan.Steps {
		p := o.Progress[i]
		out.Plan = append(out.Plan, step{s.ID, s.Kind, s.Object, s.Name, s.What, p.Status, p.Attempts, moment(p.Started), moment(p.Ended), p.Note})
		if p.Status != remedy.Done {
			out.Remaining = append(out.Remaining, s.What)
		}
	}
	return out
}

// moment is a time, or null when there was none.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// full makes an empty list of none: a collection that is null breaks clients.
func full[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

// record is a remediation's ledger.
type record struct {
	Verified bool           `json:"verified" about:"Every entry carries the hash of the one before."`
	Value    []ledger.Entry `json:"value"`
}

// SchemaName is the name of the type in descriptions.
func (record) SchemaName() string { return "ledger" }

// rotation is the rotation of the same case.
type rotation struct {
	ID      string       `json:"id"`
	State   rotate.State `json:"state" enum:"awaitingApproval,running,watching,done"`
	Detail  string       `json:"stateDetail"`
	Summary string       `json:"summary"`
	Needed  int          `json:"approvalsNeeded" about:"Of each tier."`
	Tiers   []tier       `json:"tiers"`
	Opened  time.Time    `json:"createdDateTime"`
	Updated time.Time    `json:"lastActionDateTime"`
}

// tier is what is rotated together.
type tier struct {
	Number   int      `json:"tier" about:"1: what was read; 2: the rest of those vaults; 3: the rest of the subscriptions that could be reached."`
	PlanHash string   `json:"planHash" about:"Approve by this."`
	Asks     bool     `json:"asks" about:"It waits for people."`
	Detail   string   `json:"stateDetail"`
	By       []string `json:"approvedBy"`
	Secrets  []secret `json:"secrets"`
}

// secret is what is rotated, by name: values are never read.
type secret struct {
	Target    string        `json:"target"`
	Kind      rotate.Kind   `json:"kind"`
	Status    rotate.Status `json:"status" enum:"pending,working,waiting,rotated,done,parked"`
	Remaining []string      `json:"remaining" about:"The steps that are left."`
	Detail    string        `json:"detail"`
}

func rotationForm(j *rotate.Journal) rotation {
	out := rotation{ID: j.ID, State: j.State, Detail: j.Reason, Summary: j.Summary(), Needed: max(j.Needs, 1), Opened: j.Opened, Updated: j.Updated}
	asks := map[int]bool{}
	for _, n := range j.Asks() {
		asks[n] = true
	}
	for _, t := range j.Tiers {
		x := tier{t.Number, t.Hash, asks[t.Number], t.Reason, full(t.By), []secret{}}
		for _, i := range j.Items {
			if i.Tier == t.Number {
				x.Secrets = append(x.Secrets, secretForm(i))
			}
		}
		out.Tiers = append(out.Tiers, x)
	}
	return out
}

func secretForm(i *rotate.Item) secret {
	s := secret{Target: i.Key, Kind: i.Kind, Status: i.Status, Remaining: []string{}, Detail: i.Reason}
	if s.Detail == "" {
		s.Detail = i.Note
	}
	if s.Detail == "" && i.Kind == rotate.OwnerAction {
		s.Detail = i.Why
	}
	if i.Status != rotate.Done && i.At < len(i.Steps()) {
		s.Remaining = append(s.Remaining, i.Steps()[i.At:]...)
	}
	return s
}
