package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/exposure"
)

const graphURL = "https://graph.microsoft.com/v1.0"

// next lists what to do, in order: look, ask, and one of two ends. Every command can be pasted.
func next(d detect.Detection) []Step {
	steps := []Step{look(d)}
	if has(d, "freshCredential", "credentialKey", "credentialType", "credentialClass") {
		steps = append(steps, whoAdded(d))
	}
	r, _ := ruled(d)
	for _, question := range r.ask {
		steps = append(steps, Step{Text: question})
	}
	switch {
	case d.Principal.IsUser():
		return append(steps, user())
	case r.outside:
		return append(steps, ask(d), nobodyIn())
	}
	return append(steps, ask(d), yours(d), notYours(d))
}

// fresh leaves out the steps that detections of the same principal have listed before, and says so.
func fresh(steps []Step, before []detect.Detection) []Step {
	said := map[string]bool{}
	for _, d := range before {
		for _, s := range next(d) {
			said[s.Text] = s.Text != steps[0].Text
		}
	}
	out := slices.DeleteFunc(slices.Clone(steps), func(s Step) bool { return said[s.Text] })
	if len(out) < len(steps) {
		out = append(out, Step{Text: "Then as above, for this principal."})
	}
	return out
}

// Portal returns the address of the principal's page in the Entra admin centre; empty if its ids are not both known.
func Portal(d detect.Detection) string {
	p := d.Principal
	if !isGUID(p.ObjectID) || !isGUID(p.AppID) {
		return ""
	}
	return fmt.Sprintf("https://entra.microsoft.com/#view/Microsoft_AAD_IAM/ManagedAppMenuBlade/~/SignOn/objectId/%s/appId/%s", p.ObjectID, p.AppID)
}

func isGUID(s string) bool {
	return len(s) == 36 && strings.Count(s, "-") == 4 && strings.Trim(s, "0123456789abcdefABCDEF-") == ""
}

// look says how to see the records: in the files, and in Log Analytics.
func look(d detect.Detection) Step {
	s := Step{Text: "Look at the records: do they show the workload's own work?"}
	if grep := grep(d); grep != "" {
		s.Commands = append(s.Commands, grep)
	}
	s.Commands = append(s.Commands, query(d))
	return s
}

// grep finds the records in the files: by their ids or, where the log gives none and the id is a hash of the record, by
// the addresses.
func grep(d detect.Detection) string {
	words := distinct(d, func(r detect.Record) string { return r.ID })
	words = slices.DeleteFunc(words, isHash)
	if len(words) == 0 {
		words = distinct(d, func(r detect.Record) string { return r.IPAddress })
	}
	if len(words) == 0 {
		return ""
	}
	words = words[:min(3, len(words))]
	for i, w := range words {
		words[i] = "-e " + shell(w)
	}
	return "zgrep -h -F " + strings.Join(words, " ") + " FILES"
}

func isHash(id string) bool { return len(id) == 32 && strings.Trim(id, "0123456789abcdef") == "" }

// query finds the records, and what else came from their addresses, in Log Analytics. Tables that a workspace lacks are
// left out by it.
func query(d detect.Detection) string {
	tables := "AADServicePrincipalSignInLogs, AADManagedIdentitySignInLogs"
	switch r, _ := ruled(d); {
	case r.change:
		tables = r.tables
	case d.Type == detect.TypeAnomalousActivity, d.Type == exposure.TypeAPI:
		tables = "MicrosoftGraphActivityLogs, AzureActivity, AZKVAuditLogs, AzureDiagnostics"
	}
	lines := []string{
		"union isfuzzy=true " + tables,
		fmt.Sprintf("| where TimeGenerated between (datetime(%s) .. datetime(%s))", around(d.First, -time.Hour), around(d.Last, 2*time.Hour)),
		"| where * has " + kql(strings.TrimPrefix(cmp.Or(d.Principal.ObjectID, d.Principal.AppID), event.User("").ObjectID)),
	}
	if ips := distinct(d, func(r detect.Record) string { return r.IPAddress }); len(ips) > 0 {
		for i := range ips {
			ips[i] = "* has " + kql(ips[i])
		}
		lines = append(lines, "| where "+strings.Join(ips, " or "))
	}
	return strings.Join(append(lines, "| order by TimeGenerated asc"), "\n")
}

