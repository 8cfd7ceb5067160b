package check

import (
	"fmt"
	"strings"
)

// Sites checks what no schema does: the runtime is the one for custom handlers, and each app takes its package from its own
// account as its own identity.
func Sites(p *Plan) []string {
	var out []string
	apps := 0
	for _, r := range p.Resources {
		if r.azure() != "Microsoft.Web/sites" {
			continue
		}
		apps++
		app := strings.Split(r.text("name"), "-")[1]
		config := func(path ...string) string {
			return fmt.Sprint(r.at(append([]string{"properties", "functionAppConfig"}, path...)...))
		}
		if got := config("runtime", "name") + " " + config("runtime", "version"); got != "custom 1.0" {
			out = append(out, fmt.Sprintf("%s: the runtime is %s; Flex Consumption calls that of custom handlers custom 1.0", r.Address, got))
		}
		if from := config("deployment", "storage", "value"); !strings.HasPrefix(from, "https://rekey"+app) {
			out = append(out, fmt.Sprintf("%s: the package comes from %s, which is not its own account", r.Address, from))
		}
		if as := config("deployment", "storage", "authentication", "userAssignedIdentityResourceId"); !strings.HasSuffix(as, "/"+app) {
			out = append(out, fmt.Sprintf("%s: the package is read as %s, which is not its own identity", r.Address, as))
		}
	}
	if apps != len(Apps) {
		out = append(out, fmt.Sprintf("the plan makes %d apps, not %s", apps, strings.Join(Apps, ", ")))
	}
	return out
}
