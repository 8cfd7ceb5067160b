package pattern

import (
	"fmt"
	"time"

	"rekey/shared/privilege"
	"rekey/shared/trail"
)

const (
	creep     = 6 // permissions
	creepDays = 30
)

// permissionsCreep looks at permissions that come one by one: each alone is small.
var permissionsCreep = &Rule{
	ID: "permissionsCreep", Title: "Application gains permissions one by one",
	Covers: []string{"P06"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.003"},
	Event:          "AuditLogs: 6 different app roles granted within 30 days, on two days or more",
	Levels:         "low; medium with one of tier 0 among them",
	FalsePositives: []string{"An application is being built."},
	Ask:            []string{"Which of them are used?", "Who approves what it gets?"},
	Find: func(f *Facts) []Finding {
		gained, days, tier0 := map[string]trail.Entry{}, map[string]bool{}, false
		var newest time.Time
		for _, g := range f.changes(trail.AppRoleGranted) {
			if newest.IsZero() {
				newest = g.Time
			}
			if within(g.Time, newest, creepDays*day) {
				gained[g.What], days[g.Time.Format(time.DateOnly)] = g, true
				tier0 = tier0 || g.Tier == privilege.Tier0
			}
		}
		if len(gained) < creep || len(days) < 2 {
			return nil
		}
		level := low
		if tier0 {
			level = medium
		}
		var es []trail.Entry
		for _, g := range f.changes(trail.AppRoleGranted) {
			if gained[g.What] == g {
				es = append(es, g)
			}
		}
		return one(level, "creep", fmt.Sprintf("%s got %d permissions on %d days, the last of them %s", f.name(), len(gained), len(days), es[0].What), es...)
	},
}
