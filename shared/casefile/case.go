// Package casefile gathers what is known about one suspected principal into one case: its detections, the facts
// around them, and answers to the questions a defender asks. It decides nothing.
package casefile

import (
	"time"

	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/score"
)

// Case is everything that is held against one principal, and for it. It is rebuilt from state on every triage.
type Case struct {
	ID          string             `json:"id"`
	Principal   event.Principal    `json:"principal"`
	Level       score.Level        `json:"level"` // the highest of its detections
	Opened      time.Time          `json:"opened"`
	Updated     time.Time          `json:"updated"`
	Window      Window             `json:"window"`
	Detections  []detect.Detection `json:"detections"` // strongest first
	Answers     []Answer           `json:"answers"`
	KeyIDs      []string           `json:"keyIds"` // credentials that suspicious sign-ins used, sorted
	Harm        []Harm             `json:"harm"`   // what was done to or by it that does harm, earliest first
	OldSource   OldSource          `json:"oldSource"`
	Exposed     []Exposed          `json:"exposed,omitempty"`     // what was handed out to it within the window, newest first
	MoreExposed bool               `json:"moreExposed,omitempty"` // there may be more than Exposed lists
	Users       float64            `json:"users"`                 // people who signed in to the application, on the busiest of 30 days
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
	To   time.Time `json:"to"`
}

// Answer is one question of the checklist. Value is "yes", "no" or "unknown"; Records shows why.
type Answer struct {
	Question string   `json:"question"`
	Value    string   `json:"value"`
	Why      string   `json:"why"`
	Records  []string `json:"records,omitempty"`
}

// Harm is one harmful act: a credential, role or owner added, a vault newly read.
type Harm struct {
	Kind   string    `json:"kind"` // "credentialAdded", "secretRead", ...
	Time   time.Time `json:"time"`
	What   string    `json:"what"`
	Record string    `json:"record"`
}
