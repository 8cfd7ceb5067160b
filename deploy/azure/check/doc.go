// Package check compares the deployment in deploy/azure with the code: what the plan makes, grants and sets with what the
// functions open, call and read. Azure is not asked: OpenTofu makes a plan with dummy credentials, and azapi checks each
// body against the API schemas that it carries.
//
// `make check-deploy` runs it. Each check returns complaints, one a line, that say what to do; the tests run them on the
// repository, and on copies of it that were broken in ways which must not pass.
package check

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Apps are the function apps.
var Apps = []string{"detect", "face", "respond"}

// People stands for those who run Rekey, beside the apps.
const People = "people"

// Tree is a checkout, or a copy of the parts that are compared.
type Tree struct{ Root string }

func (t Tree) path(parts ...string) string {
	return filepath.Join(append([]string{t.Root}, parts...)...)
}

func (t Tree) read(parts ...string) (string, error) {
	b, err := os.ReadFile(t.path(parts...))
	return string(b), err
}

// terraform returns the .tf files of the deployment, by name.
func (t Tree) terraform() (map[string]string, error) {
	files, err := filepath.Glob(t.path("deploy", "azure", "*.tf"))
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, f := range files {
		b, err := os.ReadFile(f) //nolint:gosec // a file of the repository
		if err != nil {
			return nil, err
		}
		out[filepath.Base(f)] = string(b)
	}
	return out, nil
}

// Functions returns which functions each app has, as the Makefile stages them.
func (t Tree) Functions() (map[string][]string, error) {
	makefile, err := t.read("Makefile")
	if err != nil {
		return nil, err
	}
	out := map[string][]string{}
	for _, app := range Apps {
		if m := regexp.MustCompile(`(?m)^` + app + `\s*:=(.*)$`).FindStringSubmatch(makefile); m != nil {
			out[app] = strings.Fields(m[1])
		}
	}
	return out, nil
}
