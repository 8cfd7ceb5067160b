package funchost

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// errBody says that an invocation body is not what the host writes.
var errBody = errors.New("the invocation body is not the JSON the host writes")

// unquoter reads the content of a JSON string whose opening quote was consumed. It ends with io.EOF at the closing
// quote, which it consumes. It works on the spans between escapes.
type unquoter struct {
	in    *bufio.Reader
	rest  []byte // unescaped bytes not handed out yet
	small [4]byte
	done  bool
}

// Read implements io.Reader.
func (u *unquoter) Read(p []byte) (int, error) {
	for len(u.rest) == 0 {
		if u.done {
			return 0, io.EOF
		}
		if _, err := u.in.Peek(1); err != nil {
			return 0, unexpected(err)
		}
		span, _ := u.in.Peek(u.in.Buffered())
		span = span[:min(len(span), len(p))]
		span = unescaped(span)
		if len(span) > 0 {
			n := copy(p, span)
			_, _ = u.in.Discard(n)
			return n, nil
		}
		if len(p) == 0 {
			return 0, nil
		}
		if err := u.special(); err != nil {
			return 0, err
		}
	}
	n := copy(p, u.rest)
	u.rest = u.rest[n:]
	return n, nil
}

// unescaped returns the beginning of b up to the first quote or backslash. It looks at windows of growing size, so that
// neither long strings nor many short ones are slow.
func unescaped(b []byte) []byte {
	for from, size := 0, 64; ; size *= 4 {
		to := min(from+size, len(b))
		window := b[from:to]
		if n := bytes.IndexByte(window, '\\'); n >= 0 {
			window = window[:n]
		}
		if n := bytes.IndexByte(window, '"'); n >= 0 {
			window = window[:n]
		}
		if from += len(window); from < to || to == len(b) {
			return b[:from]
		}
	}
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// special consumes a closing quote or one escape sequence.
func (u *unquoter) special() error {
	c, _ := u.in.ReadByte()
	if c == '"' {
		u.done = true
		return nil
	}
	c, err := u.in.ReadByte()
	if err != nil {
		return unexpected(err)
	}
	if c == 'u' {
		r, err := u.escape()
		u.rest = utf8.AppendRune(u.small[:0], r)
		return err
	}
	i := bytes.IndexByte([]byte(`"\/bfnrt`), c)
	if i < 0 {
		return errBody
	}
	u.small[0] = "\"\\/\b\f\n\r\t"[i]
	u.rest = u.small[:1]
	return nil
}

// escape reads the four digits of \uXXXX, and its second half for a surrogate. A lone surrogate becomes U+FFFD.
func (u *unquoter) escape() (rune, error) {
	r, err := u.hex()
	if err != nil || !utf16.IsSurrogate(r) {
		return r, err
	}
	if next, err := u.in.Peek(2); err != nil || next[0] != '\\' || next[1] != 'u' {
		return utf8.RuneError, nil
	}
	_, _ = u.in.Discard(2)
	low, err := u.hex()
	return utf16.DecodeRune(r, low), err
}

func (u *unquoter) hex() (rune, error) {
	var r rune
	for range 4 {
		c, err := u.in.ReadByte()
		if err != nil {
			return 0, unexpected(err)
		}
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, errBody
		}
	}
	return r, nil
}
