package arm

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// EntraSetting is a diagnostic setting of the tenant: which of Entra's logs go where. What it holds beside that is kept as
// it was read, because a setting is replaced as a whole.
type EntraSetting struct {
	Name       string
	HubRule    string // id of the namespace's authorization rule; empty if no hub is written to
	Hub        string
	Categories []string // those that are on

	properties map[string]any
}

const (
	entraDiagnostics = "/providers/microsoft.aadiam/diagnosticSettings"
	entraVersion     = "2017-04-01"
)

// MaxEntraSettings is how many diagnostic settings a tenant may have.
const MaxEntraSettings = 5

// EntraDiagnostics lists the diagnostic settings of the tenant. Security Administrator is the least role that may.
func (c *Client) EntraDiagnostics(ctx context.Context) ([]EntraSetting, error) {
	type setting struct {
		Name       string         `json:"name"`
		Properties map[string]any `json:"properties"`
	}
	found, err := pages[setting](ctx, c, request{method: http.MethodGet, doing: "reading the diagnostic settings of Entra", path: entraDiagnostics, version: entraVersion})
	var out []EntraSetting
	for _, s := range found {
		e := EntraSetting{Name: s.Name, properties: s.Properties}
		e.HubRule, _ = s.Properties["eventHubAuthorizationRuleId"].(string)
		e.Hub, _ = s.Properties["eventHubName"].(string)
		logs, _ := s.Properties["logs"].([]any)
		for _, l := range logs {
			log, _ := l.(map[string]any)
			if name, _ := log["category"].(string); name != "" && log["enabled"] == true {
				e.Categories = append(e.Categories, name)
			}
		}
		out = append(out, e)
	}
	return out, err
}

// PutEntraDiagnostics makes or replaces a diagnostic setting of the tenant. What was read of one goes along unchanged, other
// places and categories that are off included.
func (c *Client) PutEntraDiagnostics(ctx context.Context, s EntraSetting) error {
	properties := map[string]any{}
	for name, value := range s.properties {
		properties[name] = value
	}
	properties["eventHubAuthorizationRuleId"], properties["eventHubName"] = s.HubRule, s.Hub
	old, _ := properties["logs"].([]any)
	properties["logs"] = switchedOn(old, s.Categories)
	return c.call(ctx, request{
		method: http.MethodPut, doing: "writing the diagnostic setting " + s.Name + " of Entra", path: entraDiagnostics + "/" + url.PathEscape(s.Name), version: entraVersion,
		body: map[string]any{"properties": properties},
	}, nil)
}

// switchedOn returns logs with categories on, those that are there in their place.
func switchedOn(logs []any, categories []string) []any {
	out := []any{}
	seen := map[string]bool{}
	for _, c := range categories {
		seen[strings.ToLower(c)] = true
	}
	for _, l := range logs {
		log, _ := l.(map[string]any)
		name, _ := log["category"].(string)
		if name == "" {
			continue
		}
		if seen[strings.ToLower(name)] {
			log = map[string]any{"category": name, "enabled": true}
			delete(seen, strings.ToLower(name))
		}
		out = append(out, log)
	}
	for _, c := range categories {
		if seen[strings.ToLower(c)] {
			out = append(out, map[string]any{"category": c, "enabled": true})
		}
	}
	return out
}
