package rule

import (
	"strings"

	"rekey/shared/audit"
	"rekey/shared/event"
)

// rekeyDisabled looks at the end of Rekey: an intruder who knows that it is there stops it first.
var rekeyDisabled = &Rule{
	ID: "rekeyDisabled", Title: "Rekey's own identity disabled, deleted or restored",
	RiskType: TypeAnomalous, Techniques: []string{"T1562.001", "T1489"},
	Event: "AuditLogs: \"Update service principal\" with AccountEnabled, \"Remove service principal\", \"Delete application\", those that delete for good and \"Restore ...\", the target is Rekey's declared identity",
	Shape: Documented, Levels: "high",
	FalsePositives: []string{"Rekey is taken out of service, or moved to another identity."},
	Ask:            []string{"Who did it, and was it announced?", "What happened in the tenant since?", "Is Rekey running again, and does its own list of permissions agree with what it should have (rekey doctor)?"},
	Match: func(e *event.Event, w *World) []Finding {
		p, ok := onSelf(e, w)
		if !ok || !goes(e) && !switched(e) {
			return nil
		}
		what := e.Audit.Activity
		if x, found := audit.Property(e.Audit, "AccountEnabled"); found && !goes(e) {
			what = "disabled"
			if audit.True(x.New) {
				what = "enabled"
			}
		}
		return one(p, high, what, "Rekey's own identity was disabled, deleted or brought back: %s", what)
	},
}

// goes reports whether an application or principal was deleted or came back.
func goes(e *event.Event) bool {
	a := strings.ToLower(e.Audit.Activity)
	return audit.Is(e.Audit, "Delete application", "Hard Delete application", "Remove service principal", "Hard delete service principal", "Restore application", "Restore service principal") ||
		a == "delete service principal"
}

// switched reports whether a principal was enabled or disabled.
func switched(e *event.Event) bool {
	p, ok := audit.Property(e.Audit, "AccountEnabled")
	return ok && audit.Is(e.Audit, "Update service principal") && audit.True(p.New) != audit.True(p.Old)
}
