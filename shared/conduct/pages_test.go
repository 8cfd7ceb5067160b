package conduct_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rekey/shared/conduct"
)

var update = flag.Bool("update", false, "write the pages of docs/detections")

const pages = "../../docs/detections"

func TestEveryRuleHasItsPage(t *testing.T) {
	for _, r := range conduct.Catalogue {
		path := filepath.Join(pages, r.ID+".md")
		if *update {
			if err := os.WriteFile(path, []byte(page(r)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != page(r) {
			t.Errorf("%s is not what the rule says (%v): go test ./shared/conduct -update", path, err)
		}
	}
}

// page is a rule's page, in the form of those of package rule.
func page(r *conduct.Rule) string {
	var b strings.Builder
	b.WriteString("<!-- Made from shared/conduct by `go test ./shared/conduct -update`. Change the rule, not this page. -->\n\n")
	fmt.Fprintf(&b, "# %s\n\n`%s`\n\n| | |\n|---|---|\n", r.Title, r.ID)
	for _, row := range [][2]string{
		{"Risk event type", r.RiskType}, {"Level", r.Levels}, {"Log event", r.Event}, {"Shape of the record", r.Shape},
		{"Compared with", "the principal's own days before; at most one finding a principal and day"},
		{"MITRE ATT&CK", strings.Join(r.Techniques, ", ")}, {"Public detections", strings.Join(r.Covers, ", ")},
	} {
		fmt.Fprintf(&b, "| %s | %s |\n", row[0], row[1])
	}
	fmt.Fprintf(&b, "\n## Harmless if\n\n* %s\n\n## Ask next\n\n* %s\n", strings.Join(r.FalsePositives, "\n* "), strings.Join(r.Ask, "\n* "))
	return b.String()
}

func TestEveryRuleIsDescribedOnce(t *testing.T) {
	ids := map[string]bool{}
	for _, r := range conduct.Catalogue {
		if ids[r.ID] || r.Title == "" || len(r.Covers) == 0 || len(r.Techniques) == 0 || r.Event == "" || r.Shape == "" || r.Levels == "" || len(r.FalsePositives) == 0 || len(r.Ask) == 0 {
			t.Errorf("%s is there twice or says too little", r.ID)
		}
		if ids[r.ID] = true; conduct.ByID(r.ID) != r {
			t.Errorf("%s is not found by its id", r.ID)
		}
	}
}
