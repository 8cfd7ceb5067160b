package pattern

import (
	"fmt"

	"rekey/shared/baseline"
	"rekey/shared/trail"
)

// knownDays is on how many days a principal must have been active before it is strange that it begins to administer.
const knownDays = 14

// firstTimeAct looks at workloads that begin to change the directory.
var firstTimeAct = &Rule{
	ID: "firstTimeAct", Title: "A workload begins to change the directory",
	Covers: []string{"X02"}, RiskType: TypeAPI, Techniques: []string{"T1098", "T1078.004"},
	Event:          "AuditLogs: a change that gives a way in or power, initiatedBy.app; sign-ins: active on 14 days before, and never such a change",
	Levels:         "medium",
	FalsePositives: []string{"A new version of it does more than before: its owner knows."},
	Ask:            []string{"Which permission allows it, and since when?", "Was the token for the call used from where the workload runs?"},
	Find: func(f *Facts) []Finding {
		if f.Profile == nil || f.Trail == nil || f.Since.IsZero() {
			return nil
		}
		var out []Finding
		for _, a := range f.Acts {
			d := baseline.DayOf(a.Time)
			fresh := a.Act.OpensDoors() && !f.Trail.Before(d).Did(a.Act) && a.Time.Sub(f.Since) >= settled
			if fresh && f.Profile.Before(d).ActiveDays() >= knownDays {
				what := fmt.Sprintf("%s, active on %d days before, did this for the first time: %s for %s", f.name(), f.Profile.Before(d).ActiveDays(), thing(a), target(a))
				out = append(out, Finding{Level: medium, Subject: string(a.Act), What: what, Entries: []trail.Entry{a}})
			}
		}
		return out
	},
}
