package pattern

import (
	"fmt"
	"slices"

	"rekey/shared/score"
	"rekey/shared/trail"
)

// changedBySuspect looks at what was prepared by somebody who is in a case himself. The single record may have come
// before anybody suspected him.
var changedBySuspect = &Rule{
	ID: "changedBySuspect", Title: "Changed by a principal that is in a case",
	RiskType: TypeAnomalous, Techniques: []string{"T1098.001", "T1098.003"},
	Event:          "AuditLogs: a change that gives a way in or power, by a principal with an open case, since that case's window began",
	Levels:         "medium; high for credentials, federated credentials, and permissions or roles of tier 0 or 1",
	FalsePositives: []string{"The other case turns out to be none: dismiss that one first."},
	Ask:            []string{"Evict both: the credential that was planted here is a way back."},
	Find: func(f *Facts) []Finding {
		var out []Finding
		for _, c := range f.Changes {
			if !c.Act.OpensDoors() || !f.suspected(c) || c.Actor == f.Principal.Key() {
				continue
			}
			what := fmt.Sprintf("%s, under suspicion in a case of its own, changed %s: %s", who(c), f.name(), thing(c))
			out = append(out, one(prepared(c), c.Actor+" "+string(c.Act), what, c)...)
		}
		return out
	},
}

// prepared is one step below what the rule tells: that its actor is in a case raises it by one.
func prepared(c trail.Entry) score.Level {
	if powerful(c) || slices.Contains([]trail.Act{trail.CredentialAdded, trail.FederatedAdded}, c.Act) {
		return medium
	}
	return low
}
