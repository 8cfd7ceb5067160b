package pattern

import (
	"fmt"

	"rekey/shared/trail"
)

// buildsAnother looks at an application that makes another one and arms it: how an intruder survives the eviction of the
// one he came in with.
var buildsAnother = &Rule{
	ID: "buildsAnother", Title: "An application makes another one and arms it",
	Covers: []string{"P05"}, RiskType: TypeAnomalous, Techniques: []string{"T1136.003", "T1098.001", "T1098.003"},
	Event:          "AuditLogs: created by the principal and, within 24 hours and by the principal, a credential, owner, consent or permission for it",
	Levels:         "medium; high when what it gives is of tier 0 or 1 (as full_access_as_app is)",
	FalsePositives: []string{"Deployment pipelines do this as their work: declare them as deployers."},
	Ask:            []string{"Evict what it made, too.", "Did the new one sign in, and from where?"},
	Find: func(f *Facts) []Finding {
		var out []Finding
		for _, made := range f.acts(trail.Created) {
			for _, a := range f.acts(append(append([]trail.Act{}, ways...), grants...)...) {
				same := a.Target == made.Target || a.TargetName != "" && a.TargetName == made.TargetName
				if !same || !within(made.Time, a.Time, day) {
					continue
				}
				level := medium
				if powerful(a) {
					level = high
				}
				what := fmt.Sprintf("%s made %s and %s gave it %s", f.name(), target(made), later(a.Time.Sub(made.Time)), thing(a))
				out = append(out, one(level, target(made), what, made, a)...)
			}
		}
		return out
	},
}
