package check

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"rekey/deploy/azure/pack"
	"rekey/deploy/azure/usage"
)

// Trigger is what starts a function, and the settings that its function.json names.
type Trigger struct {
	Function  string `json:"-"`
	Type      string
	QueueName string
	Names     []string // settings in %...%
	Prefix    string   // of the settings of its connection; empty for the host account
}

var percent = regexp.MustCompile(`%([A-Z0-9_]+)%`)

// Triggers returns the triggers of each app as they are staged with one more region of vaults, which
// terraform.tfvars.example has.
func (t Tree) Triggers(functions map[string][]string) (map[string][]Trigger, error) {
	out := map[string][]Trigger{}
	for app, names := range functions {
		for _, name := range names {
			text, err := t.read("functions", name, "function.json")
			if err != nil {
				return nil, err
			}
			tr, err := trigger(name, text)
			if err != nil {
				return nil, err
			}
			out[app] = append(out[app], tr)
			if name == pack.Stamped {
				tr, err = trigger(pack.Stamped+"2", pack.Stamp(text, 2))
				if err != nil {
					return nil, err
				}
				out[app] = append(out[app], tr)
			}
		}
	}
	return out, nil
}

func trigger(name, text string) (Trigger, error) {
	var file struct {
		Bindings []struct{ Type, QueueName, Connection string }
	}
	if err := json.Unmarshal([]byte(text), &file); err != nil || len(file.Bindings) == 0 {
		return Trigger{}, fmt.Errorf("functions/%s: %w", name, err)
	}
	b := file.Bindings[0]
	out := Trigger{Function: name, Type: b.Type, QueueName: b.QueueName, Prefix: b.Connection}
	for _, m := range percent.FindAllStringSubmatch(text, -1) {
		out.Names = append(out.Names, m[1])
	}
	return out, nil
}

// AppSettings are the settings of each app in a plan.
func AppSettings(p *Plan) map[string]map[string]string {
	out := map[string]map[string]string{}
	for _, r := range p.Resources {
		if r.azure() != "Microsoft.Web/sites" {
			continue
		}
		app := strings.Split(r.text("name"), "-")[1]
		out[app] = map[string]string{}
		list, _ := r.at("properties", "siteConfig", "appSettings").([]any)
		for _, s := range list {
			m, _ := s.(map[string]any)
			out[app][fmt.Sprint(m["name"])] = fmt.Sprint(m["value"])
		}
	}
	return out
}

// hosts are the settings that the Functions host reads.
var hosts = regexp.MustCompile(`^(AzureWebJobsStorage__(accountName|credential|clientId)|APPLICATIONINSIGHTS_(CONNECTION|AUTHENTICATION)_STRING|AzureFunctionsJobHost__.+)$`)

// process are the settings that every app's process reads (handlers/serve.go, and those of OpenTelemetry) and that may be set.
var process = regexp.MustCompile(`^(REKEY_LOG_LEVEL|OTEL_[A-Z0-9_]+)$`)

// identity are the settings of a connection as an identity.
var identity = []string{"__credential", "__clientId"}

// Settings compares an app's settings with those that its code, its function.json files and the host read.
func Settings(app string, set map[string]string, u *usage.Usage, triggers []Trigger) []string {
	needed, allowed := map[string]string{}, map[string]bool{}
	for name, s := range u.Settings {
		allowed[name] = true
		if s.Required {
			needed[name] = "the code asks for it"
		}
	}
	for _, tr := range triggers {
		for _, name := range tr.Names {
			needed[name] = "functions/" + tr.Function + " names it"
		}
		suffixes := identity
		switch tr.Type {
		case "eventHubTrigger":
			suffixes = append([]string{"__fullyQualifiedNamespace"}, identity...)
		case "queueTrigger":
			suffixes = append([]string{"__queueServiceUri"}, identity...)
		}
		for _, s := range suffixes {
			if tr.Prefix != "" {
				needed[tr.Prefix+s] = "the connection of functions/" + tr.Function
			}
		}
	}
	for _, name := range []string{"AzureWebJobsStorage__accountName", "AzureWebJobsStorage__credential", "AzureWebJobsStorage__clientId", "APPLICATIONINSIGHTS_CONNECTION_STRING"} {
		needed[name] = "the Functions host needs it"
	}
	var out []string
	for name, why := range needed {
		if allowed[name] = true; set[name] == "" {
			out = append(out, fmt.Sprintf("%s lacks the setting %s: %s (settings.tf)", app, name, why))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if !allowed[name] && !hosts.MatchString(name) && !process.MatchString(name) {
			out = append(out, fmt.Sprintf("%s is given the setting %s, which nothing of it reads (settings.tf)", app, name))
		}
	}
	slices.Sort(out)
	return out
}
