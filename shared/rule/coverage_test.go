package rule_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"rekey/shared/rule"
)

// merged are the ids of the 95 public detections that reference/detections.md found to be distinct.
var merged = func() (out []string) {
	for _, group := range []struct {
		letter string
		ids    []int
	}{
		{"S", []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17, 18, 19}}, {"C", upTo(14)}, {"F", upTo(9)}, {"N", upTo(10)}, {"P", upTo(10)},
		{"U", upTo(5)}, {"K", upTo(8)}, {"O", upTo(3)}, {"I", upTo(6)}, {"X", upTo(12)},
	} {
		for _, n := range group.ids {
			out = append(out, group.letter+string(rune('0'+n/10))+string(rune('0'+n%10)))
		}
	}
	return out
}()

func upTo(n int) (out []int) {
	for i := range n {
		out = append(out, i+1)
	}
	return out
}

func TestEveryPublicDetectionHasARuleOrAReason(t *testing.T) {
	if len(merged) != 95 {
		t.Fatalf("%d merged ids, want 95", len(merged))
	}
	covered, left := map[string]bool{}, map[string]rule.Left{}
	for _, r := range everyRule() {
		for _, id := range r.covers {
			covered[id] = true
			if !slices.Contains(merged, id) {
				t.Errorf("%s covers %s, which is no merged id", r.id, id)
			}
		}
	}
	for _, l := range rule.Elsewhere {
		if _, twice := left[l.ID]; twice || !slices.Contains(merged, l.ID) || l.Why == "" || l.Title == "" {
			t.Errorf("%+v is listed twice, is no merged id, or does not say why", l)
		}
		left[l.ID] = l
	}
	for _, id := range merged {
		l, isLeft := left[id]
		switch {
		case !covered[id] && !isLeft:
			t.Errorf("%s has neither a rule nor a reason", id)
		case covered[id] && isLeft && !l.Partly:
			t.Errorf("%s is covered and left out: say that it is left out partly, or remove one", id)
		case !covered[id] && isLeft && l.Partly:
			t.Errorf("%s is said to be covered partly, and no rule covers it", id)
		}
	}
}

func TestNoTwoRulesHaveOneName(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range everyRule() {
		if seen[r.id] {
			t.Errorf("%s is the name of two rules", r.id)
		}
		seen[r.id] = true
	}
}

func TestEveryRuleSaysWhatItHasTo(t *testing.T) {
	technique := regexp.MustCompile(`^T\d{4}(\.\d{3})?$`)
	seen := map[string]bool{}
	for _, r := range rule.Catalogue {
		if r.ID == "" || r.Title == "" || r.Event == "" || r.Levels == "" || len(r.FalsePositives) == 0 || len(r.Ask) == 0 || len(r.Techniques) == 0 || r.Match == nil {
			t.Errorf("%s leaves something out", r.ID)
		}
		if seen[r.ID] || rule.ByID(r.ID) != r {
			t.Errorf("%s is in the catalogue twice", r.ID)
		}
		seen[r.ID] = true
		if !slices.Contains([]rule.Shape{rule.Recorded, rule.Documented, rule.Guessed}, r.Shape) {
			t.Errorf("%s has the shape %q", r.ID, r.Shape)
		}
		if r.RiskType == "" && r.ID != "microsoftRisk" {
			t.Errorf("%s has no risk type", r.ID)
		}
		for _, x := range r.Techniques {
			if !technique.MatchString(x) {
				t.Errorf("%s names the technique %q", r.ID, x)
			}
		}
		if r.Shape == rule.Guessed && strings.Contains(r.Levels, "high") {
			t.Errorf("%s is guessed and promises high", r.ID)
		}
		if _, err := os.Stat(r.ID + ".go"); err != nil {
			t.Errorf("%s is not in a file of its name", r.ID)
		}
	}
	if rule.ByID("nothing") != nil {
		t.Error("there is a rule of every name")
	}
	files, _ := filepath.Glob("*.go")
	pattern := regexp.MustCompile(`(?m)^var (\w+) = &Rule\{`)
	for _, f := range files {
		body, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if m := pattern.FindSubmatch(body); m != nil && !seen[string(m[1])] {
			t.Errorf("the rule %s is not in the catalogue", m[1])
		}
	}
}
