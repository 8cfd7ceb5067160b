package funchost

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"io"
	"math"
	"slices"
)

// Payloads in base64 are nearly all that this process reads, so they are decoded without copying them first, and twice
// as fast as by the standard library, which decides about all that is not plain: the end, padding, line breaks.

// text reads one event's text to its end. Base64 is decoded where it lies in the buffer of in. From the first character
// on that is none it is read from rest, which is the same stream but knows the string's escapes.
func (d *decoder) text(in *bufio.Reader, rest io.Reader) error {
	d.decoded = d.decoded[:0]
	for more := true; more; {
		more = d.buffered(in)
	}
	d.scratch.Reset()
	if _, err := d.scratch.ReadFrom(rest); err != nil {
		return err
	}
	d.add(d.body(d.scratch.Bytes()))
	return nil
}

// buffered decodes what is in the buffer, and reports whether that was anything.
func (d *decoder) buffered(in *bufio.Reader) bool {
	_, _ = in.Peek(2 * word) // an error shows when the rest is read
	b, _ := in.Peek(in.Buffered())
	d.decoded = slices.Grow(d.decoded, len(b))
	n := bulk(d.decoded[len(d.decoded):cap(d.decoded)], b)
	d.decoded = d.decoded[:len(d.decoded)+n/4*3]
	_, _ = in.Discard(n)
	return n > 0
}

// body tells bytes from text. A binary binding sends base64, a string binding the text itself. Text that begins like
// JSON is text; else what is valid base64 is bytes; all other text is text. A log message is always JSON, so the only
// text that could be mistaken is a broken one that happens to be base64, and that is parked either way. What was decoded
// so far are whole groups of characters, so a text that turns out not to be base64 can be had back.
func (d *decoder) body(rest []byte) []byte {
	if len(d.decoded) == 0 && looksLikeJSON(rest) {
		return bytes.Clone(rest)
	}
	end := make([]byte, base64.StdEncoding.DecodedLen(len(rest)))
	n, err := base64.StdEncoding.Strict().Decode(end, rest)
	if err != nil {
		return append(base64.StdEncoding.AppendEncode(nil, d.decoded), rest...)
	}
	return append(append(make([]byte, 0, len(d.decoded)+n), d.decoded...), end[:n]...)
}

func looksLikeJSON(text []byte) bool {
	text = bytes.TrimLeft(text, " \t\r\n\ufeff")
	return len(text) > 0 && (text[0] == '{' || text[0] == '[')
}

// pairs has the twelve bits that two characters of base64 stand for, at the characters read as a little-endian number;
// other pairs have invalid. Two characters at a time are worth a large table, of which only the eight kilobytes that stand
// for valid pairs are ever touched: payloads are most of what this process reads.
var pairs = func() *[1 << 16]uint16 {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	var t [1 << 16]uint16
	for i := range t {
		t[i] = invalid
	}
	for i := range alphabet {
		for j := range alphabet {
			t[int(alphabet[i])|int(alphabet[j])<<8] = uint16(i<<6 | j)
		}
	}
	return &t
}()

const invalid = math.MaxUint16

const word = 8

// bulk decodes eight characters at a time, as long as they are of the alphabet and more follow, and returns how many it
// took. It leaves the end with its padding, and text with line breaks, to the standard library.
func bulk(out, text []byte) (read int) {
	for t := pairs; len(text) > word && len(out) >= word; read += word {
		w := binary.LittleEndian.Uint64(text)
		a, b, c, d := uint64(t[uint16(w)]), uint64(t[uint16(w>>16)]), uint64(t[uint16(w>>32)]), uint64(t[w>>48])
		if (a|b|c|d)>>12 != 0 {
			break
		}
		binary.BigEndian.PutUint64(out, a<<52|b<<40|c<<28|d<<16) // the last two bytes are written over by the next word
		text, out = text[word:], out[word/4*3:]
	}
	return read
}
