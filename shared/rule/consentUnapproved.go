package rule

import (
	"slices"

	"rekey/shared/event"
)

// consentUnapproved compares with the list of approved applications, where the tenant has one.
var consentUnapproved = &Rule{
	ID: "consentUnapproved", Title: "Consent to an application that is not on the approved list",
	Covers: []string{"U04"}, RiskType: TypeSuspicious, Techniques: []string{"T1550.001"},
	Event: "AuditLogs: \"Consent to application\", success, additionalDetails AppId is not on the list that the tenant declares",
	Shape: Guessed, Levels: "medium",
	FalsePositives: []string{"The list is not up to date."},
	Ask:            []string{"Who asked for the application?", "Should it be on the list?"},
	Match: func(e *event.Event, w *World) []Finding {
		c, ok := consented(e, w)
		if !ok || len(w.Approved) == 0 || c.of.AppID == "" || slices.Contains(w.Approved, c.of.AppID) {
			return nil
		}
		return one(c.of, medium, "unapproved", "%s was allowed %s and is not on the approved list", titled(c.of), c.words())
	},
}
