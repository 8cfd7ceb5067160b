package rule

import (
	"rekey/shared/audit"
	"rekey/shared/event"
	"rekey/shared/privilege"
)

// consent is what a "Consent to application" record says.
type consent struct {
	of     event.Principal
	scopes []string // new ones
	admin  bool     // by an administrator, or for everybody
}

// consented reads a consent that was given.
func consented(e *event.Event, w *World) (consent, bool) {
	if !changed(e, "Consent to application") {
		return consent{}, false
	}
	scopes, everyone := audit.ConsentedScopes(audit.Value(e.Audit, "ConsentAction.Permissions"))
	return consent{
		of: subject(e, w, 0), scopes: scopes,
		admin: everyone || audit.True(audit.Value(e.Audit, "ConsentContext.IsAdminConsent")) || audit.True(audit.Value(e.Audit, "ConsentContext.OnBehalfOfAll")),
	}, true
}

func (c consent) tier() privilege.Tier { return strongest(c.scopes, privilege.Scope) }

func (c consent) words() string {
	if len(c.scopes) == 0 {
		return "permissions that the record does not name"
	}
	return few(c.scopes)
}

// grant is what an "Add delegated permission grant" record says: its list is cumulative.
type grant struct {
	of       event.Principal
	resource string
	scopes   []string // new ones
	everyone bool
}

func granted(e *event.Event) (grant, bool) {
	if !changed(e, "Add delegated permission grant") {
		return grant{}, false
	}
	p, _ := audit.Property(e.Audit, "DelegatedPermissionGrant.Scope")
	g := grant{
		of: audit.Client(e.Audit), resource: audit.Target(e.Audit, 0).Name,
		scopes:   audit.AddedScopes(audit.Scopes(p.Old), audit.Scopes(p.New)),
		everyone: audit.ID(e.Audit, "DelegatedPermissionGrant.ConsentType") == "allprincipals",
	}
	return g, len(g.scopes) > 0
}

func (g grant) tier() privilege.Tier { return strongest(g.scopes, privilege.Scope) }
