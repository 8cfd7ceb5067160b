package check

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Tools are the built OpenTofu and, in its folder, the azapi provider.
type Tools struct{ Tofu string }

// Resource is one that a plan makes.
type Resource struct {
	Address string
	Mode    string
	Type    string // azapi_resource, azapi_update_resource or azapi_resource_action
	Name    string
	Change  struct {
		After        map[string]any
		AfterUnknown map[string]any `json:"after_unknown"`
	}
}

// azure returns the Azure type without its version.
func (r Resource) azure() string {
	t, _, _ := strings.Cut(r.text("type"), "@")
	return t
}

func (r Resource) text(key string) string {
	s, _ := r.Change.After[key].(string)
	return s
}

// at returns what stands at a path of the body.
func (r Resource) at(path ...string) any {
	v := r.Change.After["body"]
	for _, key := range path {
		m, _ := v.(map[string]any)
		v = m[key]
	}
	return v
}

// Plan is what would be made.
type Plan struct {
	Resources []Resource `json:"resource_changes"`
}

// Run runs OpenTofu in a folder. Nothing of the network is asked: the provider is the built one, and the credentials are made up.
func (t Tools) Run(ctx context.Context, dir string, args ...string) ([]byte, error) {
	rc := filepath.Join(dir, ".tofurc")
	override := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"Azure/azapi\" = %q\n  }\n}\n", filepath.Dir(t.Tofu))
	if err := os.WriteFile(rc, []byte(override), 0o600); err != nil {
		return nil, err
	}
	c := exec.CommandContext(ctx, t.Tofu, args...) //nolint:gosec // the tool that was built
	c.Dir = dir
	c.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+rc, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "ARM_USE_CLI=false",
		"ARM_CLIENT_ID=11111111-1111-1111-1111-111111111111", "ARM_CLIENT_SECRET=none")
	var out, complaint bytes.Buffer
	c.Stdout, c.Stderr = &out, &complaint
	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("tofu %s: %w\n%s", args[0], err, complaint.String())
	}
	return out.Bytes(), nil
}

// Plan plans a folder with files of variables.
func (t Tools) Plan(ctx context.Context, dir string, vars ...string) (*Plan, error) {
	args := []string{"plan", "-no-color", "-input=false", "-lock=false", "-out=check.plan", "-var=skip_provider_registration=true", "-var=vault_api_version=2023-07-01"}
	for _, v := range vars {
		args = append(args, "-var-file="+v)
	}
	if _, err := t.Run(ctx, dir, args...); err != nil {
		return nil, err
	}
	b, err := t.Run(ctx, dir, "show", "-json", "check.plan")
	if err != nil {
		return nil, err
	}
	var p Plan
	return &p, json.Unmarshal(b, &p)
}

// Lay copies the deployment into a folder of its own, so that a plan leaves nothing behind. In the copy, resources that
// only change what Azure made are ordinary ones: azapi checks no others against the schemas.
func (t Tree) Lay(dir string) error {
	files, err := t.terraform()
	if err != nil {
		return err
	}
	for name, text := range files {
		text = strings.ReplaceAll(text, `resource "azapi_update_resource"`, `resource "azapi_resource"`)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	for _, name := range []string{"terraform.tfvars.example", "check/testdata/known.tfvars", "check/testdata/brought.tfvars"} {
		text, err := t.read("deploy", "azure", filepath.FromSlash(name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}
