package rule

import (
	"strings"

	"rekey/shared/audit"
	"rekey/shared/event"
)

// consentPolicyWeakened looks at the tenant's own guard against consent phishing.
var consentPolicyWeakened = &Rule{
	ID: "consentPolicyWeakened", Title: "Users may consent to more than before",
	Covers: []string{"N07"}, RiskType: TypeAnomalous, Techniques: []string{"T1562"},
	Event: "AuditLogs: \"Update authorization policy\", AllowUserConsentForRiskyApps to true, or a looser policy in PermissionGrantPolicyIdsAssignedToDefaultUserRole",
	Shape: Recorded, Levels: "high for risky applications, medium for a looser policy",
	FalsePositives: []string{"An administrator opens user consent on purpose: for risky applications there is no good reason."},
	Ask:            []string{"Who changed it, and is it part of a change request?", "Which consents were given since?"},
	Match: func(e *event.Event, _ *World) []Finding {
		if !changed(e, "Update authorization policy") {
			return nil
		}
		if p, ok := audit.Property(e.Audit, "AllowUserConsentForRiskyApps"); ok && audit.True(p.New) && !audit.True(p.Old) {
			return one(tenant(e), high, p.Name, "users may now consent to risky applications")
		}
		const loose = "microsoft-user-default-legacy"
		p, ok := audit.Property(e.Audit, "PermissionGrantPolicyIdsAssignedToDefaultUserRole")
		if ok && strings.Contains(p.New, loose) && !strings.Contains(p.Old, loose) {
			return one(tenant(e), medium, p.Name, "users may now consent to any application")
		}
		return nil
	},
}
