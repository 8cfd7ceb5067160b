package conduct

import "rekey/shared/baseline"

// oldGraphSignIn looks at the first token for Azure AD Graph. The model counts a new resource for what it is among the tenant's;
// no workload has a reason to begin with this one. Tenants without AADGraphActivityLogs see no more of it than this.
var oldGraphSignIn = &Rule{
	ID: "oldGraphSignIn", Title: "A principal asks for the old Azure AD Graph for the first time",
	RiskType: typeSignins, Covers: []string{"S06"}, Techniques: []string{"T1087.004", "T1526"},
	Event: "ServicePrincipalSignInLogs, ManagedIdentitySignInLogs: resourceId " + oldGraphID, Shape: recorded,
	Levels:         "low",
	FalsePositives: []string{"A library that asks for it by default, in a workload that was extended."},
	Ask:            []string{"Does the workload's code know the old interface at all?", "What do AADGraphActivityLogs show, if they are exported?"},
	Find: func(f Facts) (Finding, bool) {
		v := f.view()
		if !f.Marks[markOldGraph] || v.ActiveDays() < baseline.Probation || v.Overflows(baseline.Resource) ||
			v.DaysKnown(baseline.Resource, f.Hasher.String(baseline.Resource, oldGraphID)) > 0 {
			return Finding{}, false
		}
		return Finding{Subject: "AAD Graph", Level: low, What: "asked for a token for the old Azure AD Graph for the first time", Marks: []Mark{markOldGraph}}, true
	},
}
