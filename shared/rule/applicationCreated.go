package rule

import (
	"rekey/shared/event"
	"rekey/shared/score"
)

// applicationCreated looks at new applications of the tenant's own.
var applicationCreated = &Rule{
	ID: "applicationCreated", Title: "Application created",
	Covers: []string{"U01"}, RiskType: TypeAnomalous, Techniques: []string{"T1136.003", "T1098"},
	Event: "AuditLogs: \"Add application\"", Shape: Documented, Levels: "low; medium when an application made it",
	FalsePositives: []string{"Developers and deployments make applications.", "Services of the platform do: not told."},
	Ask:            []string{"Who asked for it, and does he usually make applications?", "Did it get a credential or a permission within the hour?"},
	Match: func(e *event.Event, w *World) []Finding {
		if !changed(e, "Add application") || isPlatform(e.Audit.Actor) {
			return nil
		}
		p := subject(e, w, 0)
		return one(p, madeBy(e), "created", "the application %s was created", titled(p))
	},
}

// madeBy is the level of something new by who made it.
func madeBy(e *event.Event) score.Level {
	if byApplication(e) {
		return medium
	}
	return low
}
