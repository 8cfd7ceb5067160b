package funchost

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
)

// maxLayers is how many layers of JSON string encoding are unwrapped.
const maxLayers = 3

// invocation is a decoded body: the trigger's payload as events (a queue message or a timer is one event) and the
// metadata that is used.
type invocation struct {
	payload []Event
	meta    metadata
}

// decode reads an invocation body as a stream. Only the first binding of Data is read: functions have one.
func decode(r io.Reader) (*invocation, error) {
	inv := &invocation{}
	d := &decoder{inv: inv}
	p := newParser(r)
	err := p.object(func(key string) error {
		switch key {
		case "Data":
			return p.object(func(string) error {
				if d.read {
					return p.value(io.Discard)
				}
				d.read = true
				return d.events(p, 0)
			})
		case "Metadata":
			return p.object(func(key string) error { return inv.meta.read(p, key) })
		}
		return p.value(io.Discard)
	})
	if err != nil {
		return nil, fmt.Errorf("reading invocation: %w", err)
	}
	inv.finish()
	return inv, nil
}

// decoder collects the payload. The scratch buffer holds one event's text at a time.
type decoder struct {
	inv     *invocation
	read    bool
	scratch bytes.Buffer
}

// events reads the payload: an array of events, or a single one, under any number of string layers.
func (d *decoder) events(p *parser, layer int) error {
	c, err := p.peek()
	if err != nil {
		return err
	}
	switch {
	case c == '[':
		return p.list('[', ']', func() error { return d.element(p) })
	case c == '"' && layer < maxLayers:
		return d.unwrap(p, layer)
	}
	return d.element(p)
}

// unwrap opens a string: what it holds may be an array, another string, or one event's text.
func (d *decoder) unwrap(p *parser, layer int) error {
	if err := p.expect('"'); err != nil {
		return err
	}
	content := &unquoter{in: p.in}
	inner := &parser{bufio.NewReaderSize(content, bufferSize)}
	if first, err := inner.in.Peek(1); err == nil && (first[0] == '[' || first[0] == '"') {
		if err := d.events(inner, layer+1); err != nil {
			return err
		}
		_, err := io.Copy(io.Discard, inner.in)
		return err
	}
	d.scratch.Reset()
	if _, err := d.scratch.ReadFrom(inner.in); err != nil {
		return err
	}
	d.add(body(d.scratch.Bytes()))
	return nil
}

// element reads one event: a string, or any other value as its JSON text.
func (d *decoder) element(p *parser) error {
	d.scratch.Reset()
	c, err := p.peek()
	if err != nil {
		return err
	}
	if c != '"' {
		err := p.value(&d.scratch)
		d.add(bytes.Clone(d.scratch.Bytes()))
		return err
	}
	if err := p.text(&d.scratch); err != nil {
		return err
	}
	d.add(body(d.scratch.Bytes()))
	return nil
}

func (d *decoder) add(b []byte) { d.inv.payload = append(d.inv.payload, Event{Body: b}) }

// body tells bytes from text. A binary binding sends base64, a string binding the text itself. Text that begins like
// JSON is text; else what is valid base64 is bytes; all other text is text. A log message is always JSON, so the only
// text that could be mistaken is a broken one that happens to be base64, and that is parked either way.
func body(text []byte) []byte {
	if trimmed := bytes.TrimLeft(text, " \t\r\n\ufeff"); len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[') {
		return bytes.Clone(text)
	}
	out := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Strict().Decode(out, text)
	if err != nil {
		return bytes.Clone(text)
	}
	return out[:n:n]
}
