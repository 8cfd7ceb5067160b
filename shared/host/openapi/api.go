package openapi

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"rekey/shared/host/httpapi"
)

// API is what is described.
type API struct {
	Title, Version, Text string
	Server               string // where the paths begin, like https://contoso-rekey.azurewebsites.net/api
	Authority            string // of the tenant, like https://login.microsoftonline.com/organizations
	Routes               []httpapi.Route
}

// Document is a description, ready to be encoded.
type Document map[string]any

// JSON encodes a description for people to read and for comparing: indented, the keys sorted.
func (d Document) JSON() ([]byte, error) {
	b, err := json.MarshalIndent(d, "", "  ")
	return append(b, '\n'), err
}

const scheme = "entra"

// V31 describes the API in OpenAPI 3.1.
func (a API) V31() Document {
	s := newSchemas(v31)
	paths := map[string]any{}
	for _, r := range a.Routes {
		add(paths, r, a.operation31(r, s))
	}
	s.add("error", failure)
	scopes := a.scopes()
	flow := func(urls map[string]any) map[string]any { urls["scopes"] = scopes; return urls }
	return Document{
		"openapi": "3.1.0", "info": a.info(), "servers": []any{map[string]any{"url": a.Server}}, "tags": a.tags(), "paths": paths,
		"components": map[string]any{
			"schemas": s.all,
			"responses": map[string]any{"error": map[string]any{
				"description": refused, "content": map[string]any{jsonType: map[string]any{"schema": s.ref("error")}},
			}},
			"securitySchemes": map[string]any{scheme: map[string]any{
				"type": "oauth2", "description": "Access tokens of Microsoft Entra. Applications have the names as app roles, users' clients as scopes.",
				"flows": map[string]any{
					"clientCredentials": flow(map[string]any{"tokenUrl": a.Authority + tokenPath}),
					"authorizationCode": flow(map[string]any{"tokenUrl": a.Authority + tokenPath, "authorizationUrl": a.Authority + authorizePath}),
				},
			}},
		},
	}
}

const (
	jsonType      = "application/json"
	plainType     = "text/plain"
	tokenPath     = "/oauth2/v2.0/token"
	authorizePath = "/oauth2/v2.0/authorize"
	refused       = "It was refused, or could not be done: what was wrong, and what to do."
)

func (a API) info() map[string]any {
	return map[string]any{"title": a.Title, "version": a.Version, "description": a.Text}
}

func (a API) tags() []any {
	out, seen := []any{}, map[string]bool{}
	for _, r := range a.Routes {
		if t := r.About.Tag; t != "" && !seen[t] {
			seen[t] = true
			out = append(out, map[string]any{"name": t})
		}
	}
	return out
}

// scopes are all names of permissions, each with what it is for.
func (a API) scopes() map[string]any {
	out := map[string]any{}
	for _, r := range a.Routes {
		for _, set := range r.Permission.AnyOf {
			for _, name := range set {
				if _, ok := out[name]; !ok {
					out[name] = r.Permission.Name
				}
			}
		}
	}
	return out
}

func add(paths map[string]any, r httpapi.Route, operation map[string]any) {
	item, _ := paths[r.Path].(map[string]any)
	if item == nil {
		item = map[string]any{}
		paths[r.Path] = item
	}
	item[strings.ToLower(r.Method)] = operation
}

// head is what both versions say of a call.
func head(r httpapi.Route) map[string]any {
	out := map[string]any{"operationId": r.Name, "summary": r.Summary}
	if r.About.Tag != "" {
		out["tags"] = []string{r.About.Tag}
	}
	if r.About.Text != "" {
		out["description"] = r.About.Text
	}
	var security []any
	for _, set := range r.Permission.AnyOf {
		security = append(security, map[string]any{scheme: set})
	}
	out["security"] = security
	var roles []string
	for _, id := range r.Permission.Roles {
		roles = append(roles, httpapi.RoleName(id))
	}
	out["x-rekey-directory-roles"] = roles
	return out
}

func (a API) operation31(r httpapi.Route, s *schemas) map[string]any {
	out := head(r)
	params := []any{}
	each(r, func(in string, p httpapi.Param) {
		params = append(params, map[string]any{"name": p.Name, "in": in, "required": p.Required, "description": p.Text, "schema": kind(p)})
	})
	out["parameters"] = params
	if r.About.Body != nil {
		out["requestBody"] = map[string]any{"required": true, "content": map[string]any{jsonType: map[string]any{"schema": s.of(r.About.Body)}}}
	}
	responses := map[string]any{"default": map[string]any{"$ref": "#/components/responses/error"}}
	for _, x := range r.About.Answers {
		response := map[string]any{"description": x.Text}
		content := map[string]any{}
		if x.Body != nil {
			content[jsonType] = map[string]any{"schema": s.of(x.Body)}
		}
		if x.Plain {
			content[plainType] = map[string]any{"schema": map[string]any{"type": "string"}}
		}
		if len(content) > 0 {
			response["content"] = content
		}
		headers := map[string]any{}
		for _, p := range x.Headers {
			headers[p.Name] = map[string]any{"description": p.Text, "schema": kind(p)}
		}
		if len(headers) > 0 {
			response["headers"] = headers
		}
		responses[strconv.Itoa(x.Status)] = response
	}
	out["responses"] = responses
	return out
}

var placeholder = regexp.MustCompile(`\{([A-Za-z]+)\}`)

// each calls fn for every parameter: those of the path first.
func each(r httpapi.Route, fn func(in string, p httpapi.Param)) {
	for _, m := range placeholder.FindAllStringSubmatch(r.Path, -1) {
		fn("path", httpapi.Param{Name: m[1], Text: "The resource's " + m[1] + ".", Required: true})
	}
	for _, p := range r.About.Query {
		fn("query", p)
	}
	for _, p := range r.About.Headers {
		fn("header", p)
	}
}

// kind is a parameter's schema.
func kind(p httpapi.Param) map[string]any {
	out := map[string]any{"type": "string"}
	if p.Kind != "" {
		out["type"] = p.Kind
	}
	if len(p.Enum) > 0 {
		out["enum"] = slices.Clone(p.Enum)
	}
	return out
}

// failure is Graph's form of an error.
var failure = map[string]any{
	"type": "object", "required": []string{"error"}, "properties": map[string]any{"error": map[string]any{
		"type": "object", "required": []string{"code", "message"}, "properties": map[string]any{
			"code":    map[string]any{"type": "string", "description": "For programs."},
			"message": map[string]any{"type": "string", "description": "For people: what was wrong, and what to do."},
			"innerError": map[string]any{"type": "object", "properties": map[string]any{
				"date": map[string]any{"type": "string"}, "request-id": map[string]any{"type": "string"}, "client-request-id": map[string]any{"type": "string"},
			}},
		},
	}},
}
