package rule

import (
	"rekey/shared/audit"
	"rekey/shared/event"
)

// passwordByApplication looks at an application that sets people's passwords: the way from a stolen application to an
// administrator.
var passwordByApplication = &Rule{
	ID: "passwordByApplication", Title: "An application set somebody's password",
	RiskType: TypeAnomalous, Techniques: []string{"T1098", "T1531"},
	Event: "AuditLogs: \"Reset user password\", \"Reset password (by admin)\", \"Change user password\", \"Set force change user password\", \"Update PasswordProfile\", initiatedBy.app is no service of Microsoft's; one finding a day",
	Shape: Documented, Levels: "high when the tenant declares its deployers and the actor is none of them; medium when it declares none, and for \"Update PasswordProfile\", which every new user has; low for Entra Connect's own application",
	FalsePositives: []string{"Identity management and synchronisation of passwords do this as their work: declare them as deployers."},
	Ask:            []string{"Does one of these people have a directory role or own an application? The record does not say: Graph does.", "Did they sign in since, and from where?", "Does the application need the permission to set passwords?"},
	Match: func(e *event.Event, w *World) []Finding {
		if !onPeople(e, "Reset user password", "Reset password", "Reset password (by admin)", "Admin started password reset", "Change user password", "Set force change user password", "Update PasswordProfile") {
			return nil
		}
		level := undeclared(e, w)
		switch {
		case synchronises(e):
			level = low
		case audit.Is(e.Audit, "Update PasswordProfile"):
			level = medium
		}
		a := e.Audit.Actor.Principal
		return one(a, level, "passwords", "the application %s set the password of people: %q (%s)", titled(a), person(e), e.Audit.Activity)
	},
}
