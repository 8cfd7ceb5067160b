package arm

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"rekey/shared/fault"
)

// Diagnostics is where a resource's logs go. Known is false if Rekey may not read it: then nothing follows from a log that
// shows nothing.
type Diagnostics struct {
	Known    bool
	Settings []DiagnosticSetting
}

// DiagnosticSetting sends categories, or groups of them, to places.
type DiagnosticSetting struct {
	Name       string
	EventHub   string // name of the hub; empty if it goes elsewhere
	HubRule    string // id of the namespace's authorization rule
	Workspace  string // id of a Log Analytics workspace
	Storage    string // id of a storage account
	Categories []string
	Groups     []string // audit or allLogs
}

// Logs reports whether a category, like AuditEvent, is sent anywhere. A category of audit is in both groups.
func (d Diagnostics) Logs(category string) (yes, known bool) {
	for _, s := range d.Settings {
		for _, c := range append(s.Categories, s.Groups...) {
			if strings.EqualFold(c, category) || strings.EqualFold(c, "audit") || strings.EqualFold(c, "allLogs") {
				return true, d.Known
			}
		}
	}
	return false, d.Known
}

// Diagnostics reads a resource's diagnostic settings. A refusal is not an error, but unknown.
func (c *Client) Diagnostics(ctx context.Context, resource string) (Diagnostics, error) {
	doing := "reading the diagnostic settings of " + resource
	if _, err := read(doing, resource); err != nil {
		return Diagnostics{}, err
	}
	type setting struct {
		Name       string `json:"name"`
		Properties struct {
			EventHubName, EventHubAuthorizationRuleID, WorkspaceID, StorageAccountID string
			Logs                                                                     []struct {
				Category, CategoryGroup string
				Enabled                 bool
			}
		} `json:"properties"`
	}
	found, err := pages[setting](ctx, c, request{method: http.MethodGet, doing: doing, path: resource + "/providers/Microsoft.Insights/diagnosticSettings", version: diagnosticsVersion})
	if errors.Is(err, fault.Denied) {
		return Diagnostics{}, nil
	}
	if err != nil {
		return Diagnostics{}, err
	}
	out := Diagnostics{Known: true}
	for _, s := range found {
		p := s.Properties
		d := DiagnosticSetting{Name: s.Name, EventHub: p.EventHubName, HubRule: p.EventHubAuthorizationRuleID, Workspace: p.WorkspaceID, Storage: p.StorageAccountID}
		for _, l := range p.Logs {
			switch {
			case !l.Enabled:
			case l.CategoryGroup != "":
				d.Groups = append(d.Groups, l.CategoryGroup)
			default:
				d.Categories = append(d.Categories, l.Category)
			}
		}
		out.Settings = append(out.Settings, d)
	}
	return out, nil
}
