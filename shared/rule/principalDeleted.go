package rule

import (
	"strings"

	"rekey/shared/event"
)

// principalDeleted looks at applications and principals that go: sabotage, or tracks being covered.
var principalDeleted = &Rule{
	ID: "principalDeleted", Title: "Application or service principal deleted",
	Covers: []string{"X03"}, RiskType: TypeAnomalous, Techniques: []string{"T1489", "T1070"},
	Event: "AuditLogs: \"Delete application\", \"Hard Delete application\", \"Remove service principal\", \"Hard delete service principal\"",
	Shape: Documented, Levels: "low; medium when it is deleted for good, which cannot be undone",
	FalsePositives: []string{"An application is retired.", "The platform deletes for good what was deleted 30 days ago."},
	Ask:            []string{"Was it in use?", "What did it do before it was deleted?", "Can it be restored (30 days)?"},
	Match: func(e *event.Event, w *World) []Finding {
		if !changed(e, "Delete application", "Hard Delete application", "Remove service principal", "Hard delete service principal") || isPlatform(e.Audit.Actor) {
			return nil
		}
		p, level, how := subject(e, w, 0), low, "deleted"
		if strings.HasPrefix(strings.ToLower(e.Audit.Activity), "hard") {
			level, how = medium, "deleted for good"
		}
		return one(p, level, how, "%s was %s", titled(p), how)
	},
}
