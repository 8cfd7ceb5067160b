package pattern

import (
	"fmt"
	"time"

	"rekey/shared/privilege"
	"rekey/shared/trail"
)

// taken are the acts that take back what was given.
var taken = map[trail.Act]trail.Act{trail.AppRoleGranted: trail.AppRoleRemoved, trail.RoleGranted: trail.RoleRemoved}

// roleGivenAndTaken looks at power that is held for minutes: long enough to use it, short enough to be overlooked.
var roleGivenAndTaken = &Rule{
	ID: "roleGivenAndTaken", Title: "Permission or role given and taken back within the hour",
	Covers: []string{"P07"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.003", "T1070"},
	Event:          "AuditLogs: an app role or directory role granted and removed within 60 minutes",
	Levels:         "low; medium for tier 1, high for tier 0",
	FalsePositives: []string{"A mistake is corrected.", "Elevation just in time, by a tool: declare it."},
	Ask:            []string{"What did the principal do in between?", "Were credentials, owners or other roles given by it?"},
	Find: func(f *Facts) []Finding {
		var out []Finding
		for _, g := range f.changes(trail.AppRoleGranted, trail.RoleGranted) {
			for _, r := range f.changes(taken[g.Act]) {
				if r.What != g.What || !within(g.Time, r.Time, time.Hour) {
					continue
				}
				level := low
				switch g.Tier {
				case privilege.Tier0:
					level = high
				case privilege.Tier1:
					level = medium
				}
				what := fmt.Sprintf("%s got %s by %s, and it was taken back %s", f.name(), thing(g), who(g), later(r.Time.Sub(g.Time)))
				out = append(out, one(level, g.What, what, g, r)...)
			}
		}
		return out
	},
}
