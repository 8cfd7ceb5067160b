package check_test

import (
	"strings"
	"testing"

	"rekey/deploy/azure/check"
)

// Azure takes a rule with a query that is none, because the rules skip its validation; it then never fires.
func TestEveryQueryIsOneThatMicrosoftsParserTakes(t *testing.T) {
	queries, err := tree.Kusto()
	if err != nil {
		t.Fatal(err)
	}
	for file, least := range map[string]int{"alerts.tf": 9, "telemetry.tf": 10, "success-absent.md": 1, "acts-refused.md": 1} {
		n := 0
		for name := range queries {
			if strings.HasPrefix(name, file+":") {
				n++
			}
		}
		if n < least {
			t.Errorf("%d queries were found in %s, there are at least %d", n, file, least)
		}
	}
	wrong, err := tree.Parse(t.Context(), queries)
	if err != nil {
		t.Fatal(err)
	}
	for name, complaints := range wrong {
		t.Errorf("%s: %s\n%s", name, strings.Join(complaints, "\n"), queries[name])
	}
}

func TestTheParserRefusesWhatIsNoQuery(t *testing.T) {
	tests := map[string]string{
		"a length of time with two units":         "print 2h30m",
		"a word of the language taken for a name": "AppTraces | summarize last = max(TimeGenerated)",
		"a column that the table does not have":   "AppTraces | where AppRole == 'x'",
		"a pipe that leads nowhere":               "AppTraces | where",
		"something of the plan that stayed in":    "${local.log} | count",
	}
	wrong, err := tree.Parse(t.Context(), tests)
	if err != nil {
		t.Fatal(err)
	}
	for name, query := range tests {
		if len(wrong[name]) == 0 {
			t.Errorf("%s is taken: %s", name, query)
		}
	}
}

func TestNoQueryOfThePlanIsLeftOutOfTheParser(t *testing.T) {
	p, err := plan(t, tree, "known.tfvars")
	if err != nil {
		t.Fatal(err)
	}
	queries, err := tree.Kusto()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for name := range queries {
		if strings.Contains(name, ".tf:") {
			n++
		}
	}
	if made := check.PlannedKusto(p); made != n {
		t.Errorf("the plan makes %d queries, %d were found in the files", made, n)
	}
}
