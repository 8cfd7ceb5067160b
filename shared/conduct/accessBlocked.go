package conduct

import "rekey/shared/baseline"

// accessBlocked looks at Conditional Access. Who is blocked had a credential that was right, which is why a block from
// elsewhere is worth more than a wrong secret.
var accessBlocked = &Rule{
	ID: "accessBlocked", Title: "Conditional Access blocks a principal for the first time",
	RiskType: typeSignins, Covers: []string{"S14"}, Techniques: []string{"T1078.004"},
	Event: "ServicePrincipalSignInLogs: error 53003, or any error with conditionalAccessStatus failure", Shape: documented, Outside: true,
	Levels:         "low, on the first day, from 3 failures; medium whenever it comes from a network in which the principal is not known",
	FalsePositives: []string{"A new policy that was not tried in report-only mode."},
	Ask:            []string{"Which policy blocked it, and since when is it there?", "The credential was right: who has it?"},
	Find: func(f Facts) (Finding, bool) {
		v, fails := f.view(), f.Evidence.Failures()
		if !fails.Failed(baseline.FailureBlocked, f.Day) || v.ActiveDays() < baseline.LearningDays {
			return Finding{}, false
		}
		strange := f.Marks[failureMark(baseline.FailureBlocked, true)]
		once := fails.Ever(baseline.FailureBlocked, f.Day) || fails.On(f.Day) < unexpectedLeast
		if once && !strange {
			return Finding{}, false
		}
		x := Finding{Subject: "block", Level: low, What: "Conditional Access blocked it" + beside(v), Marks: failures(baseline.FailureBlocked)}
		if strange {
			x.Level, x.What = medium, x.What+strangeNetwork
		}
		return x, true
	},
}
