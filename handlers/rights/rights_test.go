package rights_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"rekey/handlers/rights"
)

// declared are the permissions of Microsoft Graph that the steps of plans declare. Those of Azure have a slash.
func declared(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "shared", "remedy", "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	var out []string
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^\tpermission\w*\s+= "(\w+(?:\.\w+)+)"$`).FindAllStringSubmatch(string(b), -1) {
			out = append(out, m[1])
		}
	}
	const least = 10
	if len(out) < least {
		t.Fatalf("only %v were found", out)
	}
	return out
}

func TestEveryPermissionThatAStepDeclaresIsOneThatSetupGives(t *testing.T) {
	for _, p := range declared(t) {
		if !slices.ContainsFunc(rights.Graph(), func(n rights.Need) bool { return n.App == "respond" && n.Permission == p }) {
			t.Errorf("a step declares %s, which setup does not give, and takes away with --prune", p)
		}
	}
}
