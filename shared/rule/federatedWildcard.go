package rule

import (
	"fmt"

	"rekey/shared/score"
)

// federatedWildcard looks at trust that fits more than one workload.
var federatedWildcard = &Rule{
	ID: "federatedWildcard", Title: "Federated credential that fits too much",
	Covers: []string{"I01"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.001"},
	Event: "AuditLogs: FederatedIdentityCredentials with a wildcard in Subject or ClaimsMatchingExpressionValue, a pull_request subject, or no subject",
	Shape: Documented, Levels: "medium; high when the wildcard leaves the repository open",
	FalsePositives: []string{"A team with many branches or environments chose convenience."},
	Ask:            []string{"Who can make a token that fits: every branch, every repository, everybody?", "Could the subject be exact?"},
	Match: onFederated(func(c federatedChange, _ *World) (score.Level, string) {
		why := tooWide(c.New)
		if c.unread || why == "" {
			return none, ""
		}
		level := medium
		if r := repository(c.New); r == "?" || len(r) > 0 && (r[0] == '*' || r[len(r)-1] == '*') {
			level = high
		}
		return level, fmt.Sprintf("%s trusts tokens of %s that fit too much: %s", titled(c.of), c.New.Issuer, why)
	}),
}
