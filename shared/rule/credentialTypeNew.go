package rule

import (
	"fmt"

	"rekey/shared/event"
	"rekey/shared/score"
)

// credentialTypeNew looks at an application that only had certificates and got a secret, or the other way round. The
// record has the whole list, so that no history is needed.
var credentialTypeNew = &Rule{
	ID: "credentialTypeNew", Title: "Credential of another kind than the application has",
	Covers: []string{"C01", "C03", "C04"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.001"},
	Event: "AuditLogs: \"Update application – Certificates and secrets management \", KeyType of the new entries against KeyType of the old ones",
	Shape: Recorded, Levels: "medium for a secret where only certificates were, else low",
	FalsePositives: []string{"A workload moves from secrets to certificates (good), or back for a test (to be asked about)."},
	Ask:            []string{"Why is a secret needed where a certificate was used?", "Which sign-in used this key id first?"},
	Match: onKeys(func(e *event.Event, _ *World, k keyChange) (score.Level, string) {
		if !k.isApplication() || !k.newType() || isCreation(e) {
			return none, ""
		}
		level := low
		if k.added[0].Type == "Password" {
			level = medium
		}
		return level, fmt.Sprintf("%s was added to the application %s, which only had credentials of another kind", k.words(), titled(k.of))
	}),
}
