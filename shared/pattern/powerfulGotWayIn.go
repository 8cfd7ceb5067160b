package pattern

import (
	"fmt"

	"rekey/shared/privilege"
)

// powerfulGotWayIn looks at new credentials and owners of what can take over the tenant.
var powerfulGotWayIn = &Rule{
	ID: "powerfulGotWayIn", Title: "Credential or owner added to a principal of the control plane",
	Covers: []string{"C08", "O02"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.001", "T1098.003"},
	Event:          "AuditLogs: a credential, federated credential or owner added; the principal holds a permission or role of tier 0, as Graph or an earlier record says",
	Levels:         "medium; high when an application added it",
	FalsePositives: []string{"Its credentials are rotated: declare who does that."},
	Ask:            []string{"Is the actor less powerful than the principal? Then he is more powerful now.", "Who holds the credential?"},
	Find: func(f *Facts) []Finding {
		var out []Finding
		for _, c := range f.changes(ways...) {
			tier, by := f.strongest(c.Time)
			if tier != privilege.Tier0 {
				continue
			}
			level, what := medium, fmt.Sprintf("%s, which is of the control plane (tier 0), got %s by %s", f.name(), thing(c), who(c))
			if byApplication(c) {
				level = high
			}
			if by != nil {
				what += "; it has " + thing(*by)
			}
			out = append(out, one(level, c.KeyID+c.What, what, c)...)
		}
		return out
	},
}
