package scan

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"rekey/shared/event"
	"rekey/shared/score"
)

// lines is a file of JSON lines that several workers write to. A nil lines takes everything and keeps nothing.
type lines struct {
	mu sync.Mutex
	w  *bufio.Writer
	f  io.Closer
}

// createLines makes the file; an empty path is no file.
func createLines(path string) (*lines, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("opening output: %w", err)
	}
	return &lines{w: bufio.NewWriterSize(f, 1<<20), f: f}, nil
}

// Write writes whole lines.
func (l *lines) Write(b []byte) (int, error) {
	if l == nil || len(b) == 0 {
		return len(b), nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

// Close writes out what is buffered.
func (l *lines) Close() error {
	if l == nil {
		return nil
	}
	err := l.w.Flush()
	if e := l.f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("writing output: %w", err)
	}
	return nil
}

// appendScore appends the line of one sign-in.
func appendScore(b []byte, e *event.Event, s score.Score) ([]byte, error) {
	b = appendText(append(b, `{"id":`...), e.ID)
	b = append(b, `,"time":"`...)
	b = e.Time.UTC().AppendFormat(b, time.RFC3339Nano)
	id := e.Principal.ObjectID
	if id == "" {
		id = e.Principal.Key()
	}
	b = appendText(append(b, `","servicePrincipalId":`...), id)
	b = strconv.AppendFloat(append(b, `,"score":`...), s.Bits, 'f', -1, 64)
	b = appendText(append(b, `,"level":`...), string(s.Level))
	b = append(b, `,"contributions":`...)
	if len(s.Contributions) == 0 {
		return append(b, "[]}\n"...), nil
	}
	cs, err := json.Marshal(s.Contributions)
	return append(append(b, cs...), "}\n"...), err
}

// appendText appends a JSON string.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == '"' || s[i] == '\\' || s[i] >= 0x7f {
			quoted, _ := json.Marshal(s) // a string has always a form
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// rejectLine is what cannot be used, as a line: text as it is, and other bytes in base64.
type rejectLine struct {
	File   string `json:"file"`
	Offset int64  `json:"offset"`
	Reason string `json:"reason"`
	Text   string `json:"text,omitempty"`
	Base64 string `json:"base64,omitempty"`
}

func appendReject(b []byte, file string, offset int64, raw []byte, reason error) ([]byte, error) {
	r := rejectLine{File: file, Offset: offset, Reason: reason.Error()}
	if utf8.Valid(raw) {
		r.Text = string(raw)
	} else {
		r.Base64 = base64.StdEncoding.EncodeToString(raw)
	}
	line, err := json.Marshal(r)
	return append(append(b, line...), '\n'), err
}
