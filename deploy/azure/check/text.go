package check

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

var (
	variable = regexp.MustCompile(`(?ms)^variable "(\w+)" \{\n(.*?)^\}`)
	local    = regexp.MustCompile(`(?m)^  (\w+)\s+= `)
	locals   = regexp.MustCompile(`(?ms)^locals \{\n(.*?)^\}`)
	role     = regexp.MustCompile(`(?m)^    (\w+)\s+= "[0-9a-f-]{36}" #`)
)

// free are variables of which every value of their type is a right one.
var free = []string{"tags", "playbook_url", "insights", "skip_provider_registration"}

// Text checks what needs no plan: variables are described, checked and used, and so are locals and roles.
func (t Tree) Text() ([]string, error) {
	files, err := t.terraform()
	if err != nil {
		return nil, err
	}
	all := strings.Join(slices.Collect(maps.Values(files)), "\n")
	var out []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		for _, m := range variable.FindAllStringSubmatch(files[name], -1) {
			out = append(out, variables(name, m[1], m[2], strings.ReplaceAll(all, m[0], ""))...)
		}
		for _, block := range locals.FindAllStringSubmatch(files[name], -1) {
			for _, m := range local.FindAllStringSubmatch(block[1], -1) {
				if !regexp.MustCompile(`\blocal\.` + m[1] + `\b`).MatchString(all) {
					out = append(out, fmt.Sprintf("%s: local.%s is used nowhere: remove it", name, m[1]))
				}
			}
		}
	}
	for _, m := range role.FindAllStringSubmatch(files["access.tf"], -1) {
		if kind, how, _ := strings.Cut(m[1], "_"); !strings.Contains(all, `"`+m[1]+`"`) && !regexp.MustCompile(`"`+kind+`_\$\{may\}"`).MatchString(all) || how == "" && !strings.Contains(all, `"`+m[1]+`"`) {
			out = append(out, fmt.Sprintf("access.tf: the role %s is given to nobody: remove it", m[1]))
		}
	}
	example, err := t.read("deploy", "azure", "terraform.tfvars.example")
	if err != nil {
		return nil, err
	}
	for _, m := range regexp.MustCompile(`(?m)^(\w+)\s+=`).FindAllStringSubmatch(example, -1) {
		if !strings.Contains(all, "variable \""+m[1]+"\" {") {
			out = append(out, fmt.Sprintf("terraform.tfvars.example sets %s, which is no variable", m[1]))
		}
	}
	return out, nil
}

func variables(file, name, body, others string) []string {
	var out []string
	if !regexp.MustCompile(`\bvar\.` + name + `\b`).MatchString(others) {
		out = append(out, fmt.Sprintf("%s: var.%s is used nowhere: remove it", file, name))
	}
	if !regexp.MustCompile(`description\s+= (".{20,}"|<<-EOT)`).MatchString(body) {
		out = append(out, fmt.Sprintf("%s: the variable %s has no description that says what it is for", file, name))
	}
	if !strings.Contains(body, "validation {") && !slices.Contains(free, name) {
		out = append(out, fmt.Sprintf("%s: the variable %s has no validation", file, name))
	}
	return out
}

var page = regexp.MustCompile(`/([a-z0-9-]+)\.md`)

// Playbooks checks that every alert names a page, that the page is there and says what to do, and that every alert of a kind of
// the plan is one.
func (t Tree) Playbooks(p *Plan) []string {
	var out []string
	for _, r := range p.Resources {
		switch r.azure() {
		case "Microsoft.Insights/scheduledQueryRules", "Microsoft.Insights/metricAlerts", "Microsoft.Insights/activityLogAlerts":
		default:
			continue
		}
		says, _ := r.at("properties", "description").(string)
		m := page.FindStringSubmatch(says[strings.LastIndex(says, " ")+1:])
		if m == nil {
			out = append(out, fmt.Sprintf("%s: its description names no playbook", r.Address))
			continue
		}
		if !strings.HasPrefix(strings.TrimPrefix(r.text("name"), "rekey-"), m[1]) {
			out = append(out, fmt.Sprintf("%s: its playbook %s has another name than the alert", r.Address, m[1]))
		}
		text, err := os.ReadFile(t.path("docs", "playbooks", m[1]+".md"))
		if err != nil {
			out = append(out, fmt.Sprintf("%s: docs/playbooks/%s.md is missing: say what it means, what to look at and what to do", r.Address, m[1]))
		} else if !strings.Contains(string(text), "## ") || len(text) < 300 {
			out = append(out, fmt.Sprintf("docs/playbooks/%s.md does not say what to do", m[1]))
		}
	}
	if len(out) == 0 && !slices.ContainsFunc(p.Resources, func(r Resource) bool { return r.azure() == "Microsoft.Insights/scheduledQueryRules" }) {
		out = append(out, "the plan has no alerts")
	}
	return out
}
