package rule

import (
	"rekey/shared/audit"
	"rekey/shared/event"
)

// changeByGuest looks at guests who change what other tenants' people seldom have to.
var changeByGuest = &Rule{
	ID: "changeByGuest", Title: "A guest changed an application's credentials, owners, permissions or roles",
	Covers: []string{"C07"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.001", "T1078.004"},
	Event: "AuditLogs: credential, owner, app role, grant and role activities, initiatedBy.user.userPrincipalName has #EXT#",
	Shape: Recorded, Levels: "medium",
	FalsePositives: []string{"A partner or contractor runs the application as a guest: declare him as a deployer."},
	Ask:            []string{"Which company is the guest from, and is he meant to administer this application?", "When did he get the role that lets him?"},
	Match: func(e *event.Event, w *World) []Finding {
		if !made(e) || !isGuest(e.Audit.Actor.UserName) || !sensitive(e, w) {
			return nil
		}
		p := touched(e, w)
		return one(p, medium, e.Audit.Activity, "a guest changed %s: %s", titled(p), e.Audit.Activity)
	},
}

// sensitive reports whether a change gives somebody a way in or more power.
func sensitive(e *event.Event, w *World) bool {
	return len(keyChanges(e, w)) > 0 || len(federatedChanges(e, w)) > 0 || audit.Is(e.Audit,
		"Add owner to application", "Add owner to service principal", "Add app role assignment to service principal",
		"Add delegated permission grant", "Consent to application") || isRoleGrant(e) && isPrincipalMember(e)
}

// touched returns the principal that a change is about, whatever its activity.
func touched(e *event.Event, w *World) event.Principal {
	switch {
	case audit.Is(e.Audit, "Add owner to application", "Add owner to service principal"):
		return owned(e, w)
	case audit.Is(e.Audit, "Add app role assignment to service principal", "Add delegated permission grant"):
		return audit.Client(e.Audit)
	}
	return subject(e, w, 0)
}
