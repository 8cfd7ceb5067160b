package pattern

import (
	"fmt"

	"rekey/shared/baseline"
	"rekey/shared/trail"
)

// dormant is for how many days a principal must have been silent to be forgotten by its owners.
const dormant = 30

// dormantRevived looks at forgotten principals that somebody finds useful.
var dormantRevived = &Rule{
	ID: "dormantRevived", Title: "Dormant principal gets a credential",
	Covers: []string{"C11"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.001", "T1078.004"},
	Event:          "AuditLogs: a credential or owner added; sign-ins: none on the 30 days before",
	Levels:         "low; medium when it signs in within two days",
	FalsePositives: []string{"A yearly job is prepared.", "A retired application is taken up again by its owners."},
	Ask:            []string{"Who thought of this application, and why now?", "What may it do that nobody would miss?"},
	Find: func(f *Facts) []Finding {
		if f.Profile == nil {
			return nil
		}
		var out []Finding
		for _, c := range f.changes(ways...) {
			before, after := f.Profile.Before(baseline.DayOf(c.Time)), f.Profile.Before(baseline.DayOf(c.Time)+3)
			if before.ActiveDays() == 0 || before.Silence() < dormant {
				continue
			}
			level, what := low, fmt.Sprintf("%s had not signed in for %d days when it got %s by %s", f.name(), before.Silence(), thing(c), who(c))
			if after.Silence() <= 3 {
				level, what = medium, what+"; it signed in within two days"
			}
			out = append(out, Finding{Level: level, Subject: "dormant", What: what, Entries: []trail.Entry{c}})
		}
		return out
	},
}
