package rule

import "rekey/shared/event"

// riskDismissed looks at findings that are waved away: an intruder with an administrator's rights does that, too.
var riskDismissed = &Rule{
	ID: "riskDismissed", Title: "The risk of a principal was dismissed",
	Covers: []string{"S13"}, RiskType: TypeAnomalous, Techniques: []string{"T1562"},
	Event: "AuditLogs: \"DismissServicePrincipal\"", Shape: Documented, Levels: "low; medium when an application dismissed it",
	FalsePositives: []string{"An analyst looked at it and found it harmless.", "Rekey dismisses the risk when it has changed the locks: that is in its ledger."},
	Ask:            []string{"Who looked at it, and what was found?"},
	Match: func(e *event.Event, w *World) []Finding {
		if !changed(e, "DismissServicePrincipal", "Dismiss service principal") {
			return nil
		}
		p := subject(e, w, 0)
		return one(p, madeBy(e), "dismissed", "the risk of %s was dismissed", titled(p))
	},
}
