package functions

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
)

// output writes what the handler prints, line by line, each with its origin. Lines of several origins do not mix.
type output struct {
	mu sync.Mutex
	w  io.Writer // nil discards
}

func (o *output) line(origin, text string) {
	if o.w == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	fmt.Fprintf(o.w, "[%s] %s\n", origin, text) //nolint:errcheck // a console that is gone takes nothing with it
}

// longLine is where a line is broken that does not end by itself.
const longLine = 64 << 10

// lines cuts a stream into lines and keeps the last three, which the real host quotes when the process dies.
type lines struct {
	origin string
	out    *output
	rest   []byte
	last   []string
}

// Write implements io.Writer. It is called by one goroutine, the stream's.
func (l *lines) Write(b []byte) (int, error) {
	l.rest = append(l.rest, b...)
	for {
		i := bytes.IndexByte(l.rest, '\n')
		if i < 0 && len(l.rest) < longLine {
			return len(b), nil
		}
		if i < 0 {
			i = len(l.rest) - 1
		}
		l.add(strings.TrimRight(string(l.rest[:i+1]), "\r\n"))
		l.rest = l.rest[i+1:]
	}
}

func (l *lines) add(line string) {
	l.out.line(l.origin, line)
	l.last = append(l.last, line)
	l.last = l.last[max(0, len(l.last)-3):]
}

// tail ends the stream and returns its last lines in one.
func (l *lines) tail() string {
	if len(l.rest) > 0 {
		l.add(string(l.rest))
		l.rest = nil
	}
	return strings.Join(l.last, " | ")
}
