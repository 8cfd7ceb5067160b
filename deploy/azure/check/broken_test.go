package check_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rekey/deploy/azure/check"
)

// copied returns a copy of what the checks read.
func copied(t *testing.T) check.Tree {
	t.Helper()
	root := t.TempDir()
	for _, pattern := range []string{"deploy/azure/*.tf", "deploy/azure/terraform.tfvars.example", "deploy/azure/check/testdata/*", "docs/playbooks/*", "Makefile", "functions/*/function.json"} {
		files, err := filepath.Glob(filepath.Join(tree.Root, filepath.FromSlash(pattern)))
		if err != nil || len(files) == 0 {
			t.Fatal(err, pattern)
		}
		for _, f := range files {
			name, err := filepath.Rel(tree.Root, f)
			if err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(root, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return check.Tree{Root: root}
}

// TestWhatIsBrokenDoesNotPass breaks a copy of the deployment in one place at a time.
func TestWhatIsBrokenDoesNotPass(t *testing.T) {
	tools(t)
	tests := map[string]struct {
		file, old, new string // new "" removes the line; old "" removes the file
		want           string
	}{
		"a role that the code needs is dropped": {
			"deploy/azure/access.tf", `cases          = "write"`, `cases          = "read"`, "too little: the plan lacks respond: Storage Table Data Contributor on table cases",
		},
		"a role that the host needs is dropped": {
			"deploy/azure/roles.tf", `role = "queue_look"`, "", "too little: the plan lacks respond: Storage Queue Data Reader on queue evict",
		},
		"a role is wider than the code needs": {
			"deploy/azure/access.tf", `suspects       = "read"`, `suspects       = "write"`, "too much: the plan gives detect: Storage Table Data Contributor on table suspects",
		},
		"people may write what no command writes": {
			"deploy/azure/access.tf", `deadletters = "write"`, "deadletters = \"write\"\n      fleet = \"write\"", "too much: the plan gives people: Storage Table Data Contributor on table fleet",
		},
		"an app is let into another's host account": {
			"deploy/azure/roles.tf", `    { app = app, role = "table_write", scope = local.host_account_id[app] },`, `    { app = app, role = "table_write", scope = local.host_account_id["respond"] },`,
			"too much: the plan gives face: Storage Table Data Contributor on the host account of respond",
		},
		"nobody may send to the hub of notices": {
			"deploy/azure/roles.tf", `    [{ app = "respond", role = "hub_send", scope = local.notices_id }],`, "",
			"too little: the plan lacks respond: Azure Event Hubs Data Sender on hub notices",
		},
		"a role outside gets an action more": {
			"deploy/azure/respond.tf", `"Microsoft.Authorization/roleAssignments/delete",`, `"Microsoft.Authorization/roleAssignments/delete", "Microsoft.KeyVault/vaults/write",`,
			"too much: actions of cut_vaults have Microsoft.KeyVault/vaults/write",
		},
		"a role outside lacks an action": {
			"deploy/azure/respond.tf", `"Microsoft.Authorization/roleDefinitions/read",`, "", "too little: actions of look lack Microsoft.Authorization/roleDefinitions/read",
		},
		"a property is misspelt": {
			"deploy/azure/apps.tf", "maximumInstanceCount ", "maximumInstancesCount", "Do you mean `properties.functionAppConfig.scaleAndConcurrency.maximumInstanceCount`",
		},
		"a property has a value of another type": {
			"deploy/azure/eventhubs.tf", `partitionCount       = var.partitions`, `partitionCount       = "many"`, "`properties.partitionCount` is invalid",
		},
		"a property that Azure asks for is missing": {
			"deploy/azure/vaults.tf", `tenantId                  = var.tenant_id`, "", "`properties.tenantId` is required",
		},
		"the runtime is not that of custom handlers": {
			"deploy/azure/apps.tf", `name = "custom", version`, `name = "golang", version`, "the runtime is golang 1.0",
		},
		"a property of what is only changed is misspelt": {
			"deploy/azure/state.tf", "      deleteRetentionPolicy ", "      deletRetentionPolicy ", "Do you mean `properties.deleteRetentionPolicy`",
		},
		"a variable is used nowhere": {
			"deploy/azure/variables.tf", `variable "tags" {`, "variable \"colour\" {\n  description = \"The colour of everything, which nobody needs.\"\n  type = string\n  default = \"\"\n}\n\nvariable \"tags\" {",
			"var.colour is used nowhere",
		},
		"a setting that the code asks for is not set": {
			"deploy/azure/settings.tf", "REKEY_HASH_KEY   = ", "", "detect lacks the setting REKEY_HASH_KEY",
		},
		"a setting that function.json names is misspelt": {
			"deploy/azure/settings.tf", "REKEY_CONSUMER_GROUP = ", "REKEY_CONSUMERGROUP = ", "detect is given the setting REKEY_CONSUMERGROUP, which nothing of it reads",
		},
		"a setting of OpenTelemetry is none": {
			"deploy/azure/check/testdata/known.tfvars", "OTEL_METRIC_EXPORT_INTERVAL", "REKEY_MODE", "Names that begin with OTEL_",
		},
		"a table is not made": {
			"deploy/azure/access.tf", `pages          = "write"`, "", "the plan makes no table pages",
		},
		"a playbook is missing": {"docs/playbooks/stream-silent.md", "", "", "docs/playbooks/stream-silent.md is missing"},
		"an alert names another's playbook": {
			"deploy/azure/alerts.tf", "/hub-throttled.md", "/throttled.md", "its playbook throttled has another name",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each has a copy and a folder of its own, and most of the time is OpenTofu's
			copy := copied(t)
			breakFile(t, filepath.Join(copy.Root, filepath.FromSlash(tt.file)), tt.old, tt.new)
			got := strings.Join(complaints(t, copy), "\n")
			if !strings.Contains(strings.Join(strings.Fields(got), " "), tt.want) {
				t.Errorf("wanted a complaint with %q, got:\n%s", tt.want, got)
			}
		})
	}
}

func breakFile(t *testing.T, path, old, new string) {
	t.Helper()
	if old == "" {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		return
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), old) {
		t.Fatalf("%s does not hold %q any more: break it elsewhere", path, old)
	}
	var lines []string
	for line := range strings.SplitSeq(string(b), "\n") {
		if new == "" && strings.Contains(line, old) {
			continue
		}
		lines = append(lines, strings.Replace(line, old, new, 1))
	}
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
}
