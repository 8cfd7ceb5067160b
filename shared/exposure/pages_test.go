package exposure_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rekey/shared/exposure"
)

var update = flag.Bool("update", false, "write the pages of docs/detections")

const pages = "../../docs/detections"

func TestEveryRuleHasItsPage(t *testing.T) {
	for _, r := range exposure.Catalogue {
		path := filepath.Join(pages, r.ID+".md")
		if *update {
			if err := os.WriteFile(path, []byte(page(r)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != page(r) {
			t.Errorf("%s is not what the rule says (%v): go test ./shared/exposure -update", path, err)
		}
	}
}

// page is a rule's page, in the form of those of package rule.
func page(r *exposure.Rule) string {
	var b strings.Builder
	b.WriteString("<!-- Made from shared/exposure by `go test ./shared/exposure -update`. Change the rule, not this page. -->\n\n")
	fmt.Fprintf(&b, "# %s\n\n`%s`\n\n| | |\n|---|---|\n", r.Title, r.ID)
	for _, row := range [][2]string{
		{"Risk event type", r.RiskType}, {"Level", r.Levels}, {"Log event", r.Event},
		{"Compared with", "what the principal did on the days before; [how that is kept](../adr/0011-exposure-index.md)"},
		{"MITRE ATT&CK", strings.Join(r.Techniques, ", ")}, {"Public detections", strings.Join(r.Covers, ", ")},
	} {
		fmt.Fprintf(&b, "| %s | %s |\n", row[0], row[1])
	}
	fmt.Fprintf(&b, "\n## Harmless if\n\n* %s\n\n## Ask next\n\n* %s\n", strings.Join(r.FalsePositives, "\n* "), strings.Join(r.Ask, "\n* "))
	return b.String()
}
