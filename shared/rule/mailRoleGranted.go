package rule

import "rekey/shared/event"

// mailRoleGranted looks at access to everybody's mail.
var mailRoleGranted = &Rule{
	ID: "mailRoleGranted", Title: "Access to all mailboxes granted to an application",
	Covers: []string{"P01", "P03"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.002", "T1114.002"},
	Event: "AuditLogs: \"Add app role assignment to service principal\", AppRole.Value Mail.*, MailboxSettings.*, full_access_as_app, SMTP.SendAsApp, Exchange.ManageAsApp and their kind",
	Shape: Recorded, Levels: "medium",
	FalsePositives: []string{"Archiving, ticketing and scanning products read or send mail."},
	Ask:            []string{"Is the access limited to some mailboxes (application access policy, RBAC for applications)?", "Which mailboxes did it open since?"},
	Match: func(e *event.Event, _ *World) []Finding {
		a, ok := assigned(e)
		if !ok || !a.readsMail() || a.tier().High() {
			return nil
		}
		return one(a.of, medium, a.subject(), "%s may use all mailboxes: %s on %q was granted", titled(a.of), a.role, a.resource)
	},
}
