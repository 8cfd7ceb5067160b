package funchost

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// maxDepth bounds the nesting of values that are skipped or copied.
const maxDepth = 512

// parser pulls JSON from a stream.
type parser struct {
	in *bufio.Reader
}

const bufferSize = 32 << 10

func newParser(r io.Reader) *parser { return &parser{bufio.NewReaderSize(r, bufferSize)} }

// peek returns the next byte that is no space, without consuming it.
func (p *parser) peek() (byte, error) {
	for {
		b, err := p.in.Peek(1)
		if err != nil {
			return 0, unexpected(err)
		}
		switch b[0] {
		case ' ', '\t', '\r', '\n':
			_, _ = p.in.Discard(1)
		default:
			return b[0], nil
		}
	}
}

// expect consumes one given byte after spaces.
func (p *parser) expect(want byte) error {
	c, err := p.peek()
	if err != nil {
		return err
	}
	if c != want {
		return errBody
	}
	_, _ = p.in.Discard(1)
	return nil
}

// list reads a bracketed list: each is called at the beginning of each element.
func (p *parser) list(open, closing byte, each func() error) error {
	if err := p.expect(open); err != nil {
		return err
	}
	c, err := p.peek()
	if err != nil {
		return err
	}
	if c == closing {
		return p.expect(closing)
	}
	for {
		if err := each(); err != nil {
			return err
		}
		c, err := p.peek()
		if err != nil {
			return err
		}
		_, _ = p.in.Discard(1)
		if c == closing {
			return nil
		}
		if c != ',' {
			return errBody
		}
	}
}

// object reads an object: each is called at the beginning of each value.
func (p *parser) object(each func(key string) error) error {
	return p.list('{', '}', func() error {
		var key bytes.Buffer
		if err := p.text(&key); err != nil {
			return err
		}
		if err := p.expect(':'); err != nil {
			return err
		}
		return each(key.String())
	})
}

// text reads a string and appends its content.
func (p *parser) text(into *bytes.Buffer) error {
	if err := p.expect('"'); err != nil {
		return err
	}
	_, err := into.ReadFrom(&unquoter{in: p.in})
	return err
}

// value copies one value as it stands to w; io.Discard skips it.
func (p *parser) value(w io.Writer) error { return p.copy(&copier{w: w}) }

// copier gathers single bytes so that writes stay large.
type copier struct {
	w   io.Writer
	buf []byte
}

func (c *copier) put(b byte) error {
	c.buf = append(c.buf, b)
	if len(c.buf) >= 4096 {
		return c.flush()
	}
	return nil
}

func (c *copier) flush() error {
	_, err := c.w.Write(c.buf)
	c.buf = c.buf[:0]
	return err
}

func (p *parser) copy(w *copier) error {
	if _, err := p.peek(); err != nil {
		return err
	}
	var v valueScan
	for {
		b, err := p.in.Peek(1)
		if err == io.EOF && v.scalar {
			return w.flush() // a number at the very end
		}
		if err != nil {
			return unexpected(err)
		}
		if v.endsBefore(b[0]) {
			return w.flush()
		}
		_, _ = p.in.Discard(1)
		if err := w.put(b[0]); err != nil {
			return err
		}
		if end, err := v.step(b[0]); err != nil || end {
			return errors.Join(err, w.flush())
		}
	}
}

// valueScan follows one value byte by byte to find its end.
type valueScan struct {
	level   int
	quoted  bool
	escaped bool
	scalar  bool // a number or literal has begun
}

// endsBefore reports whether the byte no longer belongs to the value.
func (v *valueScan) endsBefore(c byte) bool {
	return v.scalar && (c == ',' || c == '}' || c == ']' || c <= ' ')
}

// step takes one byte of the value and reports whether it is the last.
func (v *valueScan) step(c byte) (end bool, err error) {
	switch {
	case v.escaped:
		v.escaped = false
		return false, nil
	case v.quoted && c == '\\':
		v.escaped = true
		return false, nil
	case c == '"':
		v.quoted = !v.quoted
		return !v.quoted && v.level == 0, nil
	case v.quoted:
		return false, nil
	case c == '{' || c == '[':
		v.level++
	case c == '}' || c == ']':
		v.level--
		return v.level == 0, nil
	default:
		v.scalar = v.level == 0
	}
	if v.level > maxDepth {
		return false, errBody
	}
	return false, nil
}
