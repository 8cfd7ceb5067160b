package rule_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rekey/shared/rule"
)

func TestWhatGoesBeyondThePublicRulesHasItsRulesAndTheirCases(t *testing.T) {
	for _, x := range rule.Beyond {
		if x.What == "" || len(x.Rules) == 0 {
			t.Errorf("%+v says nothing", x)
		}
		for _, id := range x.Rules {
			r, ok := byID(id)
			if !ok {
				t.Errorf("%q is covered by %s, which is no rule", x.What, id)
				continue
			}
			if _, err := os.Stat(filepath.Join(pages, r.cases)); err != nil {
				t.Errorf("the cases of %s are missing: %v", id, err)
			}
			if _, err := os.Stat(filepath.Join(pages, id+".md")); err != nil {
				t.Errorf("%s has no page: %v", id, err)
			}
		}
		for _, name := range x.Scenarios {
			if _, err := os.Stat(filepath.Join(pages, scenario(name))); err != nil {
				t.Errorf("%q is played through by a scenario that is missing: %v", x.What, err)
			}
		}
	}
	same(t, filepath.Join(pages, "beyond.md"), beyond())
}

func byID(id string) (known, bool) {
	all := everyRule()
	i := slices.IndexFunc(all, func(r known) bool { return r.id == id })
	if i < 0 {
		return known{}, false
	}
	return all[i], true
}

func scenario(name string) string {
	return "../../handlers/scenario/testdata/" + name + ".txtar"
}

// beyond is the page with the table.
func beyond() string {
	var b strings.Builder
	b.WriteString(made + `# Beyond the public rules

What no public rule looks at, and what does here. The [95 public detections](README.md#all-95-public-detections) have a table of
their own.

| what | rules | cases | limit |
|---|---|---|---|
`)
	for _, x := range rule.Beyond {
		var rules, cases []string
		for _, id := range x.Rules {
			r, _ := byID(id)
			rules = append(rules, fmt.Sprintf("[%s](%s.md)", id, id))
			if link := fmt.Sprintf("[%s](%s)", filepath.Base(r.cases), r.cases); !slices.Contains(cases, link) {
				cases = append(cases, link)
			}
		}
		for _, name := range x.Scenarios {
			cases = append(cases, fmt.Sprintf("[%s](%s)", name, scenario(name)))
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", cell(x.What), strings.Join(rules, ", "), strings.Join(cases, ", "), cell(x.Limit))
	}
	return b.String()
}
