package face_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"rekey/handlers/face"
)

// described is docs/openapi.json as a program reads it.
var described = sync.OnceValues(func() (map[string]any, error) {
	b, err := face.API(routes()).V31().JSON()
	if err != nil {
		return nil, err
	}
	var d map[string]any
	return d, json.Unmarshal(b, &d)
})

func in(v any, path ...string) any {
	for _, p := range path {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	return v
}

// conforms checks an answer against what the description says of it.
func (w *world) conforms(method, path string, a answer) {
	w.t.Helper()
	d, err := described()
	if err != nil {
		w.t.Fatal(err)
	}
	path, _, _ = strings.Cut(path, "?")
	for _, r := range routes() {
		form := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(r.Path), `\{id\}`, "[^/]+") + "$")
		if r.Method != method || !form.MatchString(path) || r.Path == "/openapi.json" || strings.HasSuffix(r.Path, "{id}") && slices.Contains([]string{"/stop", "/resume"}, path[strings.LastIndex(path, "/"):]) {
			continue
		}
		responses := in(d, "paths", r.Path, strings.ToLower(method), "responses")
		schema := in(responses, fmt.Sprint(a.status), "content", "application/json", "schema")
		if a.status >= 400 {
			schema = map[string]any{"$ref": "#/components/schemas/error"}
		}
		if schema == nil {
			w.t.Errorf("%s %s: the answer %d is not described", method, r.Path, a.status)
			return
		}
		for _, bad := range against(d, schema, a.body, r.Name) {
			w.t.Errorf("%d of %s", a.status, bad)
		}
		return
	}
}

// against says in what a value differs from a schema. Of JSON Schema it knows what the descriptions use; a property that is
// not described is a difference, too.
func against(d, schema, v any, at string) (bad []string) {
	if ref, ok := in(schema, "$ref").(string); ok {
		return against(d, in(d, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...), v, at)
	}
	for _, key := range []string{"anyOf", "allOf"} {
		if list, ok := in(schema, key).([]any); ok {
			for _, s := range list {
				x := against(d, s, v, at)
				if key == "anyOf" && len(x) == 0 {
					return nil
				}
				bad = append(bad, x...)
			}
			return bad
		}
	}
	kinds, _ := in(schema, "type").([]any)
	if kind, ok := in(schema, "type").(string); ok {
		kinds = []any{kind}
	}
	if len(kinds) > 0 && !slices.Contains(kinds, any(kindOf(v))) && (!slices.Contains(kinds, any("integer")) || kindOf(v) != "number") {
		return []string{fmt.Sprintf("%s is %s, described as %v", at, kindOf(v), kinds)}
	}
	if values, ok := in(schema, "enum").([]any); ok && !slices.Contains(values, v) {
		bad = append(bad, fmt.Sprintf("%s is %v, described as one of %v", at, v, values))
	}
	switch v := v.(type) {
	case string:
		if _, err := time.Parse(time.RFC3339, v); in(schema, "format") == "date-time" && err != nil {
			bad = append(bad, fmt.Sprintf("%s is no time: %s", at, v))
		}
	case []any:
		for i, x := range v {
			bad = append(bad, against(d, in(schema, "items"), x, fmt.Sprintf("%s[%d]", at, i))...)
		}
	case map[string]any:
		bad = append(bad, members(d, schema, v, at)...)
	}
	return bad
}

func members(d, schema any, v map[string]any, at string) (bad []string) {
	properties, _ := in(schema, "properties").(map[string]any)
	required, _ := in(schema, "required").([]any)
	for _, name := range required {
		if _, ok := v[name.(string)]; !ok {
			bad = append(bad, fmt.Sprintf("%s lacks %s", at, name))
		}
	}
	for name, x := range v {
		s, ok := properties[name]
		if !ok {
			s, ok = in(schema, "additionalProperties"), in(schema, "additionalProperties") != nil
		}
		if !ok && properties != nil {
			bad = append(bad, fmt.Sprintf("%s has %s, which is not described", at, name))
			continue
		}
		bad = append(bad, against(d, s, x, at+"."+name)...)
	}
	return bad
}

func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case []any:
		return "array"
	}
	return "object"
}
