package exposure

import "fmt"

// How many values in one hour are many. Public rules count 10 to 25 a day, however usual that is for the principal; here
// only those count that are new for it, so a job that loads 200 secrets each morning is no finding.
const (
	massRead     = 10
	massReadHigh = 25
)

// secretMassRead looks at an hour with many values that are new for the principal.
var secretMassRead = &Rule{
	ID: "secretMassRead", Title: "Many values that were never read are read within an hour",
	RiskType: TypeActivity, Covers: []string{"K01"}, Techniques: []string{"T1555.006", "T1213"},
	Event:          "AuditEvent of a vault: SecretGet, SecretBackup, KeyBackup, CertificateBackup, KeyRelease with status 200",
	Levels:         "medium from 10 values that are new for the principal, high from 25",
	FalsePositives: []string{"A migration or an inventory that somebody started.", "The first run of a tool that synchronises secrets."},
	Ask:            []string{"Which of the values are credentials of other applications?", "Was the address one of the principal's?"},
	Find: func(v View, a *Activity) []Finding {
		hour, reads := a.Busiest()
		all := objectsOf(reads)
		n := freshOf(v, all)
		if n < massRead {
			return nil
		}
		level := medium
		if n >= massReadHigh {
			level = high
		}
		what := fmt.Sprintf("read %d values in the hour from %02d:00, %d of them for the first time: %s", len(all), hour, n, names(all))
		return []Finding{find(v, level, "values", what, reads)}
	},
}

// freshOf counts the objects whose value is new for the principal. Of those that cannot be told the same share is taken
// to be new as of the others.
func freshOf(v View, objects []string) int {
	fresh, told := 0, 0
	for _, o := range objects {
		switch v.Did(OpGet, o) {
		case New:
			fresh, told = fresh+1, told+1
		case Known:
			told++
		}
	}
	if told == 0 {
		return 0
	}
	return fresh * len(objects) / told
}
