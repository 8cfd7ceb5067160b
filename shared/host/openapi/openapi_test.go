package openapi_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rekey/shared/host/httpapi"
	"rekey/shared/host/openapi"
)

type base struct {
	ID string `json:"id"`
}

type level string

func (level) SchemaEnum() []string { return []string{"low", "high"} }

type thing struct {
	base
	Level  level             `json:"level"`
	State  string            `json:"state,omitempty" enum:"on,off" about:"Whether it is on."`
	At     *time.Time        `json:"at"`
	Parts  []thing           `json:"parts,omitempty"`
	Other  *base             `json:"other"`
	Labels map[string]string `json:"labels,omitempty"`
	Key    []byte            `json:"key,omitempty"`
	Raw    json.RawMessage   `json:"raw,omitempty"`
	hidden int
	Out    int `json:"-"`
}

func api() openapi.API {
	_ = thing{}.hidden
	return openapi.API{Title: "Things", Version: "1", Server: "https://things.example/api", Authority: "https://login.example/t", Routes: []httpapi.Route{{
		Method: http.MethodPost, Path: "/things/{id}", Name: "change", Summary: "Change one.",
		Permission: httpapi.Permission{AnyOf: [][]string{{"A"}, {"B", "C"}}, Roles: []string{httpapi.SecurityReader}},
		About: httpapi.About{
			Tag: "things", Body: thing{}, Query: []httpapi.Param{{Name: "n", Kind: "integer"}},
			Answers: []httpapi.Answer{{Status: 202, Text: "Later.", Body: httpapi.Collection[thing]{}, Plain: true, Headers: []httpapi.Param{{Name: "Location"}}}},
		},
	}}}
}

// at follows a path through a document as it is read from JSON.
func at(t *testing.T, d openapi.Document, path ...string) any {
	t.Helper()
	b, err := d.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	for _, p := range path {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	return v
}

type object = map[string]any

func TestTypesBecomeSchemas(t *testing.T) {
	ref := object{"$ref": "#/components/schemas/thing"}
	for name, want := range map[string]any{
		"id":     object{"type": "string"},
		"level":  object{"type": "string", "enum": []any{"low", "high"}},
		"state":  object{"type": "string", "enum": []any{"on", "off"}, "description": "Whether it is on."},
		"at":     object{"type": []any{"string", "null"}, "format": "date-time"},
		"parts":  object{"type": "array", "items": ref},
		"other":  object{"anyOf": []any{object{"$ref": "#/components/schemas/base"}, object{"type": "null"}}},
		"labels": object{"type": "object", "additionalProperties": object{"type": "string"}},
		"key":    object{"type": "string", "format": "byte"},
		"raw":    object{},
		"hidden": nil,
		"Out":    nil,
	} {
		if got := at(t, api().V31(), "components", "schemas", "thing", "properties", name); !cmp.Equal(got, want) {
			t.Errorf("%s: %s", name, cmp.Diff(want, got))
		}
	}
	if got, want := at(t, api().V31(), "components", "schemas", "thing", "required"), []any{"at", "id", "level", "other"}; !cmp.Equal(got, any(want)) {
		t.Errorf("required: %v", got)
	}
	if got := at(t, api().V31(), "components", "schemas", "thingCollection", "properties", "value", "items"); !cmp.Equal(got, any(ref)) {
		t.Errorf("a collection of things: %v", got)
	}
}

func TestVersion20SaysTheSameInItsOwnWords(t *testing.T) {
	d := api().V20()
	for name, want := range map[string]any{
		"at":    object{"type": "string", "format": "date-time", "x-nullable": true},
		"other": object{"allOf": []any{object{"$ref": "#/definitions/base"}}, "x-nullable": true},
	} {
		if got := at(t, d, "definitions", "thing", "properties", name); !cmp.Equal(got, want) {
			t.Errorf("%s: %s", name, cmp.Diff(want, got))
		}
	}
	if host, base := at(t, d, "host"), at(t, d, "basePath"); host != "things.example" || base != "/api" {
		t.Errorf("%v %v", host, base)
	}
	params, _ := at(t, d, "paths", "/things/{id}", "post", "parameters").([]any)
	want := []any{
		object{"name": "id", "in": "path", "required": true, "type": "string", "description": "The resource's id."},
		object{"name": "n", "in": "query", "required": false, "type": "integer", "description": ""},
		object{"name": "body", "in": "body", "required": true, "schema": object{"$ref": "#/definitions/thing"}},
	}
	if !cmp.Equal(params, want) {
		t.Error(cmp.Diff(want, params))
	}
}

func TestPermissionsAreAlternatives(t *testing.T) {
	for _, d := range []openapi.Document{api().V31(), api().V20()} {
		operation, _ := at(t, d, "paths", "/things/{id}", "post").(object)
		if want := any([]any{object{"entra": []any{"A"}}, object{"entra": []any{"B", "C"}}}); !cmp.Equal(operation["security"], want) {
			t.Errorf("security %v", operation["security"])
		}
		if want := any([]any{"Security Reader"}); !cmp.Equal(operation["x-rekey-directory-roles"], want) {
			t.Errorf("roles %v", operation["x-rekey-directory-roles"])
		}
		if responses, _ := operation["responses"].(object); responses["202"] == nil || responses["default"] == nil {
			t.Errorf("responses %v", responses)
		}
	}
}

func TestWhatCannotBeDescribedIsAProgrammingError(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a channel was described")
		}
	}()
	a := api()
	a.Routes[0].About.Body = struct{ C chan int }{}
	a.V31()
}
