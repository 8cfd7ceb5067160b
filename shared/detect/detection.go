// Package detect turns scored sign-ins, and findings of Microsoft's, into detections, and other records into notes.
//
// A detection is a value with a deterministic id that can only be raised, so redelivery and two instances meeting on
// one principal end in the same row. Notes are what a case needs to know beyond detections: who added a credential,
// which secret was read.
package detect

import (
	"maps"
	"time"

	"rekey/shared/event"
	"rekey/shared/score"
)

// Risk event types, spelled like Microsoft's.
const (
	TypeSuspiciousSignins = "suspiciousSignins"
	TypeAnomalousActivity = "anomalousServicePrincipalActivity" // a token used where it was not issued, or a managed identity elsewhere
	TypeAdminConfirmed    = "adminConfirmedServicePrincipalCompromised"
	TypeThreatIntel       = "investigationsThreatIntelligence"
	TypeGeneric           = "generic" // somebody asked for a plan or a remediation
)

// typeBefore are types that Microsoft has renamed, in lower case.
var typeBefore = map[string]string{"azureadthreatintelligence": TypeThreatIntel}

// TypesBefore returns the earlier spellings of risk types, in lower case, and what they are now.
func TypesBefore() map[string]string { return maps.Clone(typeBefore) }

// Detection is one finding about one principal, subject and day. Its ID is made of these, so that the same finding
// is inserted once and afterwards only raised (see Raise).
type Detection struct {
	ID            string               `json:"id"`
	Type          string               `json:"riskEventType"`
	Principal     event.Principal      `json:"principal"`
	By            string               `json:"by,omitempty"` // key of another principal, in a case of its own, that did it
	Tenant        string               `json:"tenant,omitempty"`
	Rule          string               `json:"rule,omitempty"`      // the rule that found it (package rule); empty for unfamiliar sign-ins
	Statement     string               `json:"statement,omitempty"` // what the rule found, in words; names in it were chosen by others
	Posture       bool                 `json:"posture,omitempty"`   // it was found by a look at what there is: nothing happened (see Standing)
	Subject       string               `json:"subject"`             // what is unfamiliar, as in "AS64511"
	Day           string               `json:"day"`                 // UTC day, 2026-11-24
	Level         score.Level          `json:"riskLevel"`
	Bits          float64              `json:"bits"`
	Contributions []score.Contribution `json:"contributions"`
	Fleet         string               `json:"fleet"`                // id of the fleet snapshot the score was made with
	Source        string               `json:"source"`               // "Rekey", or Microsoft's for its own findings
	KeyIDs        []string             `json:"keyIds"`               // credentials the events used, sorted
	First         time.Time            `json:"first"`                // earliest event
	Last          time.Time            `json:"last"`                 // latest event
	Detected      time.Time            `json:"detected"`             // when Rekey first saw it
	Raised        time.Time            `json:"raised,omitzero"`      // when its level became what it is
	Records       []Record             `json:"records"`              // at most MaxRecords, the earliest
	Resources     []Use                `json:"resources,omitempty"`  // new resources, at most MaxResources, the earliest
	ActiveDays    int                  `json:"activeDays,omitempty"` // on which the principal was known to be active before
	Judged        *Judgement           `json:"judged,omitempty"`     // what became of it; nil: nothing yet
}

// Use is the first use of a resource that is new for the principal.
type Use struct {
	Resource string    `json:"resource"`
	Time     time.Time `json:"time"`
}

// MaxResources bounds the new resources a detection names.
const MaxResources = 12

// MaxRecords bounds the records a detection cites.
const MaxRecords = 8

// Record is one log record that shows a detection.
type Record struct {
	ID        string    `json:"id"`
	Time      time.Time `json:"time"`
	IPAddress string    `json:"ipAddress,omitempty"`
	ASN       uint32    `json:"asn,omitempty"`
	Network   string    `json:"network,omitempty"` // the AS holder
	Country   string    `json:"country,omitempty"`
	Hosting   string    `json:"hosting,omitempty"`
	Resource  string    `json:"resource,omitempty"`
	UserAgent string    `json:"userAgent,omitempty"`
	KeyID     string    `json:"keyId,omitempty"`
	Succeeded bool      `json:"succeeded"`
}
