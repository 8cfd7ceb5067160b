package rule

import (
	"rekey/shared/event"
	"rekey/shared/privilege"
)

// consentRiskyScopes looks at users who give away their mail or files, or more.
var consentRiskyScopes = &Rule{
	ID: "consentRiskyScopes", Title: "User consented to mail, files or more",
	Covers: []string{"N01", "N03"}, RiskType: TypeSuspicious, Techniques: []string{"T1528"},
	Event: "AuditLogs: \"Consent to application\", success, not by an administrator, a scope of tier 0 or 1 in ConsentAction.Permissions",
	Shape: Guessed, Levels: "medium",
	FalsePositives: []string{"Mail and calendar programs ask for this."},
	Ask:            []string{"Is the application a known mail program?", "With offline_access it reads on without the user: what did it read since?", "Did the user get a message that led him there?"},
	Match: func(e *event.Event, w *World) []Finding {
		c, ok := consented(e, w)
		if !ok || c.admin || !c.tier().Above(privilege.Tier2) {
			return nil
		}
		return one(c.of, medium, "user:"+e.Audit.Actor.UserID, "a user allowed %s: %s", titled(c.of), c.words())
	},
}
