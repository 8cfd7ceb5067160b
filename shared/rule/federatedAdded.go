package rule

import (
	"fmt"

	"rekey/shared/score"
)

// federatedAdded looks at new trust in somebody else's tokens: a credential that never expires and is in no list of keys.
var federatedAdded = &Rule{
	ID: "federatedAdded", Title: "Federated credential added or changed",
	Covers: []string{"I01"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.001"},
	Event: "AuditLogs: \"Update application\" or \"Update service principal\", an entry in the new FederatedIdentityCredentials that the old one lacks, by Id or Name",
	Shape: Recorded, Levels: "low for a usual or declared issuer; medium for a usual one where the tenant declares its issuers and this is none; high for any other, " +
		"and for another Entra tenant: whoever runs it makes the tokens himself",
	FalsePositives: []string{"A build pipeline or a cluster gets rid of its secret.", "A company's own issuer: declare it."},
	Ask:            []string{"Who runs the issuer?", "Is the subject one of our repositories, projects or service accounts?", "Which sign-ins used a federated credential since?"},
	Match: onFederated(func(c federatedChange, w *World) (score.Level, string) {
		switch {
		case c.unread:
			return medium, fmt.Sprintf("the federated credentials of %s were changed; the record's list cannot be read", titled(c.of))
		case c.issuerChanged():
			return none, ""
		case knownIssuer(c.New.Issuer, w) && undeclaredIssuer(c.New.Issuer, w):
			return medium, fmt.Sprintf("%s trusts tokens of %s about %q, and the tenant does not declare this issuer", titled(c.of), c.New.Issuer, c.New.Subject)
		case knownIssuer(c.New.Issuer, w):
			return low, fmt.Sprintf("%s trusts tokens of %s about %q", titled(c.of), c.New.Issuer, c.New.Subject)
		}
		return high, fmt.Sprintf("%s trusts tokens of the unusual issuer %s about %q", titled(c.of), c.New.Issuer, c.New.Subject)
	}),
}
