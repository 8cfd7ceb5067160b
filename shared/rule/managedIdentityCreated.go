package rule

import (
	"strings"

	"rekey/shared/event"
)

// managedIdentityCreated looks at new managed identities: they need no credential, so nobody sees one being added.
var managedIdentityCreated = &Rule{
	ID: "managedIdentityCreated", Title: "Managed identity created",
	Covers: []string{"U05"}, RiskType: TypeAnomalous, Techniques: []string{"T1136.003"},
	Event: "AuditLogs: \"Add service principal\", initiatedBy.app.displayName \"Managed Service Identity\"", Shape: Recorded, Levels: "low",
	FalsePositives: []string{"Every virtual machine or function with an identity makes one."},
	Ask:            []string{"Which Azure resource has it, and who made that (Azure activity)?", "Which roles did it get?"},
	Match: func(e *event.Event, w *World) []Finding {
		a := e.Audit
		if !changed(e, "Add service principal") || !isPlatform(a.Actor) || !strings.EqualFold(a.Actor.Principal.Name, "Managed Service Identity") {
			return nil
		}
		p := subject(e, w, 0)
		return one(p, low, "created", "the managed identity %s was created", titled(p))
	},
}
