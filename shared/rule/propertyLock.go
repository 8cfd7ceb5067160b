package rule

import (
	"strings"

	"rekey/shared/audit"
	"rekey/shared/event"
)

// propertyLock looks at the lock that keeps other tenants' administrators, and intruders there, from adding credentials
// to an application's service principals.
var propertyLock = &Rule{
	ID: "propertyLock", Title: "Lock on a service principal's credentials opened",
	RiskType: TypeAnomalous, Techniques: []string{"T1098.001", "T1562"},
	Event: "AuditLogs: \"Update application\" with a property whose name ends in LockConfiguration: isEnabled, allProperties or one of the others from true to false",
	Shape: Guessed, Levels: "medium",
	FalsePositives: []string{"A SAML signing certificate is put on the service principal and the lock is in its way."},
	Ask:            []string{"Was a credential added to one of its service principals since?", "Is it closed again?"},
	Match: func(e *event.Event, w *World) []Finding {
		if !changed(e, "Update application", "Update service principal") {
			return nil
		}
		var out []Finding
		for i, t := range e.Audit.Targets {
			for _, p := range t.Properties {
				if !strings.HasSuffix(strings.ToLower(p.Name), "lockconfiguration") {
					continue
				}
				before, _ := audit.Locks(p.Old)
				after, ok := audit.Locks(p.New)
				of := subject(e, w, i)
				if open := audit.Missing(before, after); len(open) > 0 && ok {
					out = append(out, one(of, medium, "lock", "%s does not lock any more on its service principals: %s", titled(of), few(open))...)
				}
			}
		}
		return out
	},
}
