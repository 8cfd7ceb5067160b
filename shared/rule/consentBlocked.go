package rule

import (
	"strings"

	"rekey/shared/audit"
	"rekey/shared/event"
)

// consentBlocked looks at consents that Microsoft stopped.
var consentBlocked = &Rule{
	ID: "consentBlocked", Title: "Consent to a risky application was stopped",
	Covers: []string{"N06"}, RiskType: TypeSuspicious, Techniques: []string{"T1528"},
	Event: "AuditLogs: \"Consent to application\", failure, ConsentAction.Reason \"Risky application detected\" or UserConsentBlockedForRiskyAppsException",
	Shape: Recorded, Levels: "medium",
	FalsePositives: []string{"A new application of an unverified publisher that is harmless."},
	Ask:            []string{"How did the user come to the application?", "Did other users or an administrator allow it before or afterwards?"},
	Match: func(e *event.Event, w *World) []Finding {
		if e.Audit == nil || e.Audit.Result != "failure" || !audit.Is(e.Audit, "Consent to application") || !riskyReason(e) {
			return nil
		}
		p := subject(e, w, 0)
		return one(p, medium, "user:"+e.Audit.Actor.UserID, "consent to %s was stopped as risky", titled(p))
	},
}

func riskyReason(e *event.Event) bool {
	reason := audit.Value(e.Audit, "ConsentAction.Reason")
	result := audit.Value(e.Audit, "MethodExecutionResult.") // sic
	return strings.Contains(strings.ToLower(reason), "risky") || strings.Contains(result, "BlockedForRiskyApps")
}
