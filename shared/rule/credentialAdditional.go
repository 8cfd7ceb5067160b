package rule

import (
	"fmt"

	"rekey/shared/event"
	"rekey/shared/score"
)

// credentialAdditional looks at an application that has credentials and got one more: the old one goes on working, so
// nobody notices.
var credentialAdditional = &Rule{
	ID: "credentialAdditional", Title: "One more credential for an application that has some",
	Covers: []string{"C01", "C03"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.001"},
	Event: "AuditLogs: \"Update application – Certificates and secrets management \", a KeyIdentifier in the new KeyDescription that the old one lacks",
	Shape: Recorded, Levels: "low; medium when there are now more than three. Who added it is told by rules of its own",
	FalsePositives: []string{"A credential is rotated: the new one is added before the old one is removed."},
	Ask: []string{
		"Is the old credential removed soon afterwards, as a rotation does?", "Which sign-in used this key id first, and from which network?",
		"Are there more credentials than the application needs?",
	},
	Match: onKeys(func(e *event.Event, _ *World, k keyChange) (score.Level, string) {
		if !k.isApplication() || len(k.had) == 0 || k.newType() || isCreation(e) {
			return none, ""
		}
		level := low
		if len(k.had)+len(k.added) > 3 {
			level = medium
		}
		return level, fmt.Sprintf("%s was added to the application %s, which had %d", k.words(), titled(k.of), len(k.had))
	}),
}
