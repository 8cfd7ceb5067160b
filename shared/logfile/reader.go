package logfile

import (
	"errors"
	"io"

	"rekey/shared/fault"
)

const (
	// ChunkSize is the size of a chunk, about: large enough to make the cost of cutting vanish, small enough for a
	// processor's cache.
	ChunkSize = 1 << 20
	// MaxRecord is the size of the longest record.
	MaxRecord = 16 << 20
	// MaxTables is the size of the longest result of Log Analytics.
	MaxTables = 64 << 20
)

// Chunk is a stretch of the stream.
type Chunk struct {
	Data   []byte // whole records with space between, or damage
	Offset int64  // of Data in the stream
	Err    error  // nil, or why Data is damage: an error of kind fault.Poison
}

// Reader cuts one stream. It is not safe for concurrent use.
type Reader struct {
	src    io.Reader
	walk   walker
	window []byte // what was read; window[pos:] was not handed over yet
	pos    int
	base   int64 // offset of window[0] in the stream
	border int   // no record reaches over this place of the window, if it is known
	later  *step // damage that was found behind what was handed over
	ended  error // why nothing more can be read; io.EOF is the good end
	began  bool
}

// NewReader makes a Reader. Whether the stream is compressed is seen from its first bytes.
func NewReader(src io.Reader) *Reader { return newReader(src, ChunkSize) }

func newReader(src io.Reader, size int) *Reader {
	return &Reader{src: src, window: make([]byte, 0, max(size, 16))} // enough to know what the stream is
}

// Next returns the next chunk. Its Data lie in buf, which is grown if need be, and stay the caller's: nothing in the
// Reader points to them. The error is io.EOF at the end of the stream; any other error ends the stream, too, and
// everything before it was handed over.
func (r *Reader) Next(buf []byte) (Chunk, error) {
	if err := r.begin(); err != nil {
		return Chunk{}, err
	}
	for {
		c, ok := r.cut(buf)
		if ok {
			return c, nil
		}
		if r.ended != nil {
			return r.close()
		}
		if err := r.more(); err != nil {
			return Chunk{}, err
		}
	}
}

// begin looks at the first bytes: what is no JSON at all is refused as a whole, with words that help.
func (r *Reader) begin() error {
	if r.began {
		return nil
	}
	r.began = true
	src, err := plain(r.src)
	if err != nil {
		return err
	}
	r.src = src
	if err := r.more(); err != nil {
		return err
	}
	return refuse(r.window)
}

// more moves what is left to the front of the window and fills it up. A window full with one record is doubled.
func (r *Reader) more() error {
	r.base += int64(r.pos)
	left := copy(r.window, r.window[r.pos:])
	r.window, r.pos = r.window[:left], 0
	if left == cap(r.window) {
		if err := r.grow(); err != nil {
			return err
		}
	}
	for r.ended == nil && len(r.window) < cap(r.window) {
		var n int
		n, r.ended = r.src.Read(r.window[len(r.window):cap(r.window)])
		r.window = r.window[:len(r.window)+n]
	}
	r.border = lastBorder(r.window)
	return nil
}

func (r *Reader) grow() error {
	limit, what := MaxRecord, "a record of more than 16 MiB"
	if isTables(r.window) {
		limit, what = MaxTables, "a Log Analytics result of more than 64 MiB: export it in parts (one day each), or as one row a line"
	}
	if 2*cap(r.window) > limit {
		r.ended = fault.Errorf(fault.Limit, "reading record at byte %d: %s", r.base, what)
		return r.ended
	}
	r.window = append(make([]byte, 0, 2*cap(r.window)), r.window...)
	return nil
}

// cut hands over what is whole in the window: a chunk, or the damage that follows.
func (r *Reader) cut(buf []byte) (Chunk, bool) {
	if r.later != nil {
		return r.damage(buf)
	}
	from, i := r.pos, r.pos
	for {
		if r.walk.top() && r.border > i {
			i = r.border
		}
		s := r.walk.next(r.window, i, r.ended != nil)
		if s.kind == whole {
			i = s.end
			continue
		}
		r.pos = s.begin
		if s.kind == damage {
			r.later = &s
		}
		if !blank(r.window[from:s.begin]) {
			return r.chunk(buf, from, s.begin, nil), true
		}
		if s.kind == damage {
			return r.damage(buf)
		}
		return Chunk{}, false
	}
}

func (r *Reader) damage(buf []byte) (Chunk, bool) {
	s := *r.later
	r.pos, r.later = s.end, nil
	return r.chunk(buf, s.begin, s.end, damaged(s.why)), true
}

var errUnended = fault.Errorf(fault.Poison, "reading records: the list does not end: the file is cut off")

func damaged(why string) error { return fault.Errorf(fault.Poison, "reading record: %s", why) }

func (r *Reader) chunk(buf []byte, from, to int, err error) Chunk {
	return Chunk{Data: append(buf[:0], r.window[from:to]...), Offset: r.base + int64(from), Err: err}
}

// close says how the stream ended, once all of the window is handed over.
func (r *Reader) close() (Chunk, error) {
	end := r.base + int64(r.pos)
	if !errors.Is(r.ended, io.EOF) {
		err := r.ended
		r.ended = io.EOF
		r.walk.frames = nil
		if cutOff(err) {
			return Chunk{Offset: end, Err: fault.Errorf(fault.Poison, "reading gzip: the file is damaged or cut off: %v", err)}, nil
		}
		return Chunk{}, err
	}
	if !r.walk.top() {
		r.walk.frames = nil
		return Chunk{Offset: end, Err: errUnended}, nil
	}
	return Chunk{}, io.EOF
}
