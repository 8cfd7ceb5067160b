package rule

import "rekey/shared/event"

// consentByAdmin looks at consent for everybody.
var consentByAdmin = &Rule{
	ID: "consentByAdmin", Title: "Administrator consented to an application for the whole tenant",
	Covers: []string{"N02", "N03"}, RiskType: TypeSuspicious, Techniques: []string{"T1528", "T1098.003"},
	Event: "AuditLogs: \"Consent to application\", success, ConsentContext.IsAdminConsent or OnBehalfOfAll True, or ConsentType AllPrincipals",
	Shape: Guessed, Levels: "medium when a scope is of the control or management plane (tier 0 or 1), else low",
	FalsePositives: []string{"Applications are introduced by an administrator's consent."},
	Ask:            []string{"Was the application reviewed, and is its publisher verified?", "Are the permissions too broad for what it does?", "Was it the administrator's usual place and time?"},
	Match: func(e *event.Event, w *World) []Finding {
		c, ok := consented(e, w)
		if !ok || !c.admin {
			return nil
		}
		return one(c.of, byTier(c.tier(), medium, medium, low), "admin", "an administrator allowed %s for everybody: %s", titled(c.of), c.words())
	},
}
