package pattern

import (
	"fmt"

	"rekey/shared/detect"
)

// unfamiliarThenListing looks at a stranger who looks around.
var unfamiliarThenListing = &Rule{
	ID: "unfamiliarThenListing", Title: "Unfamiliar sign-in, then the tenant is listed",
	Covers: []string{"S18"}, RiskType: TypeAPI, Techniques: []string{"T1078.004", "T1087.004"},
	Event:          "sign-ins: an unfamiliar one of medium or more; Graph activity: graphEnumeration, within 24 hours",
	Levels:         "high",
	FalsePositives: []string{"A new inventory product, on its first day."},
	Ask:            []string{"What was read of what had been listed?"},
	Find: func(f *Facts) []Finding {
		return together(f, f.found("graphEnumeration"), func(s, d detect.Detection) string {
			return fmt.Sprintf("%s %s from %s, and then the tenant was listed: %s", f.name(), used(s), s.Subject, d.Statement)
		})
	},
}
