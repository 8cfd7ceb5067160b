package rule

import (
	"rekey/shared/audit"
	"rekey/shared/event"
)

// accountEnabled looks at principals that are switched on and off.
var accountEnabled = &Rule{
	ID: "accountEnabled", Title: "Service principal enabled or disabled",
	Covers: []string{"F09"}, RiskType: TypeAnomalous, Techniques: []string{"T1098", "T1489"},
	Event: "AuditLogs: \"Update service principal\" with AccountEnabled from true to false or back",
	Shape: Documented, Levels: "medium when it is enabled, low when it is disabled",
	FalsePositives: []string{"An application is retired, or needed again.", "Rekey disables principals for containment and enables them again: that is in its ledger."},
	Ask:            []string{"Why was it disabled before?", "Does somebody sign in as it since?"},
	Match: func(e *event.Event, w *World) []Finding {
		if !changed(e, "Update service principal") {
			return nil
		}
		var out []Finding
		for _, p := range properties(e, w, "AccountEnabled") {
			switch was, is := audit.True(p.Old), audit.True(p.New); {
			case is && !was && audit.Text(p.Old) != "":
				out = append(out, one(p.of, medium, "enabled", "%s was enabled", titled(p.of))...)
			case was && !is:
				out = append(out, one(p.of, low, "disabled", "%s was disabled", titled(p.of))...)
			}
		}
		return out
	},
}
