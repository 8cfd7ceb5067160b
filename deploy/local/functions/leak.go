package functions

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"time"
)

// isoDate is what Json.NET takes for a date.
var isoDate = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?$`)

// leak adds the payload's own properties to the metadata, and lets them replace the trigger's. The real host does this
// for binding expressions; a handler must know that whoever writes the message writes the metadata, and a local host
// that were kinder would hide it. Arrays do not leak, and payloads that are not objects have nothing to leak.
func leak(meta object, payload string) object {
	properties, err := members(payload)
	if err != nil {
		return meta
	}
	for _, p := range properties {
		if v, ok := dotNet(p.value.(json.RawMessage)); ok {
			meta = meta.set(p.name, v)
		}
	}
	return meta
}

// members reads a JSON object's members in order, their values as raw text.
func members(text string) (object, error) {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("reading payload: not an object")
	}
	var out object
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return nil, err
		}
		out = append(out, member{name.(string), v})
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("reading payload: more than one value")
	}
	return out, nil
}

// dotNet prints a value as .NET's ToString does: True for true, dates in the invariant culture's form.
func dotNet(v json.RawMessage) (any, bool) {
	switch v[0] {
	case '[':
		return nil, false
	case '{':
		var compact bytes.Buffer
		err := json.Compact(&compact, v)
		return json.RawMessage(compact.Bytes()), err == nil
	case 't':
		return "True", true
	case 'f':
		return "False", true
	case 'n':
		return "", true
	case '"':
		var s string
		err := json.Unmarshal(v, &s)
		return dated(s), err == nil
	}
	return string(v), true
}

// dated reprints what looks like a date.
func dated(s string) string {
	if !isoDate.MatchString(s) {
		return s
	}
	for _, layout := range []string{time.RFC3339Nano, ticks} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC().Format("01/02/2006 15:04:05")
		}
	}
	return s
}
