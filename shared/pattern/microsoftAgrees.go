package pattern

import (
	"fmt"

	"rekey/shared/detect"
)

// microsoftAgrees joins Microsoft's findings to Rekey's.
var microsoftAgrees = &Rule{
	ID: "microsoftAgrees", Title: "Microsoft and Rekey found the same principal suspicious",
	Covers: []string{"S13"}, RiskType: TypeAnomalous, Techniques: []string{"T1078.004"},
	Event:          "ServicePrincipalRiskEvents, RiskyServicePrincipals: medium or more; a detection of Rekey's of medium or more within 7 days",
	Levels:         "high",
	FalsePositives: []string{"Both looked at the same move of a workload."},
	Ask:            []string{"What does Microsoft's finding say that Rekey's does not? Its leaked credentials are found outside the tenant's logs."},
	Find: func(f *Facts) []Finding {
		var out []Finding
		for _, m := range f.Detections {
			if m.Source == detect.SourceRekey || !m.Level.AtLeast(medium) {
				continue
			}
			for _, d := range f.Detections {
				if d.Source == detect.SourceRekey && d.Level.AtLeast(medium) && (within(m.First, d.Last, 7*day) || within(d.First, m.Last, 7*day)) {
					out = append(out, Finding{
						Level: high, Subject: m.Type, What: fmt.Sprintf("%s: Microsoft found %s (%s), and Rekey %s", f.name(), m.Type, m.Level, about(d)),
						Seen: []detect.Detection{m, d},
					})
				}
			}
		}
		return out
	},
}

// about says in few words what a detection is.
func about(d detect.Detection) string {
	if d.Statement != "" {
		return d.Statement
	}
	return d.Type + " from " + d.Subject
}
