package rule

import (
	"cmp"
	"slices"
	"strings"

	"rekey/shared/audit"
	"rekey/shared/event"
	"rekey/shared/privilege"
)

// isRoleGrant reports whether a directory role was given: permanently, for a scope, eligible, or through PIM. The last two
// are how custom roles are given; no public record has them.
func isRoleGrant(e *event.Event) bool {
	return done(e, "add member to role", "add eligible member to role", "add scoped member to role",
		"add role assignment to role definition", "add eligibleroleassignment to roledefinition", "update member in pim approved", "restore member from role", "restore eligible member from role")
}

// done reports whether a change whose activity begins in one of some ways was made. Activities of PIM go on behind that:
// requests, refusals and the ends of time-bound ones are left out.
func done(e *event.Event, prefixes ...string) bool {
	if !made(e) {
		return false
	}
	a := strings.ToLower(e.Audit.Activity)
	for _, s := range []string{"requested", "expired", "denied", "canceled"} {
		if strings.Contains(a, s) {
			return false
		}
	}
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(a, p) })
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

// receiver returns the target that got a role; PIM has the role itself and a request among the targets.
func receiver(e *event.Event) event.Target {
	for _, t := range e.Audit.Targets {
		for _, kind := range []string{"User", "ServicePrincipal", "Group"} {
			if strings.EqualFold(t.Type, kind) {
				return t
			}
		}
	}
	return audit.Target(e.Audit, 0)
}
