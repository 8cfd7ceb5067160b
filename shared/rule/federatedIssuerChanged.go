package rule

import (
	"fmt"

	"rekey/shared/score"
)

// federatedIssuerChanged looks at a credential that keeps its name and now trusts somebody else.
var federatedIssuerChanged = &Rule{
	ID: "federatedIssuerChanged", Title: "Federated credential trusts another issuer",
	Covers: []string{"I02"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.001", "T1484.002"},
	Event: "AuditLogs: FederatedIdentityCredentials, the entry with the same Id or Name has another Issuer",
	Shape: Recorded, Levels: "high; low when both are usual or declared",
	FalsePositives: []string{"A cluster was rebuilt and has a new issuer."},
	Ask:            []string{"Who runs the new issuer?", "Did the workload move?"},
	Match: onFederated(func(c federatedChange, w *World) (score.Level, string) {
		if !c.issuerChanged() {
			return none, ""
		}
		level := high
		if knownIssuer(c.New.Issuer, w) && knownIssuer(c.Old.Issuer, w) {
			level = low
		}
		return level, fmt.Sprintf("the federated credential %q of %s trusts %s instead of %s", c.New.Name, titled(c.of), c.New.Issuer, c.Old.Issuer)
	}),
}
