package scan

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"rekey/shared/fault"
	"rekey/shared/logfile"
)

// source hands out the chunks of all files to several workers, once. A worker takes a file of its own while there are
// any, so that compressed files are unpacked side by side; then it helps with one that is being read.
type source struct {
	files []input
	bytes atomic.Int64 // read so far, as they lie on disk

	mu   sync.Mutex
	next int
	open []*stream
}

// stream is a file that is being read.
type stream struct {
	input *input
	mu    sync.Mutex
	file  io.ReadCloser
	read  *logfile.Reader
	some  bool // a chunk was read
	ended error
}

// pick returns a file to read from; nil when there is none any more.
func (s *source) pick() (*stream, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == len(s.files) {
		if len(s.open) == 0 {
			return nil, nil
		}
		return s.open[0], nil
	}
	f := &s.files[s.next]
	s.next++
	file, err := f.open()
	if err != nil {
		return nil, err
	}
	st := &stream{input: f, file: file}
	st.read = logfile.NewReader(&counted{file, &s.bytes})
	s.open = append(s.open, st)
	return st, nil
}

// chunk reads the next chunk of a file into buf; io.EOF says that it has no more.
func (s *source) chunk(st *stream, buf []byte) (logfile.Chunk, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.ended != nil {
		return logfile.Chunk{}, io.EOF // told to another worker already
	}
	c, err := st.read.Next(buf)
	if err == nil {
		st.some = true
		return c, nil
	}
	st.ended = err
	s.close(st)
	if errors.Is(err, io.EOF) {
		return c, io.EOF
	}
	return c, fmt.Errorf("reading %s: %w", st.input.name, err)
}

func (s *source) close(st *stream) {
	st.file.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = slices.DeleteFunc(s.open, func(o *stream) bool { return o == st })
}

// Close closes what was not read to its end.
func (s *source) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.open {
		st.file.Close()
	}
	s.open = nil
}

// refused reports whether a file found in a directory turned out not to be a log, which stops nothing.
func refused(st *stream, err error) bool {
	return !st.input.chosen && !st.some && errors.Is(err, fault.Poison)
}

// counted counts what is read.
type counted struct {
	r io.Reader
	n *atomic.Int64
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n.Add(int64(n))
	return n, err
}
