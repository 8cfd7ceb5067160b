// Package logicapps is Rekey for Azure Logic Apps and Power Automate: the description of a custom connector, made from the table of
// routes, and workflows to begin with. docs/logic-apps.md says how they are deployed; the package engine runs the workflows in tests.
package logicapps

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"rekey/shared/host/httpapi"
	"rekey/shared/host/openapi"
	"rekey/shared/notice"
)

// notification is what a callback gets. A designer shows one list of properties, so that the three kinds of data become one.
type notification struct {
	ID      string `json:"id" about:"The same for the same truth: what comes twice can be told."`
	Type    string `json:"type"`
	Subject string `json:"subject" about:"detections/, operations/ or rotations/, and the id."`
	Time    string `json:"time" about:"When it became so."`
	Data    kinds  `json:"data"`
}

// SchemaName is the name of the type.
func (notification) SchemaName() string { return "notice" }

// kinds are the kinds of data; merge makes one of them.
type kinds struct {
	Detection detection
	Operation operation
	Rotation  rotation
}

// SchemaName is the name of the type.
func (kinds) SchemaName() string { return "noticeData" }

type (
	detection struct{ notice.Detection }
	operation struct{ notice.Operation }
	rotation  struct{ notice.Rotation }
)

// parts are the names of the kinds of data until they are one.
var parts = []string{"noticeDetection", "noticeOperation", "noticeRotation"}

// SchemaName is the name of the type.
func (detection) SchemaName() string { return parts[0] }

// SchemaName is the name of the type.
func (operation) SchemaName() string { return parts[1] }

// SchemaName is the name of the type.
func (rotation) SchemaName() string { return parts[2] }

// merge makes one schema of the kinds of data. None of its properties is there always.
func merge(definitions map[string]any) {
	properties := map[string]any{}
	for _, name := range parts {
		maps.Copy(properties, definitions[name].(map[string]any)["properties"].(map[string]any))
		delete(definitions, name)
	}
	definitions["noticeData"] = map[string]any{"type": "object", "properties": properties}
}

// left are the calls that a workflow has no use for: a connector unsubscribes by the address that subscribing answered.
var left = []string{"describe", "unsubscribeCallback"}

// scope is what the connector's users consent to: everything of Rekey's registration that their client was granted.
const scope = "api://rekey/.default"

// Connector describes the API as a custom connector, in OpenAPI 2.0 with Microsoft's extensions.
func Connector(a openapi.API) openapi.Document {
	const told = "/notification"
	a.Routes = slices.DeleteFunc(slices.Clone(a.Routes), func(r httpapi.Route) bool { return slices.Contains(left, r.Name) })
	a.Routes = append(a.Routes, httpapi.Route{ // for its schema only
		Method: http.MethodGet, Path: told, Name: "notification", About: httpapi.About{Answers: []httpapi.Answer{{Status: http.StatusOK, Body: notification{}}}},
	})
	d := a.V20()
	paths := d["paths"].(map[string]any)
	delete(paths, told)
	for path, item := range paths {
		for _, operation := range item.(map[string]any) {
			dress(operation.(map[string]any))
			choose(path, operation.(map[string]any))
		}
	}
	trigger(d, paths)
	definitions := d["definitions"].(map[string]any)
	merge(definitions)
	for _, s := range definitions {
		title(s.(map[string]any))
	}
	entra := d["securityDefinitions"].(map[string]any)["entra"].(map[string]any)
	entra["scopes"] = map[string]any{scope: "what was granted"}
	d["security"] = []any{map[string]any{"entra": []string{scope}}}
	d["x-ms-connector-metadata"] = []any{map[string]any{"propertyName": "Categories", "propertyValue": "Security"}}
	return d
}

