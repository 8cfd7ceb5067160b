package rule

import (
	"strings"

	"rekey/shared/event"
	"rekey/shared/score"
)

// diagnosticsChanged looks at the settings that bring Rekey its logs: those of Entra, of a subscription's activity log,
// of a vault. An intruder who knows that he is watched ends the log first. A record does not say what of a setting was
// changed, only that it was written.
var diagnosticsChanged = &Rule{
	ID: "diagnosticsChanged", Title: "Diagnostic setting changed or deleted: a log may have ended",
	Covers: []string{"X06"}, RiskType: TypeAnomalous, Techniques: []string{"T1562.008"},
	Event: "Azure activity: Microsoft.aadiam/diagnosticSettings/write and delete, Microsoft.Insights/diagnosticSettings/write and delete, Microsoft.Insights/logprofiles/write and delete",
	Shape: Documented,
	Levels: "high when one of Entra's is deleted; medium when one of Entra's is written, or one of a vault or of a subscription is deleted; " +
		"low when one of these is written, or one of another resource is deleted",
	FalsePositives: []string{"A vault is set up or taken down by a deployment.", "Logging moves to another workspace or event hub."},
	Ask:            []string{"Do all categories still arrive (streamSilent says when one does not)?", "Does the setting still name Rekey's event hub and all its categories?", "What did the actor do in the hours before and after?"},
	Kind:           event.KindAzureActivity,
	Match: onAzure(func(e *event.Event, w *World, failed bool) []Finding {
		if failed {
			return nil
		}
		level, of := diagnostics(e.Azure)
		if level == none {
			return nil
		}
		how := map[string]string{"write": "written", "delete": "deleted"}[verb(e.Azure.Operation)]
		return one(ledTo(e, w), level, verb(e.Azure.Operation)+" "+e.Azure.Scope, "a diagnostic setting of %s was %s", of, how)
	}),
}

// diagnostics says how much the change of a setting matters and what it is a setting of. What is written about resources
// whose logs do not come to Rekey says nothing.
func diagnostics(a *event.AzureOperation) (level score.Level, of string) {
	deleted := verb(a.Operation) == "delete"
	pick := func(gone, written score.Level) score.Level {
		if deleted {
			return gone
		}
		return written
	}
	switch a.Operation {
	case "microsoft.aadiam/diagnosticsettings/write", "microsoft.aadiam/diagnosticsettings/delete":
		return pick(high, medium), "Entra"
	case "microsoft.insights/logprofiles/write", "microsoft.insights/logprofiles/delete":
		return pick(medium, low), "a subscription's activity log"
	case "microsoft.insights/diagnosticsettings/write", "microsoft.insights/diagnosticsettings/delete":
	default:
		return none, ""
	}
	of, _, _ = strings.Cut(a.Scope, "/providers/microsoft.insights/diagnosticsettings")
	switch {
	case strings.HasPrefix(of, "/providers/microsoft.aadiam"):
		return pick(high, medium), "Entra"
	case strings.Contains(of, "/providers/microsoft.keyvault/vaults/"):
		return pick(medium, low), "the vault " + resource(of)
	case strings.HasPrefix(of, "/subscriptions/") && strings.Count(of, "/") == 2, strings.HasPrefix(of, "/providers/microsoft.management/"):
		return pick(medium, low), of
	}
	return pick(low, none), resource(of)
}
