package posture

import (
	"fmt"
	"slices"

	"rekey/shared/privilege"
)

// privilegeUnused looks at power that was granted and is not needed.
var privilegeUnused = &Rule{
	ID: "privilegeUnused", Title: "Powerful app role that was not used for 60 days",
	Covers: []string{"P10"}, Techniques: []string{"T1078.004", "T1098.003"},
	Sees: "app roles of tier 0 or 1, and whether the principal got a token for their resource within 60 days; not told while that is not known: " +
		"the log of sign-ins has gaps, the role is younger, or a token was issued and what it was used for is not kept",
	Levels:         "low",
	FalsePositives: []string{"A yearly job, or automation for emergencies."},
	Ask:            []string{"What was the role granted for?", "What is missing if it is taken away? It can be given back in a minute."},
	Find: func(in *Input) []Finding {
		var names []string
		for i := range in.Facts.Principals {
			g := in.Facts.Principals[i].Grants
			if g == nil {
				continue
			}
			for _, r := range g.AppRoles {
				if powerful(privilege.AppRole(r.Value)) && in.Use.Necessary(&in.Facts, r, in.Now) == No {
					names = append(names, r.Value)
				}
			}
		}
		if len(names) == 0 {
			return nil
		}
		slices.Sort(names)
		names = slices.Compact(names)
		return []Finding{{low, "app roles", fmt.Sprintf("%s has %s with much power that it did not use for %d days: %s", in.titled(), count(len(names), "app role"), Idle, some(names))}}
	},
}
