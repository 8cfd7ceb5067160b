package engine

import "strings"

// template is what expressions of Azure Resource Manager can see: they are evaluated when a template is deployed, before there is a
// workflow.
type template struct{ parameters map[string]any }

// group is where templates are deployed here.
const group = "/subscriptions/00000000-0000-4000-8000-000000000000"

// templateFunctions are those that the templates use.
var templateFunctions = map[string]function{
	"parameters":             functions["parameters"],
	"resourceId":             {2, func(_ *scope, a []any) (any, error) { return resource(group+"/resourceGroups/rekey", a), nil }},
	"subscriptionResourceId": {3, func(_ *scope, a []any) (any, error) { return resource(group, a), nil }},
	"resourceGroup": {0, func(*scope, []any) (any, error) {
		return map[string]any{"location": "westeurope"}, nil
	}},
}

// resource is the id of a resource by its type and the names that the type asks for.
func resource(in string, a []any) string {
	kind := strings.Split(asText(a[0]), "/")
	id := in + "/providers/" + kind[0]
	for i, part := range kind[1:] {
		id += "/" + part + "/" + asText(a[min(i+1, len(a)-1)])
	}
	return id
}

// value evaluates every text in a value that is an expression: one in brackets.
func (t template) value(v any) (any, error) {
	switch v := v.(type) {
	case string:
		of, ok := strings.CutPrefix(v, "[")
		if !ok || strings.HasPrefix(of, "[") {
			return strings.Replace(v, "[[", "[", 1), nil
		}
		s := &scope{functions: templateFunctions, parameters: t.parameters}
		return s.expression(strings.TrimSuffix(of, "]"))
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			got, err := t.value(x)
			if err != nil {
				return nil, err
			}
			out[k] = got
		}
		return out, nil
	}
	return v, nil
}
