package report

import (
	"rekey/shared/conduct"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/exposure"
	"rekey/shared/pattern"
	"rekey/shared/posture"
	"rekey/shared/rule"
	"rekey/shared/streams"
	"rekey/shared/verdict"
)

// ruling is what the rule behind a detection says about itself.
type ruling struct {
	title         string
	change        bool   // it looks at changes, and not at what the principal did
	tables        string // of Log Analytics, where the records of a change are
	outside       bool   // it looks at those who did not get in
	harmless, ask []string
}

// ruled returns the rule that made a detection, and false when the model of sign-ins or somebody else did.
func ruled(d detect.Detection) (ruling, bool) {
	if d.Rule == "" || d.Source != "" && d.Source != detect.SourceRekey {
		return ruling{}, false
	}
	if r := rule.ByID(d.Rule); r != nil {
		tables := "AuditLogs"
		if r.Kind == event.KindAzureActivity {
			tables = "AzureActivity"
		}
		return ruling{title: r.Title, change: true, tables: tables, harmless: r.FalsePositives, ask: r.Ask}, true
	}
	if r := streams.Rule; d.Rule == r.ID {
		return ruling{title: r.Title, change: true, tables: "AuditLogs, AzureActivity", harmless: r.FalsePositives, ask: r.Ask}, true
	}
	if d.Rule == verdict.Rule {
		return ruling{title: "Confirmed compromised by a person"}, true
	}
	if r := exposure.ByID(d.Rule); r != nil {
		return ruling{title: r.Title, harmless: r.FalsePositives, ask: r.Ask}, true
	}
	if r := conduct.ByID(d.Rule); r != nil {
		return ruling{title: r.Title, outside: r.Outside, harmless: r.FalsePositives, ask: r.Ask}, true
	}
	if r := posture.ByID(d.Rule); r != nil {
		return ruling{title: r.Title, change: true, tables: "AuditLogs", harmless: r.FalsePositives, ask: r.Ask}, true
	}
	if r := pattern.ByID(d.Rule); r != nil {
		return ruling{
			title: r.Title, change: true, tables: "AuditLogs, AADServicePrincipalSignInLogs, MicrosoftGraphActivityLogs", harmless: r.FalsePositives, ask: r.Ask,
		}, true
	}
	return ruling{title: d.Rule}, true // a newer program stored it
}
