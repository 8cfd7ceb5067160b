package order

import (
	"encoding/json"

	"rekey/shared/fault"
)

// Remediation is the body of an order about a principal's remediation, as far as its kind needs it.
type Remediation struct {
	App      bool     `json:"app,omitempty"`      // Remediate: the id is an application id and not an object id
	Mode     string   `json:"mode,omitempty"`     // Remediate: how far it may go
	Hash     string   `json:"hash,omitempty"`     // Approve, ApproveTier: of the plan that was seen
	Wait     bool     `json:"wait,omitempty"`     // Approve: not within a maintenance window
	Apply    bool     `json:"apply,omitempty"`    // Undo: open the operation, too
	Only     []string `json:"only,omitempty"`     // Undo: ids, nothing else comes back
	Suspect  []string `json:"suspect,omitempty"`  // Undo: ids that come back although they are suspect
	SecretTo string   `json:"secretTo,omitempty"` // Undo: where a client secret for 24 hours is stored
	Tier     int      `json:"tier,omitempty"`     // ApproveTier, DeclineTier
	Target   string   `json:"target,omitempty"`   // Retry
}

// Remediation reads the body of an order about a remediation.
func (o *Order) Remediation() (Remediation, error) {
	var r Remediation
	if len(o.Body) > 0 {
		if err := json.Unmarshal(o.Body, &r); err != nil {
			return r, fault.Errorf(fault.Poison, "reading order %s: its body is not one of an order to %s", o.ID, o.Kind)
		}
	}
	return r, nil
}
