package pattern

import (
	"fmt"

	"rekey/shared/trail"
)

// enabledByAnother looks at blocks that somebody else takes away.
var enabledByAnother = &Rule{
	ID: "enabledByAnother", Title: "Principal enabled again by somebody else than who disabled it",
	RiskType: TypeAnomalous, Techniques: []string{"T1098", "T1562"},
	Event:          "AuditLogs: AccountEnabled from true to false, and within 7 days back to true by another actor",
	Levels:         "medium; high when Rekey had disabled it",
	FalsePositives: []string{"A colleague ends what another began: ask him."},
	Ask:            []string{"Why was it disabled?", "Does who enabled it know that?"},
	Find: func(f *Facts) []Finding {
		var out []Finding
		for _, on := range f.changes(trail.Enabled) {
			for _, off := range f.changes(trail.Disabled) {
				if off.Actor == on.Actor || !within(off.Time, on.Time, 7*day) || f.World.IsRekey(on.Actor) {
					continue
				}
				level := medium
				if f.World.IsRekey(off.Actor) {
					level = high
				}
				what := fmt.Sprintf("%s was disabled by %s and enabled %s by %s", f.name(), who(off), later(on.Time.Sub(off.Time)), who(on))
				out = append(out, Finding{Level: level, Subject: "enabled", What: what, Entries: []trail.Entry{off, on}})
			}
		}
		return out
	},
}
