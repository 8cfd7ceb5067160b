package rule

import (
	"strings"

	"rekey/shared/audit"
	"rekey/shared/event"
)

// managementPolicy looks at the policy that forbids or limits applications' secrets.
var managementPolicy = &Rule{
	ID: "managementPolicy", Title: "Policy about applications' credentials changed",
	Covers: []string{"F08"}, RiskType: TypeAnomalous, Techniques: []string{"T1562"},
	Event: "AuditLogs: \"Add policy\", \"Update policy\", \"Delete policy\" and, for one application or principal that is excepted from the default by a policy of its own, \"Add policy to application\", \"Add policy to service principal\" and those that remove; a target or property whose type, name or value has ManagementPolicy",
	Shape: Guessed, Levels: "medium",
	FalsePositives: []string{"Administrators tighten the policy, or except an application for a while."},
	Ask:            []string{"Does the policy now allow more than before: secrets, longer lifetimes, an exception?", "Which applications got credentials since?"},
	Match: func(e *event.Event, w *World) []Finding {
		if !changed(e, "Add policy", "Added policy", "Update policy", "Delete policy", "Add policy to application", "Add policy to service principal",
			"Remove policy from application", "Remove policy from service principal") || !aboutManagementPolicy(e) {
			return nil
		}
		p := tenant(e)
		if t := audit.Target(e.Audit, 0); t.Type == "Application" || t.Type == "ServicePrincipal" {
			p = subject(e, w, 0)
		}
		return one(p, medium, e.Audit.Activity, "the policy about applications' credentials was changed for %s (%s)", titled(p), e.Audit.Activity)
	},
}

func aboutManagementPolicy(e *event.Event) bool {
	for _, t := range e.Audit.Targets {
		texts := []string{t.Type, t.Name}
		for _, p := range t.Properties {
			texts = append(texts, p.Name, p.New, p.Old)
		}
		for _, s := range texts {
			if strings.Contains(strings.ToLower(s), "managementpolicy") {
				return true
			}
		}
	}
	return false
}
