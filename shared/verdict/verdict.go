// Package verdict says what a person's word about a principal's risk does: confirmed compromised, dismissed, or confirmed
// safe. A verdict is an order that waits in state until triage carries it out; carrying it out twice changes nothing.
package verdict

import (
	"fmt"
	"strings"
	"time"

	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/score"
)

// Kind is what the person said.
type Kind string

// Kinds, spelled like the calls.
const (
	ConfirmCompromised Kind = "confirmCompromised"
	Dismiss            Kind = "dismiss"
	ConfirmSafe        Kind = "confirmSafe"
)

// Details, spelled like Graph's riskDetail. Graph has no call to confirm a service principal safe; the word is the one it
// has for accounts.
const (
	DetailConfirmed = "adminConfirmedServicePrincipalCompromised"
	DetailDismissed = "adminDismissedAllRiskForServicePrincipal"
	DetailSafe      = "adminConfirmedAccountSafe"
)

// Rule is the rule that a confirmation is found by.
const Rule = "verdict"

// Version is the form of the rows that this program writes.
const Version = 1

// Verdict is one order about one principal.
type Verdict struct {
	Version   int       `json:"v"`
	ID        string    `json:"id"`
	Kind      Kind      `json:"kind"`
	Principal string    `json:"principal"` // the key it was given for
	By        string    `json:"by"`        // who said it: ids, no names
	Person    bool      `json:"person"`    // a person said it, and no application
	Request   string    `json:"request"`   // id of the request
	At        time.Time `json:"at"`
	Done      time.Time `json:"done,omitzero"`  // when it was carried out
	Note      string    `json:"note,omitempty"` // what came of it, where that is not plain
}

// maxKey bounds a principal's key.
const maxKey = 200

// New makes an order. Its ID sorts by time.
func New(kind Kind, principal, by, request string, at time.Time) (Verdict, error) {
	bad := func(r rune) bool { return r <= ' ' || r > '~' }
	if principal == "" || len(principal) > maxKey || strings.ContainsFunc(principal, bad) {
		return Verdict{}, fault.Errorf(fault.Denied, "ordering %s: %.60q is no id of a service principal", kind, principal)
	}
	at = at.UTC()
	return Verdict{
		Version: Version, ID: fmt.Sprintf("%016x-%s", at.UnixMilli(), request), Kind: kind, Principal: strings.ToLower(principal),
		By: by, Request: request, At: at,
	}, nil
}

// effect is what a kind makes of a detection.
var effect = map[Kind]struct{ state, detail string }{
	ConfirmCompromised: {detect.StateConfirmedCompromised, DetailConfirmed},
	Dismiss:            {detect.StateDismissed, DetailDismissed},
	ConfirmSafe:        {detect.StateConfirmedSafe, DetailSafe},
}

// Detail is Graph's word for the kind.
func (k Kind) Detail() string { return effect[k].detail }

// State is the risk state that the kind leads to.
func (k Kind) State() string { return effect[k].state }

// Clears reports whether the kind ends a suspicion.
func (k Kind) Clears() bool { return k == Dismiss || k == ConfirmSafe }

// Judge applies the verdict to a detection that was known when it was given, and reports whether anything changed. What
// was first seen or raised later was not what the person looked at. A person's "confirmed safe" teaches what the detection shows; an
// application's closes it and teaches nothing, for the application may be the one that was taken.
func (v Verdict) Judge(d detect.Detection) (detect.Detection, bool) {
	if d.Detected.After(v.At) || d.Raised.After(v.At) {
		return d, false
	}
	d, changed := d.Judge(v.Kind.State(), v.Kind.Detail(), v.At)
	if changed && v.Kind == ConfirmSafe && v.Person {
		d.Judged.Own = d.Shows(v.At)
	}
	return d, changed
}

// Confirmation is the detection that a person's word is: it holds the principal at high risk whatever else was found. The
// same day's second confirmation is the same detection.
func (v Verdict) Confirmation(p event.Principal) detect.Detection {
	day := v.At.Format(time.DateOnly)
	d := detect.Detection{
		ID: detect.ID(p.Key(), detect.TypeAdminConfirmed, Rule, day), Type: detect.TypeAdminConfirmed, Principal: p, Subject: Rule, Day: day,
		Level: score.LevelHigh, Source: detect.SourceRekey, Rule: Rule, Statement: "it was confirmed compromised by " + v.By,
		KeyIDs: []string{}, Contributions: []score.Contribution{}, Records: []detect.Record{}, First: v.At, Last: v.At, Detected: v.At,
	}
	d, _ = v.Judge(d)
	return d
}
