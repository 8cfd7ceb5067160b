package funchost

import (
	"bufio"
	"bytes"
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

// decode reads an invocation body as a stream. Only the first binding of Data is read: functions have one. The senders'
// properties of messages are read only if they are traced.
func decode(r io.Reader, traced bool) (*invocation, error) {
	inv := &invocation{meta: metadata{traced: traced}}
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

// decoder collects the payload. Its buffers hold one event at a time.
type decoder struct {
	inv     *invocation
	read    bool
	scratch bytes.Buffer
	decoded []byte // the event's bytes, as far as its text is base64
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
	return d.text(inner.in, inner.in)
}

// element reads one event: a string, or any other value as its JSON text.
func (d *decoder) element(p *parser) error {
	c, err := p.peek()
	if err != nil {
		return err
	}
	if c != '"' {
		d.scratch.Reset()
		err := p.value(&d.scratch)
		d.add(bytes.Clone(d.scratch.Bytes()))
		return err
	}
	_, _ = p.in.Discard(1)
	return d.text(p.in, &unquoter{in: p.in})
}

func (d *decoder) add(b []byte) { d.inv.payload = append(d.inv.payload, Event{Body: b}) }
