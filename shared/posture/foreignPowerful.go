package posture

import (
	"fmt"
	"slices"
	"strings"
)

// foreignPowerful looks at applications of strangers whom nobody verified and who may do much.
var foreignPowerful = &Rule{
	ID: "foreignPowerful", Title: "Unverified application of another tenant with powerful permissions",
	Covers: []string{"U03"}, Techniques: []string{"T1528", "T1199"},
	Sees:           "service principals whose owner tenant is neither this one nor Microsoft's, without a verified publisher, not from the gallery, with permissions, scopes or roles of tier 0 or 1",
	Levels:         "low",
	FalsePositives: []string{"An application of a sister company or of a service provider who is not verified."},
	Ask:            []string{"Who publishes it, and who consented?", "Does a smaller permission do? What does it read today?"},
	Find: func(in *Input) []Finding {
		if in.Facts.Application != nil || !powerful(in.tier) {
			return nil
		}
		var out []Finding
		for i := range in.Facts.Principals {
			p := &in.Facts.Principals[i]
			if Foreign(p, in.World.Tenant) && p.VerifiedPublisher.ID == "" && !in.Facts.gallery() {
				out = append(out, Finding{low, p.AppOwnerOrganizationID, fmt.Sprintf("%s belongs to tenant %s, nobody verified its publisher, and it holds %s",
					in.titled(), p.AppOwnerOrganizationID, some(in.high))})
			}
		}
		return out
	},
}

// microsoftTenants own Microsoft's applications.
var microsoftTenants = []string{"72f988bf-86f1-41af-91ab-2d7cd011db47", "f8cdef31-a31e-4b4a-93e4-5f571e91255a"}

// Microsofts reports whether a principal is of one of Microsoft's own applications.
func Microsofts(p *Principal) bool {
	return slices.Contains(microsoftTenants, strings.ToLower(p.AppOwnerOrganizationID))
}

// Foreign reports whether a principal's application belongs to another tenant, which is not Microsoft.
func Foreign(p *Principal, tenant string) bool {
	owner := strings.ToLower(p.AppOwnerOrganizationID)
	return owner != "" && tenant != "" && owner != strings.ToLower(tenant) && !Microsofts(p)
}
