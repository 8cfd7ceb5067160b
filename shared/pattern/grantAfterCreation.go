package pattern

import (
	"fmt"
	"time"

	"rekey/shared/privilege"
	"rekey/shared/trail"
)

// grantAfterCreation looks at principals that are powerful from their first hour.
var grantAfterCreation = &Rule{
	ID: "grantAfterCreation", Title: "New principal gets consent or a permission within the hour",
	Covers: []string{"N10"}, RiskType: TypeAnomalous, Techniques: []string{"T1136.003", "T1098.003"},
	Event:          "AuditLogs: \"Add application\" or \"Add service principal\", and within an hour a grant of tier 0 or 1 or for all users",
	Levels:         "low; medium for tier 0 or when an application made the grant",
	FalsePositives: []string{"An administrator takes in an application that was asked for: the request tells."},
	Ask:            []string{"Who asked for the application?", "Whose is it: the tenant's own, a known vendor's?"},
	Find: func(f *Facts) []Finding {
		var out []Finding
		for _, made := range f.changes(trail.Created) {
			for _, g := range f.changes(grants...) {
				if !within(made.Time, g.Time, time.Hour) || !powerful(g) {
					continue
				}
				level := low
				if g.Tier == privilege.Tier0 || byApplication(g) {
					level = medium
				}
				what := fmt.Sprintf("%s was made by %s and got %s %s", f.name(), who(made), thing(g), later(g.Time.Sub(made.Time)))
				out = append(out, one(level, g.What, what, made, g)...)
			}
		}
		return out
	},
}
