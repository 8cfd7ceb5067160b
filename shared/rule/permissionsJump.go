package rule

import (
	"strconv"

	"rekey/shared/audit"
	"rekey/shared/event"
)

// jump is how many more permissions at once are many. Public rules say 5 and 8.
const jump = 6

// permissionsJump looks at an application that suddenly asks for much more.
var permissionsJump = &Rule{
	ID: "permissionsJump", Title: "Application asks for many more permissions at once",
	Covers: []string{"P06"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.003"},
	Event: "AuditLogs: \"Update application\", the number of permissions in RequiredResourceAccess before and after",
	Shape: Recorded, Levels: "medium for " + strconv.Itoa(jump) + " or more new ones",
	FalsePositives: []string{"The first release of an application sets all of its permissions at once."},
	Ask:            []string{"Were they granted, and all of them?", "Is the application old or was it just made?"},
	Match: func(e *event.Event, w *World) []Finding {
		if !changed(e, "Update application") {
			return nil
		}
		var out []Finding
		for _, p := range properties(e, w, "RequiredResourceAccess") {
			if n := len(audit.AddedAccess(p.Old, p.New)); n >= jump {
				out = append(out, one(p.of, medium, p.Name, "%s asks for %d more permissions, after %d", titled(p.of), n, len(audit.RequiredAccess(p.Old)))...)
			}
		}
		return out
	},
}