// user ends a finding about a person: Rekey changes workload identities only.
func user() Step {
	return Step{Text: "If it was not he: revoke his sessions and change his credentials as your plan for people says. Rekey changes no users, and does nothing because of this."}
}

// nobodyIn ends a finding about sign-ins that failed.
func nobodyIn() Step {
	return Step{Text: "If it was not yours: nobody got in by these. Look whether one of the addresses did, for this principal or another; remove credentials that expired; " +
		"if one was blocked that was right, it is in other hands: change it."}
}

func around(t time.Time, by time.Duration) string { return t.Add(by).UTC().Format(time.RFC3339) }

func whoAdded(d detect.Detection) Step {
	id := cmp.Or(d.Principal.AppID, d.Principal.ObjectID)
	return Step{
		Text: "See who added the credential, and whether he knows of it:",
		Commands: []string{strings.Join([]string{
			"AuditLogs",
			fmt.Sprintf("| where TimeGenerated between (datetime(%s) .. datetime(%s))", around(d.First, -7*24*time.Hour), around(d.Last, time.Hour)),
			`| where ActivityDisplayName has_any ("Certificates and secrets management", "Add service principal credentials", "Update application")`,
			"| where tostring(TargetResources) has " + kql(id) + " or tostring(AdditionalDetails) has " + kql(id),
		}, "\n")},
	}
}

func ask(d detect.Detection) Step {
	s := Step{Text: "Ask whoever owns the application whether something was moved, released or run by hand that day:"}
	if d.Principal.AppID != "" {
		s.Commands = append(s.Commands, "az ad app owner list --id "+shell(d.Principal.AppID)+" -o table")
	}
	if d.Principal.ObjectID != "" {
		s.Commands = append(s.Commands, "az ad sp owner list --id "+shell(d.Principal.ObjectID)+" -o table")
	}
	return s
}

// yours ends the matter when it was the workload itself.
func yours(d detect.Detection) Step {
	if r, _ := ruled(d); r.change {
		return Step{Text: "If it was your own work: nothing has to be done. Whoever changes applications as his work is declared as a deployer (REKEY_DEPLOYERS); what he does then counts one level less."}
	}
	s := Step{Text: "If it was your own: dismiss the risk in Entra, where it shows there. The new place becomes known by itself within days; a network that is always yours is declared (--own for a scan, REKEY_OWN_NETWORKS for the service)."}
	if id := d.Principal.ObjectID; id != "" {
		s.Commands = append(s.Commands, post("dismiss", id))
	}
	if ips := distinct(d, func(r detect.Record) string { return r.IPAddress }); len(ips) > 0 && moved(d) {
		s.Commands = append(s.Commands, "rekey scan --own "+shell(strings.Join(ips, ","))+" FILES")
	}
	return s
}

// notYours ends it when it was somebody else: contain first, then change the locks.
func notYours(d detect.Detection) Step {
	s := Step{Text: "If it was not: confirm it, disable the principal, and change the locks. Every credential of the application and of its service principals goes, not only the one that was used; then the secrets it could read. " +
		"Where Rekey runs, it plans this by itself, and `rekey ledger list` shows what it did."}
	if id := d.Principal.ObjectID; id != "" {
		s.Commands = append(s.Commands, post("confirmCompromised", id), "az ad sp update --id "+shell(id)+" --set accountEnabled=false")
	}
	if id := d.Principal.AppID; id != "" {
		s.Commands = append(s.Commands, "az ad app credential list --id "+shell(id)+"; az ad app credential list --cert --id "+shell(id))
	}
	return s
}

func post(act, id string) string {
	return fmt.Sprintf(`az rest --method post --url %s/identityProtection/riskyServicePrincipals/%s --body '{"servicePrincipalIds":[%s]}'`, graphURL, act, jsonID(id))
}
