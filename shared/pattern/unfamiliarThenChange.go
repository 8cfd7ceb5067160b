package pattern

import (
	"fmt"

	"rekey/shared/detect"
	"rekey/shared/trail"
)

// unfamiliarThenChange looks at what a principal changes after somebody unfamiliar signed in as it.
var unfamiliarThenChange = &Rule{
	ID: "unfamiliarThenChange", Title: "Unfamiliar sign-in, then the principal changes the directory",
	RiskType: TypeAnomalous, Techniques: []string{"T1078.004", "T1098"},
	Event:          "sign-ins: an unfamiliar one of medium or more; AuditLogs: a change by the principal that gives a way in or power, within 24 hours",
	Levels:         "high",
	FalsePositives: []string{"A deployment tool moved to another network: declare its network or its owner's."},
	Ask:            []string{"Evict what it changed, too: each change is a way back."},
	Find: func(f *Facts) []Finding {
		var out []Finding
		for _, s := range f.unfamiliar() {
			for _, a := range f.Acts {
				if a.Act.OpensDoors() && follows(s, a.Time, day) {
					what := fmt.Sprintf("%s %s from %s, and then gave %s to %s", f.name(), used(s), s.Subject, thing(a), target(a))
					out = append(out, Finding{Level: high, Subject: s.Subject, What: what, Entries: []trail.Entry{a}, Seen: []detect.Detection{s}})
				}
			}
		}
		return out
	},
}
