package rule

import (
	"slices"
	"strings"

	"rekey/shared/event"
)

// tool is the set of scopes that an attack tool asks for when nobody changes its defaults.
type tool struct {
	name   string
	scopes []string
}

var tools = []tool{
	{"PwnAuth", []string{"user.read", "offline_access", "mail.readwrite", "mail.send", "files.read.all"}},
	{"O365 Attack Toolkit", []string{"contacts.read", "user.read", "mail.read", "notes.read.all", "mailboxsettings.readwrite"}},
}

// consentAttackTool looks at the fingerprints of consent phishing tools.
var consentAttackTool = &Rule{
	ID: "consentAttackTool", Title: "Consent with the scopes that a known attack tool asks for",
	Covers: []string{"N05"}, RiskType: TypeSuspicious, Techniques: []string{"T1528", "T1550.001"},
	Event: "AuditLogs: \"Consent to application\", success, all default scopes of PwnAuth or of the O365 Attack Toolkit in ConsentAction.Permissions",
	Shape: Guessed, Levels: "medium",
	FalsePositives: []string{"A mail program that asks for exactly the same."},
	Ask:            []string{"Who publishes the application, since when, and where do its redirect URIs lead?", "Which other users allowed it?"},
	Match: func(e *event.Event, w *World) []Finding {
		c, ok := consented(e, w)
		if !ok {
			return nil
		}
		for _, t := range tools {
			if t.asks(c.scopes) {
				return one(c.of, medium, t.name, "%s was allowed what %s asks for: %s", titled(c.of), t.name, c.words())
			}
		}
		return nil
	},
}

func (t tool) asks(scopes []string) bool {
	return !slices.ContainsFunc(t.scopes, func(want string) bool {
		return !slices.ContainsFunc(scopes, func(s string) bool {
			s = strings.ToLower(s)
			return s == want || strings.HasSuffix(s, "/"+want)
		})
	})
}
