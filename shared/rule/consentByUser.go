package rule

import (
	"rekey/shared/event"
	"rekey/shared/privilege"
)

// consentByUser looks at what a user allows an application for himself. Consents to much are consentRiskyScopes.
var consentByUser = &Rule{
	ID: "consentByUser", Title: "User consented to an application",
	Covers: []string{"N01"}, RiskType: TypeSuspicious, Techniques: []string{"T1528"},
	Event: "AuditLogs: \"Consent to application\", success, ConsentContext.IsAdminConsent False, scopes in ConsentAction.Permissions",
	Shape: Guessed, Levels: "low",
	FalsePositives: []string{"Users sign in to applications of their choice where the tenant lets them."},
	Ask:            []string{"Do other users know the application?", "Did the user get a message that led him there?"},
	Match: func(e *event.Event, w *World) []Finding {
		c, ok := consented(e, w)
		if !ok || c.admin || c.tier().Above(privilege.Tier2) {
			return nil
		}
		return one(c.of, low, "user:"+e.Audit.Actor.UserID, "a user allowed %s: %s", titled(c.of), c.words())
	},
}
