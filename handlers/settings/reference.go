package settings

import (
	"fmt"
	"strings"

	"rekey/shared/host/config"
)

// App is a function app with the specs that its functions load.
type App struct {
	Name  string
	Specs []any
}

// Apps returns the apps, in the order of the data's way.
func Apps() []App {
	return []App{{"detect", []any{&Detect{}, &Upkeep{}}}, {"face", []any{&Face{}}}, {"respond", []any{&Respond{}}}}
}

// Entry is one setting of the reference.
type Entry struct {
	config.Setting
	Apps []string // that read it
	Host bool     // the Functions host reads it, and no code of Rekey
}

// hosted are what the Functions host reads for the triggers in functions/*/function.json.
var hosted = []Entry{
	{config.Setting{Name: "FUNCTIONS_WORKER_RUNTIME", Required: true, Help: "custom; on Flex Consumption the runtime stands in the app's configuration instead"}, []string{"detect", "face", "respond"}, true},
	{config.Setting{Name: "AzureWebJobsStorage", Required: true, Help: "the app's own host account, for leases, checkpoints and keys; in Azure by identity: AzureWebJobsStorage__accountName, __credential, __clientId"}, []string{"detect", "face", "respond"}, true},
	{config.Setting{Name: "REKEY_EVENTHUB", Required: true, Help: "the namespace of the hubs, as a connection string; in Azure by identity: REKEY_EVENTHUB__fullyQualifiedNamespace, __credential, __clientId"}, []string{"detect"}, true},
	{config.Setting{Name: "REKEY_CONSUMER_GROUP", Required: true, Help: "the consumer group that Rekey reads by, one of its own"}, []string{"detect"}, true},
	{config.Setting{Name: "REKEY_HUB_SIGNINS", Required: true, Help: "name of the hub with sign-ins"}, []string{"detect"}, true},
	{config.Setting{Name: "REKEY_HUB_AUDITLOGS", Required: true, Help: "name of the hub with the audit log of Entra"}, []string{"detect"}, true},
	{config.Setting{Name: "REKEY_HUB_VAULTLOGS", Required: true, Help: "name of the hub with the audit events of vaults; for vaults of more regions REKEY_HUB_VAULTLOGS2 and so on, with REKEY_EVENTHUB2"}, []string{"detect"}, true},
	{config.Setting{Name: "REKEY_HUB_GRAPHLOGS", Required: true, Help: "name of the hub with the activity logs of Microsoft Graph"}, []string{"detect"}, true},
	{config.Setting{Name: "REKEY_HUB_ACTIVITYLOGS", Required: true, Help: "name of the hub with the activity logs of subscriptions"}, []string{"detect"}, true},
	{config.Setting{Name: "REKEY_HUB_RISKEVENTS", Required: true, Help: "name of the hub with Microsoft's own risk findings"}, []string{"detect"}, true},
	{config.Setting{Name: "REKEY_UPKEEP_SCHEDULE", Required: true, Help: "when the housekeeping runs, like 0 7 * * * * (seven minutes past each hour)"}, []string{"detect"}, true},
	{config.Setting{Name: "REKEY_STATE", Required: true, Help: "the state account of the queues, as a connection string; in Azure by identity: REKEY_STATE__queueServiceUri, __credential, __clientId"}, []string{"respond"}, true},
	{config.Setting{Name: "REKEY_SWEEP_SCHEDULE", Required: true, Help: "when sweep runs, like 0 */2 * * * *; calls to people wait for it"}, []string{"respond"}, true},
}

// Reference returns every setting once, those of the host first.
func Reference() []Entry {
	out := append([]Entry{}, hosted...)
	at := map[string]int{}
	for _, app := range Apps() {
		for _, spec := range app.Specs {
			for _, s := range config.Describe(spec) {
				i, seen := at[s.Name]
				if !seen {
					i, out = len(out), append(out, Entry{Setting: s})
					at[s.Name] = i
				}
				e := &out[i]
				e.Required = e.Required || s.Required
				if len(e.Apps) == 0 || e.Apps[len(e.Apps)-1] != app.Name {
					e.Apps = append(e.Apps, app.Name)
				}
			}
		}
	}
	return out
}

// Page is docs/settings.md.
func Page() string {
	var b strings.Builder
	b.WriteString(pageIntro)
	for _, host := range []bool{false, true} {
		if host {
			b.WriteString("\n## Read by the Functions host\n\n| setting | app | meaning |\n|---|---|---|\n")
		} else {
			b.WriteString("## Read by Rekey\n\n| setting | app | default | meaning |\n|---|---|---|---|\n")
		}
		for _, e := range Reference() {
			if e.Host != host {
				continue
			}
			help := strings.ReplaceAll(e.Help, "|", "\\|")
			if host {
				fmt.Fprintf(&b, "| `%s` | %s | %s |\n", e.Name, strings.Join(e.Apps, ", "), help)
				continue
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", e.Name, strings.Join(e.Apps, ", "), e.usual(), help)
		}
	}
	return b.String()
}

// usual is what holds without the setting.
func (e Entry) usual() string {
	switch {
	case e.Required:
		return "**needed**"
	case e.Default != "":
		return "`" + e.Default + "`"
	}
	return ""
}

const pageIntro = `# Settings

Every setting, made from the structs that the code reads them into (` + "`go test ./handlers/settings -update`" + `); ` + "`rekey settings`" + ` prints the same by app. A value that cannot be
used is one error that names the setting and what is allowed, and the process does not start. An empty value is none. Batch sizes, retries and
polling are in host.json: [the host](host.md). In Azure the plan sets most of them: [deploy/azure](../deploy/azure/README.md).

`
