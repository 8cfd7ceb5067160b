package conduct

import (
	"fmt"

	"rekey/shared/baseline"
)

// How many failures are a burst; counts are estimates with an error of a quarter.
const (
	burst      = 4
	burstLeast = 20
)

// failureBurst looks at the number of failures, of whatever sort.
var failureBurst = &Rule{
	ID: "failureBurst", Title: "Far more failed sign-ins than on any day before",
	RiskType: typeSignins, Covers: []string{"S04"}, Techniques: []string{"T1110", "T1078.004"},
	Event: "ServicePrincipalSignInLogs, ManagedIdentitySignInLogs: any error but those of Microsoft's that pass by themselves", Shape: recorded, Outside: true,
	Levels:         "low from about 20 failures that are 4 times as many as on the busiest of some 23 days before; medium when credentials were tried from a network in which the principal is not known. Nothing where credentialRefused tells it",
	FalsePositives: []string{"A job that tries again and again after a change."},
	Ask:            []string{"What changed for the workload that day?", "Which addresses tried?"},
	Find: func(f Facts) (Finding, bool) {
		fails := f.Evidence.Failures()
		n, most := fails.On(f.Day), fails.MaxBefore(f.Day)
		if n < burstLeast || n < burst*most {
			return Finding{}, false
		}
		if _, told := credentialRefused.Find(f); told {
			return Finding{}, false
		}
		x := Finding{
			Subject: "failures", Level: low, What: fmt.Sprintf("about %.0f failed sign-ins, about %.0f on the busiest day before", n, most),
			Marks: failures(baseline.FailureWrong, baseline.FailureExpired, baseline.FailureBlocked, baseline.FailureMissing, baseline.FailureOther),
		}
		if fails.Strange(f.view()) > 0 {
			x.Level, x.What = medium, x.What+strangeNetwork
		}
		return x, true
	},
}
