package rule_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rekey/shared/detect"
	"rekey/shared/entralog"
	"rekey/shared/event"
	"rekey/shared/rule"
	"rekey/shared/score"
)

var update = flag.Bool("update", false, "write golden files and pages anew")

// world is what the tenant of the test cases declares.
var world = &rule.World{
	Tenant: "4bbb0000-0000-4000-8000-000000000001", Domains: []string{"contoso.com", "contoso.onmicrosoft.com"},
	Deployers: []string{"d0000000-0000-4000-8000-0000000000cc", "d1110000-0000-4000-8000-0000000000dd"},
	Self:      event.Principal{ObjectID: "f0000000-0000-4000-8000-0000000000cc", AppID: "f0000000-0000-4000-8000-0000000000aa"},
	Approved:  []string{"a0000000-0000-4000-8000-0000000000aa"}, Sources: []string{"contoso"},
	Own: []string{"/subscriptions/50000000-0000-4000-8000-000000000001/resourcegroups/rekey"},
}

// sink gathers what a message is decoded to.
type sink struct {
	events  []*event.Event
	rejects []error
}

func (s *sink) Event(e *event.Event)                 { x := *e; s.events = append(s.events, &x) }
func (s *sink) Skip(string)                          {}
func (s *sink) Reject(_ int, _ []byte, reason error) { s.rejects = append(s.rejects, reason) }

func decode(t testing.TB, path string) []*event.Event {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var s sink
	if err := new(entralog.Decoder).Decode(body, &s); err != nil || len(s.rejects) > 0 {
		t.Fatal(path, err, s.rejects)
	}
	return s.events
}

// wanted is a detection as the golden files have it.
type wanted struct {
	Principal string      `json:"principal"`
	Type      string      `json:"riskEventType"`
	Level     score.Level `json:"level"`
	Subject   string      `json:"subject"`
	What      string      `json:"what"`
	KeyIDs    []string    `json:"keyIds,omitempty"`
}

func judge(t testing.TB, path, id string) []wanted {
	var out []wanted
	for _, e := range decode(t, path) {
		for _, d := range rule.Judge(e, world) {
			if d.Rule == id {
				out = append(out, wanted{d.Principal.Key(), d.Type, d.Level, d.Subject, d.Statement, d.KeyIDs})
			}
		}
	}
	return out
}

func TestEveryRuleHasTrueAndFalseCasesAndFindsWhatItShould(t *testing.T) {
	for _, r := range rule.Catalogue {
		t.Run(r.ID, func(t *testing.T) {
			cases := map[string][]wanted{}
			for _, kind := range []string{"true", "false"} {
				files, err := filepath.Glob(filepath.Join("testdata", r.ID, kind+"-*.json"))
				if err != nil || len(files) == 0 {
					t.Fatalf("there is no %s case in testdata/%s", kind, r.ID)
				}
				for _, f := range files {
					found := judge(t, f, r.ID)
					if (len(found) > 0) != (kind == "true") {
						t.Errorf("%s: found %+v", f, found)
					}
					if kind == "true" {
						cases[strings.TrimSuffix(filepath.Base(f), ".json")] = found
					}
				}
			}
			golden(t, filepath.Join("testdata", r.ID, "findings.golden"), cases)
		})
	}
	folders, _ := os.ReadDir("testdata")
	for _, f := range folders {
		if f.Name() != "fuzz" && rule.ByID(f.Name()) == nil {
			t.Errorf("testdata/%s belongs to no rule", f.Name())
		}
	}
}

func golden(t *testing.T, path string, got any) {
	t.Helper()
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(got); err != nil {
		t.Fatal(err)
	}
	same(t, path, b.String())
}

// same compares a text with a file, or writes the file.
func same(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run go test ./shared/rule -update and look at the difference", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is stale; run go test ./shared/rule -update and look at the difference:\n%s", path, diff)
	}
}

func TestJudgingIsDeterministicAndDoesNotDependOnTheMessage(t *testing.T) {
	files, _ := filepath.Glob("testdata/*/*.json")
	for _, f := range files {
		for _, e := range decode(t, f) {
			once, again := rule.Judge(e, world), rule.Judge(e, world)
			if diff := cmp.Diff(once, again); diff != "" {
				t.Errorf("%s:\n%s", f, diff)
			}
			ids := map[string]bool{}
			for _, d := range once {
				if ids[d.ID] || d.ID == "" || d.Principal.Key() == "" || !d.Worth() || len(d.Records) != 1 {
					t.Errorf("%s: %+v", f, d)
				}
				if d.Source == detect.SourceRekey && (d.Records[0].Succeeded || d.Statement == "") {
					t.Errorf("%s: a changed principal was not used: %+v", f, d.Records)
				}
				ids[d.ID] = true
			}
		}
	}
}

func TestAnEmptyWorldIsSafe(t *testing.T) {
	files, _ := filepath.Glob("testdata/*/*.json")
	for _, f := range files {
		for _, e := range decode(t, f) {
			for _, d := range rule.Judge(e, nil) {
				if slices.Contains([]string{"redirectForeign", "redirectLookAlike", "consentUnapproved", "federatedRepository", "credentialOnRekey", "rekeyChanged", "rekeyDisabled", "rekeyBlocked"}, d.Rule) {
					t.Errorf("%s: %s compared with nothing", f, d.Rule)
				}
			}
		}
	}
}
