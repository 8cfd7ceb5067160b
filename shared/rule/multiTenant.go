package rule

import (
	"rekey/shared/audit"
	"rekey/shared/event"
)

// multiTenant looks at the switch that opens an application to all other tenants.
var multiTenant = &Rule{
	ID: "multiTenant", Title: "Application opened to other tenants",
	Covers: []string{"F05"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.003"},
	Event: "AuditLogs: \"Update application\" with AvailableToOtherTenants from false to true, or \"Add application\" with true",
	Shape: Documented, Levels: "medium; low for an application that was just made",
	FalsePositives: []string{"The application becomes a product for customers."},
	Ask:            []string{"Is it meant for customers?", "Does the application check the tenant of the tokens it gets?", "Does Conditional Access still protect it? Risk-based policies do not cover multi-tenant applications."},
	Match: func(e *event.Event, w *World) []Finding {
		if !updated(e) {
			return nil
		}
		var out []Finding
		for _, p := range properties(e, w, "AvailableToOtherTenants") {
			if audit.True(p.New) && !audit.True(p.Old) {
				level := medium
				if isNew(e) {
					level = low
				}
				out = append(out, one(p.of, level, p.Name, "%s was opened to other tenants", titled(p.of))...)
			}
		}
		return out
	},
}
