package rule

import (
	"strings"

	"rekey/shared/event"
)

// syncAccount looks at the account of the directory synchronisation: it synchronises, and never manages applications.
var syncAccount = &Rule{
	ID: "syncAccount", Title: "The synchronisation account changed an application",
	Covers: []string{"X11"}, RiskType: TypeAnomalous, Techniques: []string{"T1078.004", "T1098"},
	Event: "AuditLogs: credential, owner, app role, grant, consent and role activities, initiatedBy.user.userPrincipalName Sync_... or ADToAADSyncServiceAccount",
	Shape: Documented, Levels: "high",
	FalsePositives: []string{"None known: the account has no reason to."},
	Ask:            []string{"Who has access to the synchronisation server?", "From which address did the account act?"},
	Match: func(e *event.Event, w *World) []Finding {
		if !made(e) || !isSyncAccount(e.Audit.Actor.UserName) || !sensitive(e, w) {
			return nil
		}
		p := touched(e, w)
		return one(p, high, e.Audit.Activity, "the synchronisation account changed %s: %s", titled(p), e.Audit.Activity)
	},
}

func isSyncAccount(userName string) bool {
	u := strings.ToLower(userName)
	return strings.HasPrefix(u, "sync_") || strings.HasPrefix(u, "adtoaadsyncserviceaccount")
}
