package rule

import (
	"fmt"
	"strings"

	"rekey/shared/event"
	"rekey/shared/score"
)

// credentialAtCreation looks at the activity that no public rule names: an application that is born with a credential.
var credentialAtCreation = &Rule{
	ID: "credentialAtCreation", Title: "Application created together with a credential",
	Covers: []string{"C01"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.001", "T1136.003"},
	Event: "AuditLogs: \"Create application – Certificates and secrets management \", KeyDescription with a new KeyIdentifier",
	Shape: Recorded, Levels: "low; medium when an application made it",
	FalsePositives: []string{"Deployments make applications together with their first credential."},
	Ask:            []string{"Who asked for the application, and where is its credential used?", "Does the creator usually make applications?"},
	Match: onKeys(func(e *event.Event, _ *World, k keyChange) (score.Level, string) {
		if !isCreation(e) {
			return none, ""
		}
		level := low
		if byApplication(e) {
			level = medium
		}
		return level, fmt.Sprintf("the application %s was created with %s", titled(k.of), k.words())
	}),
}

func isCreation(e *event.Event) bool {
	return strings.HasPrefix(strings.ToLower(e.Audit.Activity), "create application")
}
