package rule

import (
	"fmt"

	"rekey/shared/event"
	"rekey/shared/score"
)

// credentialFirst looks at an application that had no credential and got one.
var credentialFirst = &Rule{
	ID: "credentialFirst", Title: "First credential of an application that had none",
	Covers: []string{"C01", "C02"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.001"},
	Event: "AuditLogs: \"Update application – Certificates and secrets management \", KeyDescription from [] to a list",
	Shape: Recorded, Levels: "low. Who added it is told by rules of its own",
	FalsePositives: []string{"A new application gets its first credential once.", "An application moves from a federated or managed credential to a secret."},
	Ask: []string{
		"Who added it, from where, and is it his work to do so?", "Which sign-in used this key id first, and from which network?",
		"Does the application need a credential of its own at all?",
	},
	Match: onKeys(func(e *event.Event, _ *World, k keyChange) (score.Level, string) {
		if !k.isApplication() || len(k.had) > 0 || isCreation(e) {
			return none, ""
		}
		return low, fmt.Sprintf("%s was added to the application %s, which had no credential", k.words(), titled(k.of))
	}),
}
