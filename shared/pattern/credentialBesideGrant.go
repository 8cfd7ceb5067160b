package pattern

import (
	"fmt"

	"rekey/shared/privilege"
	"rekey/shared/score"
	"rekey/shared/trail"
)

// credentialBesideGrant looks at a new way in beside new power: an application is made strong, and somebody gets its key.
var credentialBesideGrant = &Rule{
	ID: "credentialBesideGrant", Title: "Credential added around the time of a consent or grant",
	Covers: []string{"C09"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.001", "T1098.003"},
	Event:          "AuditLogs: a credential or federated credential within 24 hours before or after a grant of tier 0 or 1",
	Levels:         "medium, high for tier 0; low for an application that was made within the same day",
	FalsePositives: []string{"Somebody sets up an application: it is new, then.", "A new feature needs a permission, and the secret is rotated on the occasion."},
	Ask:            []string{"Did the same person do both, and is it his application?", "Who holds the new credential?"},
	Find: func(f *Facts) []Finding {
		var out []Finding
		for _, g := range f.changes(grants...) {
			for _, c := range f.changes(trail.CredentialAdded, trail.FederatedAdded) {
				if powerful(g) && (within(g.Time, c.Time, day) || within(c.Time, g.Time, day)) {
					what := fmt.Sprintf("%s got %s and, within a day, %s, by %s and %s", f.name(), thing(c), thing(g), who(c), who(g))
					out = append(out, Finding{Level: besideGrant(f, c, g), Subject: c.KeyID + " " + g.What, What: what, Entries: []trail.Entry{c, g}})
				}
			}
		}
		return out
	},
}

func besideGrant(f *Facts, c, g trail.Entry) score.Level {
	for _, made := range f.changes(trail.Created) {
		if within(made.Time, c.Time, day) && within(made.Time, g.Time, day) && made.ByUser() {
			return low
		}
	}
	if g.Tier == privilege.Tier0 {
		return high
	}
	return medium
}
