package rule

import (
	"strings"

	"rekey/shared/audit"
	"rekey/shared/event"
)

// ownerRemoved looks at owners who go: an intruder removes those who would notice.
var ownerRemoved = &Rule{
	ID: "ownerRemoved", Title: "Owner removed from an application or service principal",
	Covers: []string{"O03"}, RiskType: TypeAnomalous, Techniques: []string{"T1098", "T1531"},
	Event: "AuditLogs: \"Remove owner from application\", \"Remove owner from service principal\"",
	Shape: Documented, Levels: "low; medium when an application removed him",
	FalsePositives: []string{"Somebody leaves the team."},
	Ask:            []string{"Does the application still have an owner?", "Was another owner added at the same time?"},
	Match: func(e *event.Event, w *World) []Finding {
		if !changed(e, "Remove owner from application", "Remove owner from service principal") {
			return nil
		}
		p, owner := lost(e, w), audit.Target(e.Audit, 0)
		return one(p, madeBy(e), "owner:"+owner.ID, "%s lost the owner %s", titled(p), ownerName(owner))
	},
}

// lost returns what lost an owner. What is removed is in the old values.
func lost(e *event.Event, w *World) event.Principal {
	old := func(name string) string {
		p, _ := audit.Property(e.Audit, name)
		return audit.Text(p.Old)
	}
	p := event.Principal{
		ObjectID: strings.ToLower(old("ServicePrincipal.ObjectID")), AppID: strings.ToLower(old("Application.AppId")),
		Name: old("ServicePrincipal.DisplayName") + old("Application.DisplayName"),
	}
	if p.Key() == "" {
		return owned(e, w)
	}
	return p
}
