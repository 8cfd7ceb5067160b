package rule

import (
	"fmt"

	"rekey/shared/event"
	"rekey/shared/score"
)

// credentialByApplication looks at an application that gives a credential to another one: the way from a stolen
// application with Application.ReadWrite.All to a stronger one.
var credentialByApplication = &Rule{
	ID: "credentialByApplication", Title: "An application added a credential to another application",
	Covers: []string{"C01", "C06"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.001"},
	Event: "AuditLogs: any activity with a new KeyIdentifier in KeyDescription, initiatedBy.app is not the target",
	Shape: Recorded, Levels: "high when the tenant declares its deployers and the actor is none of them, low when he is one; medium when it declares none",
	FalsePositives: []string{"Deployment pipelines and credential rotators do this as their work: declare them as deployers."},
	Ask:            []string{"Is the acting application a deployment, and did a run of it happen then?", "Who can use the acting application's own credential?", "What may the application do that got the credential?"},
	Match: onKeys(func(e *event.Event, w *World, k keyChange) (score.Level, string) {
		a := e.Audit.Actor.Principal
		if !byApplication(e) || same(a, k.of) {
			return none, ""
		}
		level := medium // where nobody is declared, this is mostly a pipeline that rotates keys
		if len(w.Deployers) > 0 && !w.deploys(e.Audit.Actor) {
			level = high
		}
		return level, fmt.Sprintf("the application %s added %s to %s", titled(a), k.words(), titled(k.of))
	}),
}

// same reports whether an actor and a target are one. Most records name the actor by its principal's id and an application
// by its appId, which cannot be compared: then the display name decides. Whoever takes another's name for this is still
// told of as an application that added a credential.
func same(a, b event.Principal) bool {
	switch {
	case a.ObjectID != "" && b.ObjectID != "":
		return a.ObjectID == b.ObjectID
	case a.AppID != "" && b.AppID != "":
		return a.AppID == b.AppID
	}
	return a.Name != "" && a.Name == b.Name
}
