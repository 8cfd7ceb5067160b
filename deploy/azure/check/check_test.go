package check_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rekey/deploy/azure/check"
	"rekey/deploy/azure/usage"
	"rekey/handlers/settings"
	"rekey/shared/host/config"
	"rekey/shared/store"
)

var update = flag.Bool("update", false, "write docs/permissions.md and handlers/rights/graph.tsv anew")

var tree = check.Tree{Root: filepath.Join("..", "..", "..")}

// tools returns the built OpenTofu, or skips the test: building it takes minutes.
func tools(t *testing.T) check.Tools {
	t.Helper()
	path := os.Getenv("REKEY_TOFU")
	if path == "" {
		t.Skip("REKEY_TOFU is not set: `make check-deploy` builds OpenTofu and the provider, and runs this")
	}
	return check.Tools{Tofu: path}
}

// code is what each app uses, read once.
var code = sync.OnceValues(func() (map[string]*usage.Usage, error) {
	p, err := usage.Load(tree.Root)
	if err != nil {
		return nil, err
	}
	functions, err := tree.Functions()
	if err != nil {
		return nil, err
	}
	out := map[string]*usage.Usage{}
	for app, names := range functions {
		if out[app], err = p.Of(names...); err != nil {
			return nil, err
		}
	}
	out[check.People], err = p.People()
	return out, err
})

func used(t *testing.T) map[string]*usage.Usage {
	t.Helper()
	u, err := code()
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func triggers(t *testing.T) map[string][]check.Trigger {
	t.Helper()
	functions, err := tree.Functions()
	if err != nil {
		t.Fatal(err)
	}
	tr, err := tree.Triggers(functions)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// plan plans a tree with everything known.
func plan(t *testing.T, tree check.Tree, vars ...string) (*check.Plan, error) {
	t.Helper()
	dir := t.TempDir()
	if err := tree.Lay(dir); err != nil {
		t.Fatal(err)
	}
	return tools(t).Plan(t.Context(), dir, append([]string{"terraform.tfvars.example"}, vars...)...)
}

// complaints are what all checks say about a tree.
func complaints(t *testing.T, tree check.Tree) []string {
	t.Helper()
	out, err := tree.Text()
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan(t, tree, "known.tfvars")
	if err != nil {
		return append(out, err.Error())
	}
	given, err := check.Given(p)
	if err != nil {
		return append(out, err.Error())
	}
	code, triggers := used(t), triggers(t)
	out = append(out, check.Grants(given, tree.Needs(code, triggers))...)
	out = append(out, check.Acts(p, code["respond"])...)
	out = append(out, check.State(p, store.Tables, store.Queues, store.Containers)...)
	out = append(out, check.Checked(p)...)
	out = append(out, check.Sites(p)...)
	out = append(out, tree.Playbooks(p)...)
	for app, set := range check.AppSettings(p) {
		out = append(out, check.Settings(app, set, code[app], triggers[app])...)
	}
	return out
}

func TestTheDeploymentIsWhatTheCodeNeeds(t *testing.T) {
	tools(t)
	for _, c := range complaints(t, tree) {
		t.Error(c)
	}
}

func TestTheDeploymentPlansFromNothingAndFromWhatExists(t *testing.T) {
	for name, vars := range map[string][]string{"an empty subscription": nil, "hubs and a vault that exist": {"brought.tfvars"}} {
		t.Run(name, func(t *testing.T) {
			p, err := plan(t, tree, vars...)
			if err != nil {
				t.Fatal(err)
			}
			made := map[string]int{}
			for _, r := range p.Resources {
				made[r.Name]++
			}
			if vars == nil && (made["app"] != 3 || made["identity"] != 3 || made["namespace"] != 2 || made["vault"] != 2) {
				t.Errorf("from nothing the plan makes %v", made)
			}
			if vars != nil && (made["namespace"] != 1 || made["hub"] != 1 || made["consumer_group"] != 7 || made["vault"] != 1) {
				t.Errorf("with hubs and a vault the plan makes %v", made)
			}
		})
	}
}

func TestThePlansSettingsAreValid(t *testing.T) {
	p, err := plan(t, tree, "known.tfvars")
	if err != nil {
		t.Fatal(err)
	}
	specs := map[string][]any{
		"detect": {&settings.Detect{}, &settings.Upkeep{}}, "face": {&settings.Face{}}, "respond": {&settings.Respond{}},
	}
	names := map[string][]string{"detect": {"settings.Detect", "settings.Upkeep"}, "face": {"settings.Face"}, "respond": {"settings.Respond"}}
	for app, set := range check.AppSettings(p) {
		t.Run(app, func(t *testing.T) {
			if diff := cmp.Diff(names[app], used(t)[app].Specs); diff != "" {
				t.Errorf("the code loads other settings than this test: %s", diff)
			}
			for name, value := range set {
				if strings.HasPrefix(value, "@Microsoft.KeyVault(") {
					value = "AAECAwQFBgcICQoLDA0ODw==" // what the platform puts there is a secret
				}
				t.Setenv(name, value)
			}
			for _, spec := range specs[app] {
				if err := config.Load(spec); err != nil {
					t.Errorf("%T: %v", spec, err)
				}
			}
		})
	}
}

func TestThePageOfPermissionsIsWhatTheCodeNeeds(t *testing.T) {
	for path, want := range map[string]string{
		filepath.Join("docs", "permissions.md"):          check.Page(tree.Needs(used(t), triggers(t)), used(t)),
		filepath.Join("handlers", "rights", "graph.tsv"): check.GraphTable(used(t)),
	} {
		file := filepath.Join(tree.Root, path)
		if *update {
			if err := os.WriteFile(file, []byte(want), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		have, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(have)); diff != "" {
			t.Errorf("%s is not what the code needs; if the code is right: go test ./deploy/azure/check -update\n%s", path, diff)
		}
	}
}

func TestVariablesAndLocalsAreDescribedCheckedAndUsed(t *testing.T) {
	out, err := tree.Text()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range out {
		t.Error(c)
	}
}

func TestEveryActInAzureBelongsToAKind(t *testing.T) {
	_, out := check.ActActions(used(t)["respond"])
	for _, c := range out {
		t.Error(c)
	}
	for app, u := range used(t) {
		if app != "respond" && app != check.People && len(u.Methods["graph"])+len(u.Methods["arm"])+len(u.Methods["vault"]) > 0 {
			t.Errorf("%s calls Graph, Azure or a vault: %v", app, u.Methods)
		}
	}
}

func TestTheFilesAreFormatted(t *testing.T) {
	dir, err := filepath.Abs(filepath.Join(tree.Root, "deploy", "azure"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.tf"))
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, filepath.Join(dir, "check", "testdata", "known.tfvars"), filepath.Join(dir, "check", "testdata", "brought.tfvars"))
	slices.Sort(files)
	if _, err := tools(t).Run(t.Context(), t.TempDir(), append([]string{"fmt", "-check", "-list=true"}, files...)...); err != nil {
		t.Errorf("run tofu fmt in deploy/azure: %v", err)
	}
}
