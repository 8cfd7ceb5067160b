package rule

import (
	"fmt"
	"slices"
	"strings"

	"rekey/shared/event"
	"rekey/shared/score"
)

// credentialOnFirstParty looks at a credential of a principal whose application belongs to another tenant. Its owner has
// credentials of his own; what is added here is a key to somebody else's permissions.
var credentialOnFirstParty = &Rule{
	ID: "credentialOnFirstParty", Title: "Credential added to a principal of Microsoft's or of another tenant",
	Covers: []string{"C01"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.001", "T1550.001"},
	Event: "AuditLogs: \"Add service principal credentials\" with additionalDetails AppOwnerOrganizationId of another tenant",
	Shape: Recorded, Levels: "high for an application of Microsoft's; medium for one of a third tenant",
	FalsePositives: []string{"SAML single sign-on of gallery applications."},
	Ask:            []string{"Which permissions does the principal have in this tenant?", "Is the credential a SAML signing certificate, and is SAML used?"},
	Match: onKeys(func(e *event.Event, w *World, k keyChange) (score.Level, string) {
		switch owner := foreignOwner(e, w); {
		case owner == "":
			return none, ""
		case slices.Contains(microsoftTenants, owner):
			return high, fmt.Sprintf("%s was added to %s, an application of Microsoft's", k.words(), titled(k.of))
		default:
			return medium, fmt.Sprintf("%s was added to %s, an application of the tenant %s", k.words(), titled(k.of), owner)
		}
	}),
}

// foreignOwner returns the tenant that owns the first target's application; empty when it is this one or not known.
func foreignOwner(e *event.Event, w *World) string {
	owner := strings.ToLower(e.Audit.Additional["AppOwnerOrganizationId"])
	if owner == w.Tenant || owner == e.Tenant {
		return ""
	}
	return owner
}
