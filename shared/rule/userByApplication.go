package rule

import "rekey/shared/event"

// userByApplication looks at an application that makes people: an account for its intruder to come back with.
var userByApplication = &Rule{
	ID: "userByApplication", Title: "An application created a user or invited a guest",
	RiskType: TypeAnomalous, Techniques: []string{"T1136.003"},
	Event: "AuditLogs: \"Add user\", \"Invite external user\", \"Invite internal user to B2B collaboration\", \"Restore user\", initiatedBy.app is no service of Microsoft's; one finding a day",
	Shape: Documented, Levels: "medium; low for Entra Connect's own application",
	FalsePositives: []string{"Provisioning from a personnel system makes people as its work: declare it as a deployer."},
	Ask:            []string{"Is making users what the application is for?", "Did a new user get a role or join a group? The record does not say: Graph does.", "Did a new user sign in, and from where?"},
	Match: func(e *event.Event, _ *World) []Finding {
		if !onPeople(e, "Add user", "Invite external user", "Invite external user with reset invitation status", "Invite internal user to B2B collaboration", "Restore user") {
			return nil
		}
		level := medium
		if synchronises(e) {
			level = low
		}
		a := e.Audit.Actor.Principal
		return one(a, level, "users", "the application %s made users: %q (%s)", titled(a), person(e), e.Audit.Activity)
	},
}
