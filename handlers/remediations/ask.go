package remediations

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"rekey/handlers/orders"
	"rekey/handlers/rotations"
	"rekey/shared/decide"
	"rekey/shared/fault"
	"rekey/shared/host/httpapi"
	"rekey/shared/order"
	"rekey/shared/remedy"
)

// request is the body by which a remediation is asked for.
type request struct {
	PrincipalID string `json:"servicePrincipalId,omitempty" about:"The object id of the service principal. One of the three is given."`
	AppID       string `json:"appId,omitempty" about:"Its application's id."`
	DetectionID string `json:"detectionId,omitempty" about:"A detection that it is about."`
	Mode        string `json:"mode,omitempty" enum:"plan,approve,contain,evict" about:"How far it may go: plan (if not given) shows a plan; approve asks people; contain and evict act without people where the settings and every brake allow it, and else ask people."`
	Reason      string `json:"reason,omitempty" about:"Why; needed for every mode but plan."`
}

// SchemaName is the name of the type in descriptions.
func (request) SchemaName() string { return "remediationRequest" }

// ask takes a request for a remediation.
func (h *handler) ask(w http.ResponseWriter, r *http.Request) error {
	var body request
	if err := decode(r, &body); err != nil {
		return err
	}
	if body.Mode == "" {
		body.Mode = string(decide.ModePlan)
	}
	switch {
	case !slices.Contains([]decide.Mode{decide.ModePlan, decide.ModeApprove, decide.ModeContain, decide.ModeEvict}, decide.Mode(body.Mode)):
		return httpapi.BadRequest("The mode %.20q does not exist: plan, approve, contain or evict.", body.Mode)
	case body.Mode != string(decide.ModePlan) && strings.TrimSpace(body.Reason) == "":
		return httpapi.BadRequest(`Say why: "reason" is in the record, and people decide by it.`)
	}
	id, app, err := h.whom(r, body)
	if err != nil {
		return err
	}
	return h.take(w, r, order.Request{Kind: order.Remediate, IDs: []string{id}, Reason: body.Reason}, order.Remediation{App: app, Mode: body.Mode})
}

// whom returns the id of whom a request is about, and whether it is an application's.
func (h *handler) whom(r *http.Request, body request) (id string, app bool, err error) {
	given := 0
	for _, x := range []string{body.PrincipalID, body.AppID, body.DetectionID} {
		if x != "" {
			given++
		}
	}
	switch {
	case given != 1:
		return "", false, httpapi.BadRequest("%d principals are named: give one of servicePrincipalId, appId and detectionId.", given)
	case body.PrincipalID != "":
		return body.PrincipalID, false, nil
	case body.AppID != "":
		return body.AppID, true, nil
	}
	d, err := h.Findings.ByID(r.Context(), body.DetectionID)
	if errors.Is(err, fault.NotFound) {
		return "", false, httpapi.Errorf(http.StatusNotFound, "Request_ResourceNotFound", "There is no such detection: GET %s/identityProtection/servicePrincipalRiskDetections lists them.", h.Prefix)
	}
	if d.Principal.ObjectID == "" {
		return d.Principal.AppID, true, err
	}
	return d.Principal.ObjectID, false, err
}

func (h *handler) take(w http.ResponseWriter, r *http.Request, req order.Request, body order.Remediation) error {
	var err error
	if req.Body, err = json.Marshal(body); err != nil {
		return err
	}
	return h.Take(w, r, req)
}

// refusal is what state says against a decision now. Whoever carries it out looks again.
func refusal(err error) error {
	if errors.Is(err, fault.Conflict) || errors.Is(err, fault.Denied) {
		text := err.Error()
		return httpapi.Errorf(http.StatusConflict, "Request_Conflict", "%s%s.", strings.ToUpper(text[:1]), text[1:])
	}
	return err
}

// yes is the body of an approval.
type yes struct {
	PlanHash string `json:"planHash" about:"Of the plan that was looked at."`
	Note     string `json:"note,omitempty"`
	Wait     bool   `json:"waitForMaintenance,omitempty" about:"true: it begins when the maintenance window is over."`
}

// SchemaName is the name of the type in descriptions.
func (yes) SchemaName() string { return "approvalRequest" }

