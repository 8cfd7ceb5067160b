package openapi

import (
	"encoding/json"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Named is a type that chooses the name of its schema. Others have the name of their Go type.
type Named interface{ SchemaName() string }

// Enumerated is a type that has a fixed set of values.
type Enumerated interface{ SchemaEnum() []string }

// dialect is how a version writes schemas.
type dialect struct {
	refs  string // where they are
	union bool   // a type may be a list, with null in it
}

var (
	v31 = dialect{"#/components/schemas/", true}
	v20 = dialect{"#/definitions/", false}
)

// schemas are the schemas of a document, by name.
type schemas struct {
	dialect
	all   map[string]any
	names map[reflect.Type]string
}

func newSchemas(d dialect) *schemas {
	return &schemas{d, map[string]any{}, map[reflect.Type]string{}}
}

func (s *schemas) add(name string, schema any) { s.all[name] = schema }

func (s *schemas) ref(name string) map[string]any { return map[string]any{"$ref": s.refs + name} }

// of returns the schema of a value's type.
func (s *schemas) of(v any) map[string]any { return s.schema(reflect.TypeOf(v)) }

var (
	timeType  = reflect.TypeFor[time.Time]()
	rawType   = reflect.TypeFor[json.RawMessage]()
	bytesType = reflect.TypeFor[[]byte]()
	enumType  = reflect.TypeFor[Enumerated]()
	namedType = reflect.TypeFor[Named]()
)

func (s *schemas) schema(t reflect.Type) map[string]any {
	switch {
	case t == timeType:
		return map[string]any{"type": "string", "format": "date-time"}
	case t == bytesType:
		return map[string]any{"type": "string", "format": "byte"}
	case t == rawType || t.Kind() == reflect.Interface:
		return map[string]any{}
	case t.Kind() == reflect.String && t.Implements(enumType):
		return map[string]any{"type": "string", "enum": reflect.Zero(t).Interface().(Enumerated).SchemaEnum()}
	}
	switch t.Kind() {
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Float32, reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return map[string]any{"type": "integer"}
	case reflect.Pointer:
		return s.nullable(s.schema(t.Elem()))
	case reflect.Slice, reflect.Array:
		return map[string]any{"type": "array", "items": s.schema(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": s.schema(t.Elem())}
	case reflect.Struct:
		return s.named(t)
	}
	panic(fmt.Sprintf("openapi: a value of type %s cannot be described", t))
}

// nullable makes a schema that also allows null.
func (s *schemas) nullable(of map[string]any) map[string]any {
	kind, plain := of["type"].(string)
	switch {
	case s.union && plain:
		of["type"] = []string{kind, "null"}
	case s.union:
		return map[string]any{"anyOf": []any{of, map[string]any{"type": "null"}}}
	case plain:
		of["x-nullable"] = true
	default:
		return map[string]any{"allOf": []any{of}, "x-nullable": true}
	}
	return of
}

// named puts a struct's schema among the others once, and returns a reference to it.
func (s *schemas) named(t reflect.Type) map[string]any {
	if name, ok := s.names[t]; ok {
		return s.ref(name)
	}
	name := s.name(t)
	s.names[t] = name
	s.all[name] = nil // taken, also while its own fields are looked at
	properties, required := map[string]any{}, []string{}
	s.fields(t, properties, &required)
	schema := map[string]any{"type": "object", "properties": properties}
	if len(required) > 0 {
		slices.Sort(required)
		schema["required"] = required
	}
	s.all[name] = schema
	return s.ref(name)
}

// name chooses a schema's name. Types of two packages with one name are told apart by their packages.
func (s *schemas) name(t reflect.Type) string {
	if t.Implements(namedType) {
		return reflect.Zero(t).Interface().(Named).SchemaName()
	}
	base, of, generic := strings.Cut(strings.TrimSuffix(t.Name(), "]"), "[")
	if base == "" {
		panic(fmt.Sprintf("openapi: %s has no name: declare a type", t))
	}
	if generic { // Collection[rekey/handlers/risk.detection] is a detectionCollection
		base = strings.TrimPrefix(path.Ext(of), ".") + base
	}
	name := lower(base)
	if _, taken := s.all[name]; taken {
		name = path.Base(t.PkgPath()) + base
	}
	return name
}

func lower(name string) string {
	r := []rune(name)
	r[0] = unicode.ToLower(r[0])
	return string(r)
}

// fields collects the properties as encoding/json writes them. What is left out when it is empty is not required.
func (s *schemas) fields(t reflect.Type, into map[string]any, required *[]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			s.fields(f.Type, into, required)
			continue
		case !f.IsExported() || name == "-":
			continue
		case name == "":
			name = f.Name
		}
		schema := s.schema(f.Type)
		if values := f.Tag.Get("enum"); values != "" {
			schema["enum"] = strings.Split(values, ",")
		}
		if text := f.Tag.Get("about"); text != "" {
			if _, isRef := schema["$ref"]; isRef {
				schema = map[string]any{"allOf": []any{schema}}
			}
			schema["description"] = text
		}
		into[name] = schema
		if !strings.Contains(options, "omit") {
			*required = append(*required, name)
		}
	}
}
