package rule

import "rekey/shared/event"

// publisherUnset looks at applications that lose their verified publisher.
var publisherUnset = &Rule{
	ID: "publisherUnset", Title: "Verified publisher removed from an application",
	Covers: []string{"U03"}, RiskType: TypeSuspicious, Techniques: []string{"T1098"},
	Event: "AuditLogs: \"Unset verified publisher\"", Shape: Documented, Levels: "low",
	FalsePositives: []string{"The application changes its publisher."},
	Ask:            []string{"Who removed it, and why?", "Do users still get to see whom they trust when they consent?"},
	Match: func(e *event.Event, w *World) []Finding {
		if !changed(e, "Unset verified publisher") {
			return nil
		}
		p := subject(e, w, 0)
		return one(p, low, "unset", "%s lost its verified publisher", titled(p))
	},
}
