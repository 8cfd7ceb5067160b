// Package casefile gathers what is known about one suspected principal into one case: its detections, the facts
// around them, and answers to the questions a defender asks. It decides nothing.
package casefile

import (
	"cmp"
	"time"

	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/score"
	"rekey/shared/trail"
)

// Case is everything that is held against one principal, and for it. It is rebuilt from state on every triage.
type Case struct {
	ID           string             `json:"id"`
	Principal    event.Principal    `json:"principal"`
	Level        score.Level        `json:"level"`                // the highest of its detections; see Owner
	State        string             `json:"riskState,omitempty"`  // Graph's riskState; empty in cases of before: at risk
	Detail       string             `json:"riskDetail,omitempty"` // Graph's riskDetail
	Opened       time.Time          `json:"opened"`
	Updated      time.Time          `json:"updated"`
	Window       Window             `json:"window"`
	Detections   []detect.Detection `json:"detections"` // strongest first
	Answers      []Answer           `json:"answers"`    // to every question of Questions, in their order
	KeyIDs       []string           `json:"keyIds"`     // credentials that suspicious sign-ins used or that were added, sorted
	Harm         []Harm             `json:"harm"`       // what was done to or by it that does harm, earliest first
	OldSource    OldSource          `json:"oldSource"`
	Exposed      []Exposed          `json:"exposed,omitempty"`      // what was handed out to it within the window, newest first
	MoreExposed  bool               `json:"moreExposed,omitempty"`  // there may be more than Exposed lists
	Writes       []trail.Entry      `json:"writes,omitempty"`       // what it changed in the directory since the window began, earliest first
	MoreWrites   bool               `json:"moreWrites,omitempty"`   // there may be more than Writes lists
	Prepared     []trail.Entry      `json:"prepared,omitempty"`     // what was changed on it since then, earliest first
	MorePrepared bool               `json:"morePrepared,omitempty"` // there may be more than Prepared lists
	Linked       []Link             `json:"linked,omitempty"`       // who prepared it, and what it changed
	Directory    *Directory         `json:"directory,omitempty"`    // what Graph says; nil when it could not be asked
	Owner        *Inquiry           `json:"owner,omitempty"`        // what the owner was asked last, and answered
	Users        float64            `json:"users"`                  // people who signed in to the application, on the busiest of 30 days
}

// Closed reports whether nothing is held against the principal any more: it was dismissed, confirmed safe or remediated.
func (c *Case) Closed() bool {
	return c.State == detect.StateDismissed || c.State == detect.StateConfirmedSafe || c.State == detect.StateRemediated
}

// RiskState is the case's state in Graph's words.
func (c *Case) RiskState() string { return cmp.Or(c.State, detect.StateAtRisk) }

// RiskDetail is Graph's word for how the state came about.
func (c *Case) RiskDetail() string { return cmp.Or(c.Detail, detect.DetailNone) }

// RiskLevel is the level that is left: none of a case that is closed, high of one that is confirmed.
func (c *Case) RiskLevel() score.Level {
	switch {
	case c.Closed():
		return score.LevelNone
	case c.State == detect.StateConfirmedCompromised:
		return score.LevelHigh
	}
	return c.Level
}

// OldSource says whether the principal's own, known source was still at work when the stranger appeared: the sign of
// a copied credential, and not of a moved workload.
type OldSource struct {
	LastSeen time.Time `json:"lastSeen"` // the last hour a network known before the window was used; zero if never
	Active   bool      `json:"active"`   // within 24 hours before the last suspicious event, or after it
}

// Window is the time in which changes to the principal are suspect: from 24 hours before the first suspicious event.
type Window struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"` // the last suspicious event
}

// Harm is one harmful act, with the record that shows it.
type Harm struct {
	Kind   string    `json:"kind"`
	Time   time.Time `json:"time"`
	What   string    `json:"what"`
	Record string    `json:"record"`
}

// Link is another identity that the case leads to.
type Link struct {
	Key   string      `json:"key"` // "user:" and an id, or a principal's key
	Name  string      `json:"displayName,omitempty"`
	Why   string      `json:"why"`             // ChangedThis, ChangedByThis, ReadFromThis or ReadByThis
	Case  string      `json:"case,omitempty"`  // its own case, if it has one
	Level score.Level `json:"level,omitempty"` // of that case
}
