package conduct

import "rekey/shared/baseline"

// goesOn is for how many days after one with the same failure it is told no more: whoever has not renewed an expired secret
// hears of it once.
const goesOn = 7

// strangeNetwork is said of failures that did not come from where the principal is known.
const strangeNetwork = ", from a network in which the principal is not known"

// credentialRefused looks at secrets, certificates and assertions that are not accepted. An expired secret is mostly the owner's
// own; from a network that is new for the principal it is somebody's who found an old copy.
var credentialRefused = &Rule{
	ID: "credentialRefused", Title: "A credential is not accepted",
	RiskType: typeSignins, Covers: []string{"S04", "S05"}, Techniques: []string{"T1110", "T1078.004"},
	Event: "ServicePrincipalSignInLogs: error 7000215, 7000222, 700024, 700027, 70021", Shape: recorded, Outside: true,
	Levels: "low, and nothing while it goes on for days; medium when it is tried from a network in which the principal is not known. An address that " +
		"fails for three principals or more within three days is told of at medium once, with the first of them, and at low with the others",
	FalsePositives: []string{"A secret that expired, or was replaced before its user knew.", "A workload that moved with an old configuration."},
	Ask:            []string{"Does the owner know of an expired or replaced credential?", "Was one of the addresses successful, for this or another principal?"},
	Find: func(f Facts) (Finding, bool) {
		v, fails := f.view(), f.Evidence.Failures()
		if v.ActiveDays() < baseline.LearningDays {
			return Finding{}, false
		}
		what, news := "", false
		for _, s := range []baseline.FailureSort{baseline.FailureWrong, baseline.FailureExpired} {
			if fails.Failed(s, f.Day) {
				what += refusals[s]
				news = news || fails.DaysBefore(s, f.Day, goesOn) == 0
			}
		}
		strange := fails.Strange(v) > 0
		if what == "" || !news && !strange {
			return Finding{}, false
		}
		x := Finding{Subject: "credential", Level: low, What: what[2:] + beside(v), Marks: failures(baseline.FailureWrong, baseline.FailureExpired)}
		if strange {
			x.Level, x.What = medium, x.What+strangeNetwork
		}
		return x, true
	},
}

var refusals = map[baseline.FailureSort]string{
	baseline.FailureWrong:   ", a credential was refused as wrong",
	baseline.FailureExpired: ", an expired secret was tried",
}

// beside says whether sign-ins succeeded on the same day.
func beside(v baseline.View) string {
	if v.Volume().On(v.Day()) > 0 {
		return ", beside sign-ins that succeeded"
	}
	return ", and no sign-in of the day succeeded"
}
