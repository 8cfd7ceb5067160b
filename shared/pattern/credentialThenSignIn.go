package pattern

import (
	"fmt"

	"rekey/shared/baseline"
	"rekey/shared/trail"
)

// credentialThenSignIn looks at new credentials that are used at once. They are joined by the key id, and not by the
// application: an old secret goes on working beside a new one.
var credentialThenSignIn = &Rule{
	ID: "credentialThenSignIn", Title: "Credential used on the day it was added",
	Covers: []string{"C10"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.001", "T1078.004"},
	Event:          "AuditLogs: the added KeyIdentifier; sign-ins: servicePrincipalCredentialKeyId, on the same day or the next",
	Levels:         "low; an unfamiliar sign-in with it is told by the sign-in model, and its contribution freshCredential counts there",
	FalsePositives: []string{"Every rotation ends with the first use of the new credential: declare who rotates as deployers."},
	Ask:            []string{"Does the sign-in come from where the workload runs?", "Was the old credential still used afterwards?"},
	Find: func(f *Facts) []Finding {
		if f.Profile == nil {
			return nil
		}
		var out []Finding
		for _, c := range f.changes(trail.CredentialAdded) {
			if f.usedFirst(c) {
				out = append(out, one(low, c.KeyID, fmt.Sprintf("%s was added to %s by %s and used within a day", thing(c), f.name(), who(c)), c)...)
			}
		}
		return out
	},
}

// usedFirst reports whether a credential was used for the first time on the day it was added, or on the next.
func (f *Facts) usedFirst(c trail.Entry) bool {
	hash := f.Hasher.String(baseline.CredentialKey, c.KeyID)
	added := baseline.DayOf(c.Time)
	return c.KeyID != "" && f.Profile.Before(added).DaysKnown(baseline.CredentialKey, hash) == 0 &&
		f.Profile.Before(added+2).DaysKnown(baseline.CredentialKey, hash) > 0
}
