package rule

import (
	"cmp"
	"strings"

	"rekey/shared/audit"
	"rekey/shared/event"
	"rekey/shared/privilege"
)

// isRoleGrant reports whether a directory role was given: permanently, for a scope, eligible, or through PIM. Requests
// and the ends of time-bound roles are other activities.
func isRoleGrant(e *event.Event) bool {
	if !made(e) {
		return false
	}
	a := strings.ToLower(e.Audit.Activity)
	if strings.Contains(a, "requested") || strings.Contains(a, "expired") || strings.Contains(a, "denied") || strings.Contains(a, "canceled") {
		return false
	}
	for _, prefix := range []string{"add member to role", "add eligible member to role", "add scoped member to role"} {
		if strings.HasPrefix(a, prefix) {
			return true
		}
	}
	return false
}

// member returns the service principal that got a role; the zero Principal when a person did.
func member(e *event.Event, w *World) event.Principal {
	for i, t := range e.Audit.Targets {
		if strings.EqualFold(t.Type, "ServicePrincipal") {
			return subject(e, w, i)
		}
	}
	return event.Principal{}
}

func isPrincipalMember(e *event.Event) bool { return member(e, &World{}).Key() != "" }

// role returns the directory role's name and its tier. PIM has the role as a target of its own.
func role(e *event.Event) (string, privilege.Tier) {
	names := []string{audit.ID(e.Audit, "Role.TemplateId"), audit.Value(e.Audit, "Role.DisplayName")}
	for _, t := range e.Audit.Targets {
		if strings.EqualFold(t.Type, "Role") {
			names = append(names, t.Name, t.ID)
		}
	}
	tier := strongest(names, privilege.DirectoryRole)
	for _, n := range names[1:] {
		if n != "" {
			return n, tier
		}
	}
	return cmp.Or(names[0], "a role that the record does not name"), tier
}
