package rule

import (
	"fmt"
	"slices"
	"strings"

	"rekey/shared/score"
)

// federatedRepository compares with the GitHub organisations and repositories that the tenant declares, and is silent
// without them.
var federatedRepository = &Rule{
	ID: "federatedRepository", Title: "Federated credential for a repository that is not ours",
	Covers: []string{"I04"}, RiskType: TypeAnomalous, Techniques: []string{"T1550.001", "T1098.001"},
	Event: "AuditLogs: FederatedIdentityCredentials, Issuer token.actions.githubusercontent.com, the repository of the Subject is not declared",
	Shape: Recorded, Levels: "high",
	FalsePositives: []string{"A new organisation that is not declared yet.", "A supplier deploys from his own repository."},
	Ask:            []string{"Whose repository is it, and who may push to it?", "Which workflow runs signed in with it?"},
	Match: onFederated(func(c federatedChange, w *World) (score.Level, string) {
		r := repository(c.New)
		if c.unread || r == "" || len(w.Sources) == 0 || w.declares(r) {
			return none, ""
		}
		return high, fmt.Sprintf("%s trusts the GitHub repository %s, which is not declared", titled(c.of), r)
	}),
}

// declares reports whether a repository, or its organisation, is declared.
func (w *World) declares(repository string) bool {
	org, _, _ := strings.Cut(repository, "/")
	return slices.Contains(w.Sources, repository) || slices.Contains(w.Sources, org)
}
