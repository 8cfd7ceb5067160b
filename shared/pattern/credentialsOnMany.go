package pattern

import (
	"fmt"
)

const sprawl = 3

// credentialsOnMany looks at one application that leaves keys to others.
var credentialsOnMany = &Rule{
	ID: "credentialsOnMany", Title: "An application adds credentials or owners to several others",
	RiskType: TypeAnomalous, Techniques: []string{"T1098.001"},
	Event:          "AuditLogs: credentials, federated credentials or owners added to 3 other principals by one within 24 hours",
	Levels:         "high",
	FalsePositives: []string{"A rotation service: declare it as a deployer."},
	Ask:            []string{"Each of them is a way back: evict them together.", "Which of the new credentials was used, and from where?"},
	Find: func(f *Facts) []Finding {
		all := f.acts(ways...)
		for i := range all {
			others := map[string]bool{}
			j := i
			for ; j < len(all) && within(all[j].Time, all[i].Time, day); j++ {
				if t := all[j].Target; t != "app:"+f.Principal.AppID && t != f.Principal.ObjectID {
					others[t] = true
				}
			}
			if len(others) >= sprawl {
				return one(high, "others", fmt.Sprintf("%s added credentials or owners to %d other principals within a day, %s among them", f.name(), len(others), target(all[i])), all[i:j]...)
			}
		}
		return nil
	},
}
