package rule

import "rekey/shared/event"

// confirmedCompromised looks at a person's verdict.
var confirmedCompromised = &Rule{
	ID: "confirmedCompromised", Title: "Somebody confirmed that a principal is compromised",
	Covers: []string{"S13"}, RiskType: TypeConfirmed, Techniques: []string{"T1078.004"},
	Event: "AuditLogs: \"confirmServicePrincipalCompromised\"", Shape: Documented, Levels: "high",
	FalsePositives: []string{"A drill.", "Rekey confirms itself when it is told to: that is in its ledger."},
	Ask:            []string{"Who confirmed it, and what did he see?", "Which credentials does the principal still have?"},
	Match: func(e *event.Event, w *World) []Finding {
		if !changed(e, "confirmServicePrincipalCompromised", "Confirm service principal compromised") || w.isSelf(e.Audit.Actor.Principal) {
			return nil
		}
		p := subject(e, w, 0)
		return one(p, high, "confirmed", "%s was confirmed to be compromised", titled(p))
	},
}
