package check_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rekey/deploy/azure/check"
	"rekey/handlers/metrics"
	"rekey/shared/azure/traced"
)

// made are the names that code makes from a beginning and a label's value.
func made() []string {
	out := []string{traced.Throttled}
	for _, i := range metrics.Instruments() {
		if i.Label != "" {
			out = append(out, i.From)
		}
	}
	return out
}

func fields(t *testing.T) check.Fields {
	t.Helper()
	f, err := tree.Fields()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestEveryFieldThatAlertsAndTheWorkbookAskForIsInTheLog(t *testing.T) {
	complaints, err := tree.Queries(fields(t), made())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range complaints {
		t.Error(c)
	}
}

func TestEveryMetricIsFedByTheCode(t *testing.T) {
	f := fields(t)
	for _, i := range metrics.Instruments() {
		switch {
		case i.From == traced.Throttled, i.Label == "service": // package traced makes these names itself
		case i.Label == "" && !f.Names[i.From]:
			t.Errorf("%s is taken from %s, which nothing counts", i.Name, i.From)
		case i.Label != "" && !f.Prefixes[strings.TrimSuffix(i.From, i.Value)]:
			t.Errorf("%s is taken from %s, which nothing counts", i.Name, i.From)
		}
	}
}

func TestAQueryForAFieldThatIsNotThereIsRefused(t *testing.T) {
	for name, tt := range map[string]struct{ file, old, new, want string }{
		"in an alert":     {"deploy/azure/alerts.tf", "r.dead_letters", "r.deadLetters", "alerts.tf: a query asks for r.deadLetters"},
		"in the workbook": {"deploy/azure/telemetry.tf", "r.hub_age_ms", "r.hub_lag", "telemetry.tf: a query asks for r.hub_lag"},
	} {
		t.Run(name, func(t *testing.T) {
			broken := copied(t)
			breakFile(t, filepath.Join(broken.Root, filepath.FromSlash(tt.file)), tt.old, tt.new)
			complaints, err := broken.Queries(fields(t), made())
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(complaints, func(c string) bool { return strings.HasPrefix(c, tt.want) }) {
				t.Errorf("got %v", complaints)
			}
		})
	}
}