// trigger makes subscribing the connector's trigger.
func trigger(d openapi.Document, paths map[string]any) {
	item := paths["/subscriptions"].(map[string]any)
	subscribe := item["post"].(map[string]any)
	subscribe["summary"] = "When Rekey has something to tell"
	subscribe["x-ms-trigger"] = "single"
	subscribe["x-ms-trigger-hint"] = "Confirm or dismiss a risk, or let a remediation change its state, to see it fire."
	item["x-ms-notification-content"] = map[string]any{"description": "What became known or changed.", "schema": map[string]any{"$ref": "#/definitions/notice"}}
	body := d["definitions"].(map[string]any)["subscriptionRequest"].(map[string]any)["properties"].(map[string]any)
	callback := body["callbackUrl"].(map[string]any)
	callback["x-ms-notification-url"], callback["x-ms-visibility"] = true, "internal"
	body["once"].(map[string]any)["x-ms-visibility"] = "internal" // a trigger fires again and again
	body["expirationDateTime"].(map[string]any)["x-ms-visibility"] = "advanced"
	types := body["types"].(map[string]any)["items"].(map[string]any)
	types["enum"] = notice.Types
	paths["/subscriptions/{id}"].(map[string]any)["delete"].(map[string]any)["x-ms-visibility"] = "internal"
}

// visibility of parameters that most workflows leave alone, or that the engine fills in.
var visibility = map[string]string{
	"Prefer": "advanced", "Accept": "advanced", "Idempotency-Key": "advanced", "$select": "advanced", "$orderby": "advanced", "$count": "advanced", "named": "advanced", "$skiptoken": "internal",
}

// choices are the parameters for which a designer can show what there is.
var choices = map[string]map[string]any{
	"/remediations/":  values("listRemediations", "displayName"),
	"/subscriptions/": values("listSubscriptions", "callback"),
	"/identityProtection/riskyServicePrincipals/": values("listPrincipals", "displayName"),
	"/identity/conditionalAccess/policies/":       values("listPolicies", "displayName"),
}

func values(operation, title string) map[string]any {
	return map[string]any{"operationId": operation, "value-collection": "value", "value-path": "id", "value-title": title}
}

// longest is how many characters a designer shows of a call's name.
const longest = 80

// dress words an operation as designers show them.
func dress(o map[string]any) {
	delete(o, "security") // one sign-in opens all: the connection is a person's or a workflow's, and its permissions decide
	summary := o["summary"].(string)
	if _, ok := o["description"]; !ok {
		o["description"] = summary
	}
	if len(summary) > longest {
		summary, _, _ = strings.Cut(summary, ":")
	}
	o["summary"] = strings.TrimSuffix(summary, ".")
	for _, p := range o["parameters"].([]any) {
		p := p.(map[string]any)
		name := p["name"].(string)
		p["x-ms-summary"] = words(name)
		if v, ok := visibility[name]; ok {
			p["x-ms-visibility"] = v
		}
		if p["in"] == "path" {
			p["x-ms-url-encoding"] = "single"
		}
	}
}

// choose shows what there is for the ids in paths.
func choose(path string, o map[string]any) {
	for prefix, v := range choices {
		if !strings.HasPrefix(path, prefix+"{id}") {
			continue
		}
		for _, p := range o["parameters"].([]any) {
			if p := p.(map[string]any); p["in"] == "path" {
				p["x-ms-dynamic-values"] = maps.Clone(v)
			}
		}
	}
}

// title gives every property of a schema the name that people read.
func title(schema map[string]any) {
	properties, _ := schema["properties"].(map[string]any)
	for name, p := range properties {
		p := p.(map[string]any)
		if _, isRef := p["$ref"]; !isRef {
			p["x-ms-summary"] = words(name)
		}
	}
}

var word = regexp.MustCompile(`[A-Z]?[a-z]+|[A-Z]+|[0-9]+`)

// words writes a name as words: servicePrincipalId is Service Principal Id.
func words(name string) string {
	out := word.FindAllString(name, -1)
	for i, w := range out {
		out[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(out, " ")
}
