package rule

import "rekey/shared/event"

// principalRestored looks at what comes back from the dead, with its credentials and permissions.
var principalRestored = &Rule{
	ID: "principalRestored", Title: "Application or service principal restored",
	Covers: []string{"X03"}, RiskType: TypeAnomalous, Techniques: []string{"T1098"},
	Event: "AuditLogs: \"Restore application\", \"Restore service principal\"", Shape: Documented, Levels: "low; medium when an application restored it",
	FalsePositives: []string{"It was deleted by mistake."},
	Ask:            []string{"Who deleted it, and why?", "Which credentials does it have that nobody thinks of any more?"},
	Match: func(e *event.Event, w *World) []Finding {
		if !changed(e, "Restore application", "Restore service principal") {
			return nil
		}
		p := subject(e, w, 0)
		return one(p, madeBy(e), "restored", "%s was restored", titled(p))
	},
}
