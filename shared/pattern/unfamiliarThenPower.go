package pattern

import (
	"fmt"

	"rekey/shared/detect"
)

// power are the rules of package exposure about what an intruder takes, or uses to get further.
var power = []string{
	"vaultFirstUse", "secretMassRead", "vaultListedThenRead", "vaultRefusedThenRead", "vaultExport", "vaultAccessChanged", "resourceKeysRead",
	"azurePowerFirstUsed", "graphPowerFirstUsed", "graphMailFirstRead",
}

// unfamiliarThenPower looks at a stranger who takes what he came for.
var unfamiliarThenPower = &Rule{
	ID: "unfamiliarThenPower", Title: "Unfamiliar sign-in, then secrets, keys, mail or power that the principal never used",
	Covers: []string{"S15"}, RiskType: TypeAPI, Techniques: []string{"T1078.004", "T1552.007", "T1555.006"},
	Event:          "sign-ins: an unfamiliar one of medium or more; Key Vault, Azure and Graph activity: a first read or use, within 24 hours",
	Levels:         "high",
	FalsePositives: []string{"A workload was moved and given more to do on the same day."},
	Ask:            []string{"What was handed out has to be rotated: the case lists it."},
	Find: func(f *Facts) []Finding {
		return together(f, f.found(power...), func(s, d detect.Detection) string {
			return fmt.Sprintf("%s %s from %s, and then: %s", f.name(), used(s), s.Subject, d.Statement)
		})
	},
}
