package conduct

import "rekey/shared/baseline"

const (
	unexpectedDays  = 7 // a principal must be known for so long before a sort of failure is a first
	unexpectedLeast = 3 // failures on the day: one alone is a mistake of the moment
)

// failureUnexpected looks at sorts of failure that a principal never had: a resource or an application that is not in the tenant
// is what somebody finds who tries what a stolen credential is good for.
var failureUnexpected = &Rule{
	ID: "failureUnexpected", Title: "A principal fails in a way in which it never failed",
	RiskType: typeSignins, Covers: []string{"S04"}, Techniques: []string{"T1526", "T1078.004"},
	Event: "ServicePrincipalSignInLogs, ManagedIdentitySignInLogs: error 500011, 700016, and any that no other rule names", Shape: recorded, Outside: true,
	Levels:         "low, once a sort; medium from a network in which the principal is not known",
	FalsePositives: []string{"A release with a wrong setting."},
	Ask:            []string{"Which resource was asked for, and does the workload need it?"},
	Find: func(f Facts) (Finding, bool) {
		v, fails := f.view(), f.Evidence.Failures()
		if v.ActiveDays() < unexpectedDays || fails.On(f.Day) < unexpectedLeast {
			return Finding{}, false
		}
		x := Finding{Subject: "failure", Level: low}
		for sort, what := range map[baseline.FailureSort]string{
			baseline.FailureMissing: "asked for an application or resource that is not in the tenant", baseline.FailureOther: "failed for a reason that no rule names",
		} {
			if !fails.Failed(sort, f.Day) || fails.Ever(sort, f.Day) {
				continue
			}
			x.What, x.Marks = max(x.What, what), append(x.Marks, failures(sort)...)
			if f.Marks[failureMark(sort, true)] {
				x.Level = medium
			}
		}
		if x.Level == medium {
			x.What += strangeNetwork
		}
		x.What += ", for the first time" + beside(v)
		return x, len(x.Marks) > 0
	},
}
