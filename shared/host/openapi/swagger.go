package openapi

import (
	"net/url"
	"strconv"

	"rekey/shared/host/httpapi"
)

// V20 describes the API in OpenAPI 2.0. What that version cannot say is left out: alternatives of an answer's form.
func (a API) V20() Document {
	s := newSchemas(v20)
	paths := map[string]any{}
	for _, r := range a.Routes {
		add(paths, r, a.operation20(r, s))
	}
	s.add("error", failure)
	out := Document{
		"swagger": "2.0", "info": a.info(), "schemes": []string{"https"}, "consumes": []string{jsonType}, "produces": []string{jsonType}, "tags": a.tags(), "paths": paths,
		"definitions": s.all,
		"securityDefinitions": map[string]any{scheme: map[string]any{
			"type": "oauth2", "flow": "accessCode", "authorizationUrl": a.Authority + authorizePath, "tokenUrl": a.Authority + tokenPath, "scopes": a.scopes(),
		}},
	}
	if u, err := url.Parse(a.Server); err == nil {
		out["host"], out["basePath"] = u.Host, u.Path
	}
	return out
}

func (a API) operation20(r httpapi.Route, s *schemas) map[string]any {
	out := head(r)
	params := []any{}
	each(r, func(in string, p httpapi.Param) {
		x := kind(p)
		x["name"], x["in"], x["required"], x["description"] = p.Name, in, p.Required, p.Text
		params = append(params, x)
	})
	if r.About.Body != nil {
		params = append(params, map[string]any{"name": "body", "in": "body", "required": true, "schema": s.of(r.About.Body)})
	}
	out["parameters"] = params
	responses := map[string]any{"default": map[string]any{"description": refused, "schema": s.ref("error")}}
	for _, x := range r.About.Answers {
		response := map[string]any{"description": x.Text}
		if x.Body != nil {
			response["schema"] = s.of(x.Body)
		}
		headers := map[string]any{}
		for _, p := range x.Headers {
			h := kind(p)
			h["description"] = p.Text
			headers[p.Name] = h
		}
		if len(headers) > 0 {
			response["headers"] = headers
		}
		responses[strconv.Itoa(x.Status)] = response
	}
	out["responses"] = responses
	return out
}
