package functions

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// object is a JSON object whose members keep their order; array is a JSON array. The real host's order is kept so that
// recorded bodies can be compared byte by byte.
type (
	object []member
	array  []any
	member struct {
		name  string
		value any
	}
)

// clock is a .NET DateTime of unspecified kind: UTC that does not say so.
type clock time.Time

// Layouts of .NET times: with an offset and without one. Fractions lose their trailing zeros.
const (
	secondsOffset = "2006-01-02T15:04:05-07:00"
	seconds       = "2006-01-02T15:04:05"
	ticks         = "2006-01-02T15:04:05.9999999"
	ticksUTC      = "2006-01-02T15:04:05.9999999Z"
	ticksOffset   = "2006-01-02T15:04:05.9999999-07:00"
)

// set replaces the member of that name, whatever its case, or appends one.
func (o object) set(name string, value any) object {
	for i := range o {
		if strings.EqualFold(o[i].name, name) {
			o[i].value = value
			return o
		}
	}
	return append(o, member{name, value})
}

// has reports whether there is a member of that name, whatever its case.
func (o object) has(name string) bool {
	for _, m := range o {
		if strings.EqualFold(m.name, name) {
			return true
		}
	}
	return false
}

// value applies the host's rule for each value of Data and Metadata: bytes are base64, times have whole seconds, objects
// stay objects, and everything else becomes a JSON string that holds JSON text.
func value(v any) any {
	switch v := v.(type) {
	case []byte:
		return base64.StdEncoding.EncodeToString(v)
	case time.Time:
		return v.UTC().Format(secondsOffset)
	case clock:
		return time.Time(v).UTC().Format(seconds)
	case object:
		return v
	case json.RawMessage:
		if bytes.HasPrefix(v, []byte("{")) {
			return v
		}
	}
	return text(v)
}

// values applies the rule to each member.
func values(o object) object {
	out := make(object, len(o))
	for i, m := range o {
		out[i] = member{m.name, value(m.value)}
	}
	return out
}

// text is a value's JSON text.
func text(v any) string {
	var buf bytes.Buffer
	write(&buf, v)
	return buf.String()
}

// write writes JSON as the real host does: compact, without escapes for HTML. What cannot be JSON is written as its
// printed form, which only application properties of exotic AMQP types need.
func write(buf *bytes.Buffer, v any) {
	switch v := v.(type) {
	case object:
		list(buf, '{', '}', len(v), func(i int) {
			write(buf, v[i].name)
			buf.WriteByte(':')
			write(buf, v[i].value)
		})
	case array:
		list(buf, '[', ']', len(v), func(i int) { write(buf, v[i]) })
	case json.RawMessage:
		buf.Write(v)
	case string:
		quote(buf, v)
	case []byte:
		buf.WriteByte('"')
		buf.Write(base64.StdEncoding.AppendEncode(buf.AvailableBuffer(), v))
		buf.WriteByte('"')
	default:
		plain(buf, v)
	}
}

// list writes elements between brackets.
func list(buf *bytes.Buffer, open, shut byte, n int, element func(int)) {
	buf.WriteByte(open)
	for i := range n {
		if i > 0 {
			buf.WriteByte(',')
		}
		element(i)
	}
	buf.WriteByte(shut)
}

// quote writes a string. Base64 inside two layers of JSON is nearly all there is to write, so text of plain ASCII is
// copied in runs; any other is left to encoding/json.
func quote(buf *bytes.Buffer, s string) {
	if !ascii(s) {
		plain(buf, s)
		return
	}
	buf.Grow(len(s) + 2)
	buf.WriteByte('"')
	for {
		i := strings.IndexAny(s, `"\`)
		if i < 0 {
			break
		}
		buf.WriteString(s[:i])
		buf.WriteByte('\\')
		buf.WriteByte(s[i])
		s = s[i+1:]
	}
	buf.WriteString(s)
	buf.WriteByte('"')
}

// ascii reports whether a string is plain printable ASCII.
func ascii(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func plain(buf *bytes.Buffer, v any) {
	start := buf.Len()
	e := json.NewEncoder(buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		buf.Truncate(start)
		plain(buf, fmt.Sprint(v))
		return
	}
	buf.Truncate(buf.Len() - 1) // the encoder's newline
}
