package rule

import (
	"strings"

	"rekey/shared/audit"
	"rekey/shared/event"
)

// ownerAdded looks at new owners: an owner can add credentials at any time.
var ownerAdded = &Rule{
	ID: "ownerAdded", Title: "Owner added to an application or service principal",
	Covers: []string{"O01"}, RiskType: TypeAnomalous, Techniques: []string{"T1098", "T1078.004"},
	Event: "AuditLogs: \"Add owner to application\", \"Add owner to service principal\"; the first target is the owner, Application.AppId or ServicePrincipal.ObjectID the thing owned",
	Shape: Recorded, Levels: "low; medium when the owner is an application or a guest, or when an application added him",
	FalsePositives: []string{"A team gets a new member.", "Who makes an application becomes its owner."},
	Ask:            []string{"Does the new owner work on the application?", "Did he add a credential since?", "Did he get less power from elsewhere than the application has?"},
	Match: func(e *event.Event, w *World) []Finding {
		if !changed(e, "Add owner to application", "Add owner to service principal") {
			return nil
		}
		p, owner, level := owned(e, w), audit.Target(e.Audit, 0), low
		if strings.EqualFold(owner.Type, "ServicePrincipal") || isGuest(owner.Name) || byApplication(e) {
			level = medium
		}
		return one(p, level, "owner:"+owner.ID, "%s got the owner %s", titled(p), ownerName(owner))
	},
}

func ownerName(t event.Target) string {
	if t.Name != "" {
		return t.Name
	}
	return t.ID
}
