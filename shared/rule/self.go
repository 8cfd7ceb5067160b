package rule

import (
	"slices"
	"strings"

	"rekey/shared/audit"
	"rekey/shared/event"
)

// onSelf returns Rekey's own identity as a change names it, when somebody else changed it. What Rekey does to itself is
// in its ledger, as long as it is in no case.
func onSelf(e *event.Event, w *World) (event.Principal, bool) {
	if w.Self.Key() == "" || !made(e) || w.isSelf(e.Audit.Actor.Principal) && !w.suspect(e.Audit.Actor) {
		return event.Principal{}, false
	}
	for i := range e.Audit.Targets {
		if p := subject(e, w, i); w.isSelf(p) && !(i == 0 && grants(e)) {
			return p, true
		}
	}
	p := event.Principal{ObjectID: mentioned(e, w.Self, "ServicePrincipal.ObjectID"), AppID: mentioned(e, w.Self, "ServicePrincipal.AppId", "Application.AppId")}
	return p, p.Key() != ""
}

// grants reports whether the first target of a change is the resource of a permission, which the change does not alter.
func grants(e *event.Event) bool {
	return audit.Is(e.Audit, "Add app role assignment to service principal", "Remove app role assignment from service principal",
		"Add delegated permission grant", "Remove delegated permission grant", "Add app role assignment to group", "Remove app role assignment from group",
		"Add app role assignment grant to user", "Remove app role assignment from user")
}

// mentioned returns the id of a principal that one of some properties has, before the change or after it.
func mentioned(e *event.Event, p event.Principal, names ...string) string {
	for _, t := range e.Audit.Targets {
		for _, x := range t.Properties {
			if !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, x.Name) }) {
				continue
			}
			for _, v := range []string{strings.ToLower(audit.Text(x.New)), strings.ToLower(audit.Text(x.Old))} {
				if v != "" && (v == p.ObjectID || v == p.AppID) {
					return v
				}
			}
		}
	}
	return ""
}

// idle reports whether an update says nothing of its own: the companion of a credential, which has its own record, or a
// certificate that the platform renewed.
func idle(e *event.Event, w *World) bool {
	if !strings.HasPrefix(strings.ToLower(e.Audit.Activity), "update ") && !audit.IsCredentials(e.Audit) && !strings.HasSuffix(strings.ToLower(e.Audit.Activity), "service principal credentials") {
		return false
	}
	for i, t := range e.Audit.Targets {
		for _, p := range t.Properties {
			switch p.Name {
			case "Included Updated Properties", "TargetId.ServicePrincipalNames":
			case "KeyDescription":
				k := keyChange{of: subject(e, w, i), target: t, added: audit.AddedKeys(p.Old, p.New)}
				if len(audit.AddedKeys(p.New, p.Old)) > 0 && !rotatedByPlatform(e, k) {
					return false
				}
			default:
				return false
			}
		}
	}
	return true
}
