package logicapps_test

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rekey/deploy/logicapps"
	"rekey/handlers/face"
	"rekey/shared/host/openapi"
)

var update = flag.Bool("update", false, "write connector.swagger.json anew")

func connector(t *testing.T) (openapi.Document, []byte) {
	t.Helper()
	d := logicapps.Connector(face.API(face.Routes(face.Config{})))
	b, err := d.JSON()
	if err != nil {
		t.Fatal(err)
	}
	return d, b
}

func TestTheConnectorIsThatOfTheRoutes(t *testing.T) {
	_, got := connector(t)
	if *update {
		if err := os.WriteFile("connector.swagger.json", got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("connector.swagger.json")
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("connector.swagger.json is not what the routes say: go test ./deploy/logicapps -update (%v)", err)
	}
}

// An independent validator takes it, and not whatever it is given.
func TestTheConnectorIsValidOpenAPI2(t *testing.T) {
	dir, err := filepath.Abs(filepath.Join("..", "local", "openapi"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "@seriousme")); err != nil {
		t.Fatal("the validator is not installed: run `make openapi-checker`")
	}
	check := func(b []byte) (string, error) {
		file := filepath.Join(t.TempDir(), "api.json")
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "node", "check.js", file)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	_, whole := connector(t)
	if out, err := check(whole); err != nil || out != "2.0" {
		t.Errorf("%v %.2000s", err, out)
	}
	if out, err := check(bytes.ReplaceAll(whole, []byte(`"#/definitions/newSubscription"`), []byte(`"#/definitions/nobody"`))); err == nil {
		t.Errorf("a reference that points nowhere is taken: %s", out)
	}
}

// What Microsoft asks of a connector, and what the trigger needs to be one.
func TestTheConnectorHasWhatADesignerNeeds(t *testing.T) {
	d, _ := connector(t)
	definitions := d["definitions"].(map[string]any)
	names := map[string]bool{}
	var triggers []string
	for path, item := range d["paths"].(map[string]any) {
		for method, o := range item.(map[string]any) {
			if strings.HasPrefix(method, "x-") {
				continue
			}
			o := o.(map[string]any)
			name, summary := o["operationId"].(string), o["summary"].(string)
			if names[name] || len(summary) > 80 || strings.HasSuffix(summary, ".") || o["description"] == "" {
				t.Errorf("%s %s: %q, %q", method, path, name, summary)
			}
			names[name] = true
			if o["x-ms-trigger"] != nil {
				triggers = append(triggers, name)
			}
			for _, p := range o["parameters"].([]any) {
				p := p.(map[string]any)
				if p["x-ms-summary"] == "" || p["x-ms-visibility"] == "internal" && p["required"] == true && p["default"] == nil {
					t.Errorf("%s: %v", name, p)
				}
				if v, ok := p["x-ms-dynamic-values"].(map[string]any); ok && !strings.Contains(docOf(t), `"operationId": "`+v["operationId"].(string)+`"`) {
					t.Errorf("%s: the choice of %v is of a call that there is not", name, p["name"])
				}
			}
		}
	}
	if !slices.Equal(triggers, []string{"subscribe"}) {
		t.Errorf("triggers: %v", triggers)
	}
	request := definitions["subscriptionRequest"].(map[string]any)["properties"].(map[string]any)["callbackUrl"].(map[string]any)
	if request["x-ms-notification-url"] != true || request["x-ms-visibility"] != "internal" {
		t.Errorf("%v", request)
	}
	subscriptions := d["paths"].(map[string]any)["/subscriptions"].(map[string]any)
	made := subscriptions["post"].(map[string]any)["responses"].(map[string]any)["201"].(map[string]any)
	if subscriptions["x-ms-notification-content"] == nil || definitions["notice"] == nil || made["headers"].(map[string]any)["Location"] == nil || !names["unsubscribe"] {
		t.Error("what a webhook trigger needs is missing")
	}
	data := definitions["noticeData"].(map[string]any)["properties"].(map[string]any)
	for _, name := range []string{"riskLevel", "planHash", "tier", "servicePrincipalDisplayName"} {
		if data[name] == nil {
			t.Errorf("a notice has no %s", name)
		}
	}
}

func docOf(t *testing.T) string {
	t.Helper()
	_, b := connector(t)
	return string(b)
}
