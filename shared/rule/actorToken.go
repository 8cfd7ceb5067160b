package rule

import (
	"strings"

	"rekey/shared/event"
)

// actorToken looks at a service of Microsoft's that acts under a user's name: what a forged actor token looks like.
var actorToken = &Rule{
	ID: "actorToken", Title: "A service of Microsoft's acted as a user",
	Covers: []string{"X10"}, RiskType: TypeAnomalous, Techniques: []string{"T1550.001", "T1548"},
	Event: "AuditLogs: initiatedBy.user with a userPrincipalName and the displayName of Exchange, SharePoint, Skype, Dataverse or Dynamics",
	Shape: Guessed, Levels: "medium",
	FalsePositives: []string{"Exchange and SharePoint change groups for users (Add member to group)."},
	Ask:            []string{"Is the change one that the service makes, like a group's members?", "Did the user work then?"},
	Match: func(e *event.Event, _ *World) []Finding {
		if !made(e) || !strings.Contains(e.Audit.Actor.UserName, "@") || strings.Contains(strings.ToLower(e.Audit.Activity), "group") {
			return nil
		}
		app, known := impersonators[strings.ToLower(e.Audit.Actor.UserShown)]
		if !known {
			return nil
		}
		p := event.Principal{AppID: app, Name: e.Audit.Actor.UserShown}
		return one(p, medium, e.Audit.Activity, "%s acted as a user: %s", titled(p), e.Audit.Activity)
	},
}

var impersonators = map[string]string{
	"office 365 exchange online":         "00000002-0000-0ff1-ce00-000000000000",
	"office 365 sharepoint online":       "00000003-0000-0ff1-ce00-000000000000",
	"skype for business online":          "00000004-0000-0ff1-ce00-000000000000",
	"microsoft dynamics erp":             "00000015-0000-0000-c000-000000000000",
	"dataverse":                          "00000007-0000-0000-c000-000000000000",
	"microsoft dataverse (dynamics crm)": "00000007-0000-0000-c000-000000000000",
}
