package rule

import (
	"fmt"

	"rekey/shared/audit"
	"rekey/shared/event"
	"rekey/shared/score"
)

// credentialOnPrincipal looks at credentials of the service principal itself. The portal shows only the application's, so
// this is where a back door is overlooked.
var credentialOnPrincipal = &Rule{
	ID: "credentialOnPrincipal", Title: "Credential added to a service principal",
	Covers: []string{"C01", "C02", "C03"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.001"},
	Event: "AuditLogs: \"Add service principal credentials\", KeyDescription; the companion \"Update service principal\" has none and counts once",
	Shape: Recorded, Levels: "medium",
	FalsePositives: []string{"SAML single sign-on puts its signing certificate there.", "Old scripts use New-AzADSpCredential.", "Managed identities' certificates are rotated by the platform: not told."},
	Ask: []string{
		"Does the application's own list of credentials have it, too? If not, who would look here?", "Is the principal used for SAML sign-on?",
		"Which sign-in used this key id first?",
	},
	Match: onKeys(func(e *event.Event, _ *World, k keyChange) (score.Level, string) {
		if k.isApplication() || audit.IsCredentials(e.Audit) {
			return none, ""
		}
		return medium, fmt.Sprintf("%s was added to the service principal %s", k.words(), titled(k.of))
	}),
}
