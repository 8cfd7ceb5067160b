package posture_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rekey/shared/posture"
)

const pages = "../../docs/detections"

func TestEveryRuleHasItsPage(t *testing.T) {
	for _, r := range posture.Catalogue {
		path := filepath.Join(pages, r.ID+".md")
		if *update {
			if err := os.WriteFile(path, []byte(page(r)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != page(r) {
			t.Errorf("%s is not what the rule says (%v): go test ./shared/posture -update", path, err)
		}
	}
}

// page is a rule's page, in the form of those of package rule.
func page(r *posture.Rule) string {
	var b strings.Builder
	b.WriteString("<!-- Made from shared/posture by `go test ./shared/posture -update`. Change the rule, not this page. -->\n\n")
	fmt.Fprintf(&b, "# %s\n\n`%s`\n\n| | |\n|---|---|\n", r.Title, r.ID)
	for _, row := range [][2]string{
		{"Risk event type", posture.RiskType}, {"Level", r.Levels}, {"Looks at", r.Sees},
		{"When", "once a week, in the respond app; told once a month, opens no case and no operation"},
		{"MITRE ATT&CK", strings.Join(r.Techniques, ", ")}, {"Public detections", cmp.Or(strings.Join(r.Covers, ", "), "none looks at this")},
	} {
		fmt.Fprintf(&b, "| %s | %s |\n", row[0], cell(row[1]))
	}
	fmt.Fprintf(&b, "\n## Harmless if\n\n* %s\n\n## Ask next\n\n* %s\n", cell(strings.Join(r.FalsePositives, "\n* ")), cell(strings.Join(r.Ask, "\n* ")))
	fmt.Fprintf(&b, "\nCases: [testdata/%s](../../shared/posture/testdata/%s).\n", r.ID, r.ID)
	return b.String()
}

func cell(s string) string { return strings.NewReplacer("|", "\\|", "_", "\\_").Replace(s) }
