package rule

import (
	"fmt"

	"rekey/shared/event"
	"rekey/shared/score"
)

// credentialOnRekey looks at Rekey itself: who has its identity changes the locks of every other one.
var credentialOnRekey = &Rule{
	ID: "credentialOnRekey", Title: "Credential added to Rekey's own identity",
	Covers: []string{"C01"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.001"},
	Event: "AuditLogs: any activity with a new KeyIdentifier in KeyDescription, the target is Rekey's declared identity",
	Shape: Recorded, Levels: "high",
	FalsePositives: []string{"Rekey runs with a managed identity and needs no credential: there is hardly a harmless reason."},
	Ask:            []string{"Who may change Rekey's identity, and why?", "What did Rekey's identity do since?"},
	Match: onKeys(func(_ *event.Event, w *World, k keyChange) (score.Level, string) {
		if !w.isSelf(k.of) {
			return none, ""
		}
		return high, fmt.Sprintf("%s was added to Rekey's own identity", k.words())
	}),
}
