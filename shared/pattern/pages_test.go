package pattern_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rekey/shared/pattern"
)

var update = flag.Bool("update", false, "write the pages of docs/detections")

const pages = "../../docs/detections"

func TestEveryRuleHasItsPage(t *testing.T) {
	for _, r := range pattern.Catalogue {
		path := filepath.Join(pages, r.ID+".md")
		if *update {
			if err := os.WriteFile(path, []byte(page(r)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != page(r) {
			t.Errorf("%s is not what the rule says (%v): go test ./shared/pattern -update", path, err)
		}
	}
}

// page is a rule's page, in the form of those of package rule.
func page(r *pattern.Rule) string {
	var b strings.Builder
	b.WriteString("<!-- Made from shared/pattern by `go test ./shared/pattern -update`. Change the rule, not this page. -->\n\n")
	fmt.Fprintf(&b, "# %s\n\n`%s`\n\n| | |\n|---|---|\n", r.Title, r.ID)
	for _, row := range [][2]string{
		{"Risk event type", r.RiskType}, {"Level", r.Levels + ". One step lower when declared deployers alone acted, one step higher when an actor is in a case himself"},
		{"Looks at", r.Event}, {"When", "whenever a case is built or looked at again; it cites the records it is made of"},
		{"MITRE ATT&CK", strings.Join(r.Techniques, ", ")}, {"Public detections", cmp.Or(strings.Join(r.Covers, ", "), "none of the 95 looks at this")},
	} {
		fmt.Fprintf(&b, "| %s | %s |\n", row[0], cell(row[1]))
	}
	fmt.Fprintf(&b, "\n## Harmless if\n\n* %s\n\n## Ask next\n\n* %s\n", cell(strings.Join(r.FalsePositives, "\n* ")), cell(strings.Join(r.Ask, "\n* ")))
	b.WriteString("\nCases: [cases_test.go](../../shared/pattern/cases_test.go).\n")
	return b.String()
}

func cell(s string) string { return strings.NewReplacer("|", "\\|", "_", "\\_").Replace(s) }
