package rule

import (
	"strings"

	"rekey/shared/audit"
	"rekey/shared/event"
)

// rekeyChanged looks at everything else about Rekey itself than a new credential: who changes what it may do blinds it or
// borrows it.
var rekeyChanged = &Rule{
	ID: "rekeyChanged", Title: "Rekey's own identity changed",
	RiskType: TypeAnomalous, Techniques: []string{"T1098", "T1562.001"},
	Event: "AuditLogs: any change of Rekey's declared identity by somebody else: a property (also its name or a federated credential), an owner, a permission, a directory role or a group given or taken, a credential removed",
	Shape: Recorded, Levels: "high; medium when the record names a service of the platform as the actor and not its appId",
	FalsePositives: []string{"Rekey is set up, or gets the permissions of a new version: declare who does it as a deployer."},
	Ask:            []string{"Who may change Rekey's identity, and why was it changed?", "Can Rekey still do its work (rekey doctor)?", "What happened in the tenant meanwhile that Rekey would have told?"},
	Match: func(e *event.Event, w *World) []Finding {
		p, ok := onSelf(e, w)
		if !ok || goes(e) || isNew(e) || switched(e) || idle(e, w) {
			return nil
		}
		level := high
		switch a := e.Audit.Actor; {
		case isPlatform(a) && a.Principal.AppID != "":
			return nil // nobody else has that appId
		case isPlatform(a):
			level = medium // anybody can have that name
		}
		subject := strings.TrimSpace(e.Audit.Activity + " " + selfDetail(e))
		return one(p, level, subject, "Rekey's own identity was changed: %s", subject)
	},
}

// selfDetail names what was changed, as far as it is short.
func selfDetail(e *event.Event) string {
	for _, name := range []string{"AppRole.Value", "Role.DisplayName", "Group.DisplayName", "DelegatedPermissionGrant.Scope", "Included Updated Properties"} {
		p, _ := audit.Property(e.Audit, name)
		for _, v := range []string{audit.Text(p.New), audit.Text(p.Old)} {
			if v != "" {
				return v
			}
		}
	}
	return ""
}
