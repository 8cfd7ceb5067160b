package rule

import (
	"slices"
	"strings"

	"rekey/shared/audit"
	"rekey/shared/event"
)

// disabledByGovernance looks at what Defender for Cloud Apps does: its alerts are in no stream, but the application it
// disables is in the audit log.
var disabledByGovernance = &Rule{
	ID: "disabledByGovernance", Title: "Application disabled by Microsoft's app governance",
	Covers: []string{"X07"}, RiskType: TypeSuspicious, Techniques: []string{"T1528"},
	Event: "AuditLogs: \"Update service principal\" with AccountEnabled false, initiatedBy.app is Defender for Cloud Apps or app governance",
	Shape: Guessed, Levels: "medium",
	FalsePositives: []string{"A governance policy of the tenant's own that is too strict."},
	Ask:            []string{"What does the alert in Defender for Cloud Apps say?", "Which users consented to the application, and what did it read?"},
	Match: func(e *event.Event, w *World) []Finding {
		a := e.Audit
		if !changed(e, "Update service principal") || !slices.Contains(governance, strings.ToLower(a.Actor.Principal.Name)) {
			return nil
		}
		var out []Finding
		for _, p := range properties(e, w, "AccountEnabled") {
			if !audit.True(p.New) {
				out = append(out, one(p.of, medium, "disabled", "%s was disabled by %s", titled(p.of), a.Actor.Principal.Name)...)
			}
		}
		return out
	},
}

// governance are the names under which Microsoft disables applications for a tenant.
var governance = []string{"mapg", "microsoft app governance", "m365 app governance", "microsoft cloud app security", "microsoft defender for cloud apps"}
