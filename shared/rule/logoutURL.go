package rule

import (
	"strings"

	"rekey/shared/audit"
	"rekey/shared/event"
	"rekey/shared/weburi"
)

// logoutURL looks at the address that is told when users sign out, and at the other addresses an application shows.
var logoutURL = &Rule{
	ID: "logoutURL", Title: "Sign-out or other address of an application changed",
	Covers: []string{"F04"}, RiskType: TypeAnomalous, Techniques: []string{"T1078.004"},
	Event: "AuditLogs: \"Update application\" or \"Update service principal\", a modified property whose name contains Url",
	Shape: Guessed, Levels: "low; medium when the address is unsafe, foreign, or resembles one of the tenant's domains",
	FalsePositives: []string{"The application moves, or its home page does."},
	Ask:            []string{"Does the new address belong to the application's team?", "Do users still get signed out?"},
	Match: func(e *event.Event, w *World) []Finding {
		if !updated(e) || isNew(e) {
			return nil
		}
		var out []Finding
		for i, t := range e.Audit.Targets {
			for _, p := range t.Properties {
				if !strings.Contains(strings.ToLower(p.Name), "url") || audit.Text(p.New) == audit.Text(p.Old) {
					continue
				}
				out = append(out, addressChange(subject(e, w, i), p, w)...)
			}
		}
		return out
	},
}

func addressChange(of event.Principal, p event.Property, w *World) []Finding {
	level, why := low, ""
	for _, u := range audit.URIs(p.New) {
		if kind, reason := examine(u, w); kind != weburi.Sound && kind != weburi.Claimable {
			level, why = medium, ": "+reason
		}
	}
	return one(of, level, p.Name, "%s of %s was changed to %s%s", p.Name, titled(of), audit.Text(p.New), why)
}

// isNew reports whether the record is of something that was just made: nothing of it was changed.
func isNew(e *event.Event) bool {
	return audit.Is(e.Audit, "Add application", "Add service principal")
}
