package face_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rekey/handlers/face"
	"rekey/handlers/policies"
	"rekey/shared/host/httpapi"
	"rekey/shared/host/openapi"
)

var update = flag.Bool("update", false, "write docs/openapi.json anew")

func routes() []httpapi.Route { return face.Routes(face.Config{}) }

func encoded(t *testing.T, d openapi.Document) []byte {
	t.Helper()
	b, err := d.JSON()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTheDescriptionIsThatOfTheRoutes(t *testing.T) {
	golden := filepath.Join("..", "..", "docs", "openapi.json")
	got := encoded(t, face.API(routes()).V31())
	if *update {
		if err := os.WriteFile(golden, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/openapi.json is not what the routes say: go test ./handlers/face -update")
	}
}

// An independent validator accepts both versions.
func TestBothDescriptionsAreValid(t *testing.T) {
	dir, err := filepath.Abs(filepath.Join("..", "..", "deploy", "local", "openapi"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "@seriousme")); err != nil {
		t.Fatal("the validator is not installed: run `make openapi-checker`")
	}
	check := func(d []byte) (string, error) {
		file := filepath.Join(t.TempDir(), "api.json")
		if err := os.WriteFile(file, d, 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "node", "check.js", file)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	a := face.API(routes())
	for version, d := range map[string]openapi.Document{"3.1": a.V31(), "2.0": a.V20()} {
		whole := encoded(t, d)
		if out, err := check(whole); err != nil || out != version {
			t.Errorf("%s: %v %.2000s", version, err, out)
		}
		d["paths"].(map[string]any)["/broken"] = map[string]any{"get": map[string]any{"summary": 1}}
		if out, err := check(encoded(t, d)); err == nil {
			t.Errorf("%s: the validator takes anything: %s", version, out)
		}
	}
}

func TestEveryCallIsDescribed(t *testing.T) {
	names := map[string]bool{}
	for _, r := range routes() {
		switch {
		case r.Name == "" || names[r.Name]:
			t.Errorf("%s %s has no name of its own: %q", r.Method, r.Path, r.Name)
		case !strings.HasSuffix(r.Summary, ".") || r.About.Tag == "":
			t.Errorf("%s has no sentence and tag: %q, %q", r.Name, r.Summary, r.About.Tag)
		case len(r.About.Answers) == 0:
			t.Errorf("%s does not say what it answers", r.Name)
		case slices.Contains([]string{"POST", "PATCH"}, r.Method) && r.About.Body == nil:
			t.Errorf("%s does not say what it takes", r.Name)
		case len(r.Permission.AnyOf) == 0:
			t.Errorf("%s asks for no permission", r.Name)
		}
		names[r.Name] = true
	}
}

// What the description says of a type is what is written of it.
func TestWhatIsDescribedIsWhatIsAnswered(t *testing.T) {
	var d struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]any
				Required   []string
			}
		}
	}
	if err := json.Unmarshal(encoded(t, face.API(routes()).V31()), &d); err != nil {
		t.Fatal(err)
	}
	for name, property := range map[string]string{
		"servicePrincipalRiskDetection": "riskLevel", "riskyServicePrincipal": "isProcessing", "servicePrincipals": "servicePrincipalIds", "order": "statusDetail", "error": "error",
	} {
		if s := d.Components.Schemas[name]; s.Properties[property] == nil || !slices.Contains(s.Required, property) {
			t.Errorf("%s has no required %s: %v", name, property, s.Required)
		}
	}
}

// Every answer that a test of this package sees is compared with the description; here are the others.
func TestEveryAnswerIsAsDescribed(t *testing.T) {
	w := newWorld(t)
	w.find("d1", "sp1")
	w.must(w.face.Policies.Keep(t.Context(), policies.Kept{ID: "p1", Policy: []byte(`{"displayName":"Block","state":"disabled","conditions":{},"grantControls":{}}`), By: "ann", Order: "order-1"}))
	const set = "/identityProtection/riskyServicePrincipals"
	for _, path := range []string{
		"/identityProtection/servicePrincipalRiskDetections?$count=true&$top=1", "/identityProtection/servicePrincipalRiskDetections/d1", set, set + "/sp1", set + "/sp1/history",
		"/identity/conditionalAccess/policies", "/identity/conditionalAccess/policies/p1", "/openapi.json", "/remediations", "/nothing", set + "/none",
	} {
		token := w.as(ann)
		if a := w.do(token, "GET", path, ""); a.status != 200 && !strings.Contains(path, "no") {
			t.Errorf("%s: %d %s", path, a.status, a.raw)
		}
	}
	if a := w.ordered(w.as(ann), "/remediations/stop", `{"reason":"drill"}`); a.text("status") != "succeeded" {
		t.Errorf("%s", a.raw)
	}
	if a := w.do(w.token(w.claims("Other.Read.All")), "GET", "/openapi.json", ""); a.status != 403 {
		t.Errorf("the description is open to %d %s", a.status, a.raw)
	}
}
