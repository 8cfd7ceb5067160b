package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"rekey/deploy/azure/usage"
	"rekey/handlers/rights"
	"rekey/shared/azure/vault"
)

// Page is docs/permissions.md: what each app may do, and because of what.
func Page(needed []Grant, used map[string]*usage.Usage) string {
	var b strings.Builder
	b.WriteString(intro)
	b.WriteString("| app | role | on | because |\n|---|---|---|---|\n")
	for _, g := range needed {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", g.App, g.Role, g.On, g.Because)
	}
	b.WriteString(inAzure)
	b.WriteString("| kind of act | may | by the methods |\n|---|---|---|\n")
	actions, _ := ActActions(used["respond"])
	for _, act := range slices.Sorted(maps.Keys(actions)) {
		list, methods := actions[act], strings.Join(acts[act], ", ")
		switch act {
		case "secrets":
			list, methods = SecretActions(), "of vault.Secrets"
		case "certificates":
			list, methods = CertificateActions(), strings.Join(slices.Sorted(maps.Keys(vault.CertificatePermissions)), ", ")+" of vault.Client"
		case "look":
			methods = "that only read"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", act, code(list), methods)
	}
	b.WriteString(inGraph)
	b.WriteString("| app | permission | for the methods |\n|---|---|---|\n")
	for _, app := range Apps {
		permissions := GraphPermissions(used[app])
		for _, p := range slices.Sorted(maps.Keys(permissions)) {
			mark := ""
			if rights.Alarming(p) {
				mark = " (its holder can give itself anything)"
			}
			fmt.Fprintf(&b, "| %s | %s%s | %s |\n", app, p, mark, strings.Join(permissions[p], ", "))
		}
	}
	return b.String()
}

// GraphTable is handlers/rights/graph.tsv: what each app needs in Microsoft Graph, for the commands that give and check it.
func GraphTable(used map[string]*usage.Usage) string {
	var b strings.Builder
	for _, app := range Apps {
		permissions := GraphPermissions(used[app])
		for _, p := range slices.Sorted(maps.Keys(permissions)) {
			fmt.Fprintf(&b, "%s\t%s\t%s\n", app, p, strings.Join(permissions[p], ","))
		}
	}
	return b.String()
}

func code(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = "`" + s + "`"
	}
	return strings.Join(out, "<br>")
}

const intro = `# Permissions

What each app may do, and the people who run Rekey, and because of what. The page is made from the code (` + "`go test ./deploy/azure/check -update`" + `); ` + "`make check-deploy`" + `
compares it, and the plan in [deploy/azure](../deploy/azure/README.md), with what the functions open and call: a role that is missing or not needed
fails.

## On Rekey's own resources

Every role is given on the smallest scope that Azure knows for it.

`

const inAzure = `
## On what is not Rekey's, in Azure

Only respond, only for the kinds of act that the variable ` + "`acts`" + ` names, and only on the scopes it names. Each kind is a role of its own.

`

const inGraph = `
## In Microsoft Graph

Application permissions, which ` + "`rekey setup`" + ` gives. What the identity does not have, respond leaves to people, and says so in the plan.

`
