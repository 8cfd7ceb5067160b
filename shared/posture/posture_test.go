package posture_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rekey/shared/posture"
	"rekey/shared/privilege"
	"rekey/shared/score"
)

var update = flag.Bool("update", false, "write what the cases of testdata find, and the pages of docs/detections")

// testCase is a file of testdata: an application, what is known around it, and what its rule finds.
type testCase struct {
	posture.Input
	Want []string `json:"want"`
}

// form is how a case is written again: as it was, with what was found.
func form(t *testing.T, body []byte, want []string) []byte {
	t.Helper()
	var all map[string]json.RawMessage
	if err := json.Unmarshal(body, &all); err != nil {
		t.Fatal(err)
	}
	all["want"], _ = json.Marshal(want)
	out, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(out, '\n')
}

func TestEveryRuleHasTrueAndFalseCases(t *testing.T) {
	for _, r := range posture.Catalogue {
		files, _ := filepath.Glob(filepath.Join("testdata", r.ID, "*.json"))
		kinds := map[string]bool{}
		for _, f := range files {
			kind, _, _ := strings.Cut(filepath.Base(f), "-")
			kinds[kind] = true
			t.Run(r.ID+"/"+strings.TrimSuffix(filepath.Base(f), ".json"), func(t *testing.T) { run(t, r, f, kind == "true") })
		}
		if !kinds["true"] || !kinds["false"] {
			t.Errorf("%s has the cases %v: at least one true and one false are needed", r.ID, kinds)
		}
	}
}

func run(t *testing.T, r *posture.Rule, file string, finds bool) {
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var c testCase
	if err := json.Unmarshal(body, &c); err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, d := range posture.Judge(c.Input) {
		if d.Level.AtLeast(score.LevelHigh) || !d.Posture || len(d.KeyIDs) > 0 {
			t.Errorf("%s is %s and speaks for an intruder: %+v", d.Rule, d.Level, d)
		}
		if d.Rule == r.ID {
			got = append(got, fmt.Sprintf("%s, %s: %s", d.Level, d.Subject, d.Statement))
		}
	}
	if *update {
		if err := os.WriteFile(file, form(t, body, got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(c.Want, got); diff != "" {
		t.Error(diff)
	}
	if finds != (len(got) > 0) {
		t.Errorf("a case of this name finds %v", got)
	}
}

func TestPrivilegedNamesTheMostPowerfulTier(t *testing.T) {
	for what, tt := range map[string]struct {
		grants *posture.Grants
		tier   privilege.Tier
		names  string
	}{
		"nothing was read":          {nil, privilege.TierUnknown, ""},
		"nothing was granted":       {&posture.Grants{}, privilege.TierUnknown, ""},
		"a role nobody classed":     {&posture.Grants{AppRoles: []posture.AppRole{{Value: "Invoices.Print"}}}, privilege.TierUnknown, ""},
		"a role and a scope":        {&posture.Grants{AppRoles: []posture.AppRole{{Value: "Mail.Read"}}, Scopes: []posture.Scope{{Scope: "openid Directory.ReadWrite.All"}}}, privilege.Tier0, "Directory.ReadWrite.All Mail.Read"},
		"a directory role by name":  {&posture.Grants{DirectoryRoles: []string{"Application Administrator"}}, privilege.Tier0, "Application Administrator"},
		"what every application is": {&posture.Grants{Scopes: []posture.Scope{{Scope: "openid profile"}}}, privilege.Tier2, ""},
	} {
		tier, names := posture.Privileged(posture.Facts{Principals: []posture.Principal{{ID: "sp1", Grants: tt.grants}}})
		if tier != tt.tier || strings.Join(names, " ") != tt.names {
			t.Errorf("%s: %v %v, want %v %s", what, tier, names, tt.tier, tt.names)
		}
	}
}

func TestAnIntruderCannotFloodTheFindings(t *testing.T) {
	app := &posture.Application{ID: "obj1", AppID: "app1"}
	names := map[string]posture.Name{}
	for i := range 300 {
		host := fmt.Sprintf("x%d.azurewebsites.net", i)
		app.Web.RedirectURIs = append(app.Web.RedirectURIs, "https://"+host+"/")
		names[host] = posture.Name{State: posture.Missing}
	}
	facts := posture.Facts{Application: app}
	if n := len(posture.Hosts(facts)); n > 32 {
		t.Errorf("%d names are asked for", n)
	}
	if found := posture.Judge(posture.Input{Facts: facts, Names: names, Now: now}); len(found) > 16 {
		t.Errorf("%d findings", len(found))
	}
	if found := posture.Judge(posture.Input{Now: now}); found != nil {
		t.Errorf("nobody has findings: %v", found)
	}
}

func TestEveryRuleSaysWhatItHasTo(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range posture.Catalogue {
		if r.ID == "" || r.Title == "" || r.Sees == "" || r.Levels == "" || len(r.Techniques) == 0 || len(r.FalsePositives) == 0 || len(r.Ask) == 0 || r.Find == nil {
			t.Errorf("%s leaves something out", r.ID)
		}
		if _, err := os.Stat(r.ID + ".go"); err != nil || seen[r.ID] || posture.ByID(r.ID) != r {
			t.Errorf("%s is twice in the catalogue, or not in a file of its name", r.ID)
		}
		seen[r.ID] = true
	}
	if dirs, _ := filepath.Glob("testdata/*"); len(dirs) != len(posture.Catalogue) || slices.ContainsFunc(dirs, func(d string) bool { return !seen[filepath.Base(d)] }) {
		t.Errorf("testdata has %v", dirs)
	}
}
