package rule

import "rekey/shared/event"

// elevateAccessAzure looks at the switch that makes a Global Administrator the administrator of all access in Azure, at
// the root. The directory's own log shows it, too; which of the two is exported differs from tenant to tenant.
var elevateAccessAzure = &Rule{
	ID: "elevateAccessAzure", Title: "Access to all of Azure taken at the root",
	Covers: []string{"P08"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.003", "T1078.004"},
	Event: "Azure activity: Microsoft.Authorization/elevateAccess/action",
	Shape: Documented, Levels: "high; medium when a declared deployer did it",
	FalsePositives: []string{"A Global Administrator repairs access to a subscription that nobody owns any more."},
	Ask:            []string{"Who is the actor, and why was access to everything needed?", "Was it given back, and which roles were assigned meanwhile?"},
	Kind:           event.KindAzureActivity,
	Match: onAzure(func(e *event.Event, w *World, failed bool) []Finding {
		if failed || e.Azure.Operation != "microsoft.authorization/elevateaccess/action" {
			return nil
		}
		return one(ledTo(e, w), high, actorID(e), "access to all subscriptions was taken at the root of Azure")
	}),
}
