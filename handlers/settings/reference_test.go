package settings_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rekey/handlers/settings"
)

var update = flag.Bool("update", false, "write docs/settings.md and local.settings.json.example anew")

// shown are the values of the example that are not the defaults: a tenant on one machine, beside Microsoft's emulators.
var shown = map[string]string{
	"FUNCTIONS_WORKER_RUNTIME": "custom", "AzureWebJobsStorage": "UseDevelopmentStorage=true", "REKEY_STATE": "UseDevelopmentStorage=true",
	"REKEY_STATE_CONNECTION_STRING": "UseDevelopmentStorage=true", "REKEY_TENANT_ID": "11111111-2222-3333-4444-555555555555",
	"REKEY_EVENTHUB":       "Endpoint=sb://localhost;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true",
	"REKEY_CONSUMER_GROUP": "rekey", "REKEY_HUB_SIGNINS": "signins", "REKEY_HUB_AUDITLOGS": "auditlogs", "REKEY_HUB_VAULTLOGS": "vaultlogs",
	"REKEY_HUB_GRAPHLOGS": "graphlogs", "REKEY_HUB_ACTIVITYLOGS": "activitylogs", "REKEY_HUB_RISKEVENTS": "riskevents",
	"REKEY_UPKEEP_SCHEDULE": "0 7 * * * *", "REKEY_SWEEP_SCHEDULE": "0 */2 * * * *", "REKEY_HASH_KEY": "AAECAwQFBgcICQoLDA0ODw==",
	"REKEY_OWN_NETWORKS": "192.0.2.0/24", "REKEY_DOMAINS": "contoso.com,contoso.onmicrosoft.com",
	"REKEY_API_AUDIENCE": "22222222-2222-3333-4444-555555555555,api://rekey", "REKEY_MAINTENANCE": "Mon-Fri 07:00-18:00",
	"REKEY_VAULT_URL": "https://contoso-rekey.vault.azure.net",
}

// platform are set by App Service alone.
var platform = []string{"WEBSITE_AUTH_ENABLED"}

// exampleFile is local.settings.json.example.
func exampleFile(t *testing.T) string {
	t.Helper()
	var lines []string
	for _, e := range settings.Reference() {
		if slices.Contains(platform, e.Name) {
			continue
		}
		value, ok := shown[e.Name]
		if !ok {
			value = e.Default
		}
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprintf("    %q: %s", e.Name, text))
	}
	return "{\n  \"IsEncrypted\": false,\n  \"Values\": {\n" + strings.Join(lines, ",\n") + "\n  }\n}\n"
}

func TestTheReferenceAndTheExampleAreMadeFromTheCode(t *testing.T) {
	for path, want := range map[string]string{filepath.Join("docs", "settings.md"): settings.Page(), "local.settings.json.example": exampleFile(t)} {
		file := filepath.Join("..", "..", path)
		if *update {
			if err := os.WriteFile(file, []byte(want), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		have, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(have)); diff != "" {
			t.Errorf("%s is not what the code reads; if the code is right: go test ./handlers/settings -update\n%s", path, diff)
		}
	}
	names := map[string]bool{}
	for _, e := range settings.Reference() {
		if e.Help == "" || len(e.Apps) == 0 || names[e.Name] {
			t.Errorf("%+v: no help, no app, or there twice", e)
		}
		names[e.Name] = true
	}
	for name := range shown {
		if !names[name] {
			t.Errorf("the example shows %s, which nothing reads", name)
		}
	}
}

func TestTheHostReadsWhatTheReferenceSaysItDoes(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "functions", "*", "function.json"))
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	named := map[string]bool{"FUNCTIONS_WORKER_RUNTIME": true, "AzureWebJobsStorage": true}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`%([A-Z_]+)%|"connection": "([A-Z_]+)"`).FindAllStringSubmatch(string(b), -1) {
			named[m[1]+m[2]] = true
		}
	}
	for _, e := range settings.Reference() {
		if e.Host != named[e.Name] && e.Host {
			t.Errorf("%s is named by no function.json", e.Name)
		}
		delete(named, e.Name)
	}
	for name := range named {
		t.Errorf("a function.json names %s, which the reference does not", name)
	}
}

// flat are the leaves of a JSON object by their path.
func flat(prefix string, v any, out map[string]string) {
	object, ok := v.(map[string]any)
	if !ok {
		text, _ := json.Marshal(v)
		out[prefix] = string(text)
		return
	}
	for name, value := range object {
		flat(strings.TrimPrefix(prefix+"."+name, "."), value, out)
	}
}

// row is a line of docs/host.md: key, value, reason.
var row = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| `([^`]+)` \\| (.{20,}) \\|$")

func TestEveryChoiceOfTheHostsConfigurationIsReasonedInTheDocs(t *testing.T) {
	want := map[string]string{}
	for file, prefix := range map[string]string{"host.json": "", "functions/signins/function.json": "retry"} {
		b, err := os.ReadFile(filepath.Join("..", "..", file))
		if err != nil {
			t.Fatal(err)
		}
		var v map[string]any
		if err := json.Unmarshal(b, &v); err != nil {
			t.Fatal(err)
		}
		if prefix == "" {
			flat("", v, want)
		} else {
			flat(prefix, v[prefix], want)
		}
	}
	page, err := os.ReadFile("../../docs/host.md")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, m := range row.FindAllStringSubmatch(string(page), -1) {
		got[m[1]] = m[2]
	}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if got[key] != want[key] {
			t.Errorf("docs/host.md says %s is %s, it is %s", key, got[key], want[key])
		}
		delete(got, key)
	}
	for key := range got {
		t.Errorf("docs/host.md reasons about %s, which is not set", key)
	}
}

func TestEveryStreamIsRetriedAlike(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "functions", "*", "function.json"))
	if err != nil {
		t.Fatal(err)
	}
	var first any
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var v struct {
			Bindings []struct{ Type string }
			Retry    any
		}
		if err := json.Unmarshal(b, &v); err != nil {
			t.Fatal(err)
		}
		if v.Bindings[0].Type != "eventHubTrigger" {
			continue
		}
		if first == nil {
			first = v.Retry
		}
		if diff := cmp.Diff(first, v.Retry); diff != "" || v.Retry == nil {
			t.Errorf("%s is retried otherwise than others, or not at all: %s", f, diff)
		}
	}
}
