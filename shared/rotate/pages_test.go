package rotate_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rekey/shared/rotate"
)

func TestTheRuleHasItsPage(t *testing.T) {
	path := filepath.Join("../../docs/detections", rotate.TakenRule.ID+".md")
	if *update {
		if err := os.WriteFile(path, []byte(page()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != page() {
		t.Errorf("%s is not what the rule says (%v): go test ./shared/rotate -update", path, err)
	}
}

// page is the rule's page, in the form of those of package rule.
func page() string {
	r := rotate.TakenRule
	var b strings.Builder
	b.WriteString("<!-- Made from shared/rotate by `go test ./shared/rotate -update`. Change the rule, not this page. -->\n\n")
	fmt.Fprintf(&b, "# %s\n\n`%s`\n\n| | |\n|---|---|\n", r.Title, r.ID)
	for _, row := range [][2]string{
		{"Risk event type", r.RiskType}, {"Level", r.Levels}, {"Looks at", r.Event}, {"When", "an eviction's rotation is planned or looks again; once in an incident"},
		{"MITRE ATT&CK", strings.Join(r.Techniques, ", ")}, {"Public detections", "none looks at this"},
	} {
		fmt.Fprintf(&b, "| %s | %s |\n", row[0], row[1])
	}
	fmt.Fprintf(&b, "\n## Harmless if\n\n* %s\n\n## Ask next\n\n* %s\n", strings.Join(r.FalsePositives, "\n* "), strings.Join(r.Ask, "\n* "))
	return b.String()
}
