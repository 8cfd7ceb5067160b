package conduct

import "rekey/shared/baseline"

// federatedNew looks at a federated credential that a principal never used, beside others that it does use. That it uses any
// for the first time is told by the model (contributions credentialType and credentialClass).
var federatedNew = &Rule{
	ID: "federatedNew", Title: "A federated credential is used for the first time",
	RiskType: typeSignins, Covers: []string{"I01"}, Techniques: []string{"T1098.001", "T1550.001"},
	Event: "ServicePrincipalSignInLogs: federatedCredentialId of a successful sign-in", Shape: documented,
	Levels:         "low; medium from a network in which the principal is not known",
	FalsePositives: []string{"A new branch, environment or cluster that signs in as the same application."},
	Ask:            []string{"Who added the federated credential, and whose is the issuer?", "Was it added long before, and never used until now?"},
	Find: func(f Facts) (Finding, bool) {
		strange := f.Marks[markFederatedStrange]
		if !strange && !f.Marks[markFederated] || f.view().ActiveDays() < baseline.LearningDays {
			return Finding{}, false
		}
		x := Finding{Subject: "federated credential", Level: low, What: "signed in with a federated credential that it never used", Marks: []Mark{markFederated, markFederatedStrange}}
		if strange {
			x.Level, x.What = medium, x.What+strangeNetwork
		}
		return x, true
	},
}