func (h *handler) approve(w http.ResponseWriter, r *http.Request) error {
	var body yes
	by, o, err := h.decision(r, &body)
	if err != nil {
		return err
	}
	if body.PlanHash == "" {
		return httpapi.BadRequest("planHash is missing: look at the plan, and approve it by its hash.")
	}
	now := h.Now()
	a := remedy.Approval{By: by, PlanHash: body.PlanHash, Time: now}
	// What was sent before is not refused because it was heard: the order is the same one.
	if !h.Sent(r, order.Approve) {
		if err := o.Approve(a, time.Time{}, now); err != nil { // on a copy that is not written
			return refusal(err)
		}
	}
	return h.take(w, r, order.Request{Kind: order.Approve, IDs: []string{o.ID}, Reason: body.Note}, order.Remediation{Hash: body.PlanHash, Wait: body.Wait})
}

// no is the body of a decision against something.
type no struct {
	Reason string `json:"reason" about:"Why; it is in the record."`
}

// SchemaName is the name of the type in descriptions.
func (no) SchemaName() string { return "decision" }

// against takes a rejection or a cancellation.
func (h *handler) against(kind order.Kind, try func(*remedy.Operation, remedy.Decision) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		var body no
		by, o, err := h.decision(r, &body)
		if err != nil {
			return err
		}
		if strings.TrimSpace(body.Reason) == "" {
			return httpapi.BadRequest(`Say why: "reason" is in the record.`)
		}
		if !h.Sent(r, kind) {
			if err := try(&o, remedy.Decision{By: by, Why: body.Reason, Time: h.Now()}); err != nil { // on a copy that is not written
				return refusal(err)
			}
		}
		return h.take(w, r, order.Request{Kind: kind, IDs: []string{o.ID}, Reason: body.Reason}, order.Remediation{})
	}
}

// decision reads who decides, about which operation, and what.
func (h *handler) decision(r *http.Request, body any) (by string, o remedy.Operation, err error) {
	if by, err = orders.Person(r); err != nil {
		return "", o, err
	}
	if o, err = h.find(r); err != nil {
		return "", o, err
	}
	return by, o, decode(r, body)
}

// back is the body of an undo.
type back struct {
	Apply    bool     `json:"apply,omitempty" about:"true opens the operation that puts it back, which awaits approval; false shows what would come back."`
	Only     []string `json:"only,omitempty" about:"Ids: nothing else comes back."`
	Suspect  []string `json:"evenSuspect,omitempty" about:"Ids that come back although they are suspect."`
	SecretTo string   `json:"secretTo,omitempty" about:"https://VAULT/NAME, where a client secret that lives 24 hours is stored, for a workload that knows no certificates."`
}

// SchemaName is the name of the type in descriptions.
func (back) SchemaName() string { return "undoRequest" }

// undo asks what would come back, or that it does. What there is now is known to the directory, so even the look is an
// order.
func (h *handler) undo(w http.ResponseWriter, r *http.Request) error {
	o, err := h.find(r)
	if err != nil {
		return err
	}
	var body back
	if err := decode(r, &body); err != nil {
		return err
	}
	if body.Apply {
		if _, err := orders.Person(r); err != nil {
			return err
		}
	}
	if err := o.Undoable(); err != nil {
		return refusal(err)
	}
	return h.take(w, r, order.Request{Kind: order.Undo, IDs: []string{o.ID}}, order.Remediation{Apply: body.Apply, Only: body.Only, Suspect: body.Suspect, SecretTo: body.SecretTo})
}

// say is the body of a word about a rotation.
type say struct {
	Tier     int    `json:"tier,omitempty" about:"1 to 3; of approve and decline."`
	PlanHash string `json:"planHash,omitempty" about:"Of the tier that was looked at; of approve."`
	Target   string `json:"target,omitempty" about:"The secret that is parked; of resume."`
	Note     string `json:"note,omitempty"`
}

// SchemaName is the name of the type in descriptions.
func (say) SchemaName() string { return "rotationDecision" }

// word takes a decision about the rotation of a remediation's case.
func (h *handler) word(kind order.Kind, what string) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		by, err := orders.Person(r)
		if err != nil {
			return err
		}
		j, err := h.findRotation(r.Context(), r)
		if err != nil {
			return err
		}
		var body say
		if err := decode(r, &body); err != nil {
			return err
		}
		word := rotations.Word{What: what, Tier: body.Tier, Hash: body.PlanHash, Target: body.Target, By: by, Why: body.Note, Time: h.Now()}
		if !h.Sent(r, kind) {
			if err := word.Apply(j.Journal, h.Now()); err != nil { // on a copy that is not written
				return refusal(err)
			}
		}
		return h.take(w, r, order.Request{Kind: kind, IDs: []string{j.ID}, Reason: body.Note}, order.Remediation{Tier: body.Tier, Hash: body.PlanHash, Target: body.Target})
	}
}
