package logfile

import (
	"bytes"
	"unsafe"

	"rekey/shared/entralog"
	"rekey/shared/event"
)

// Sink receives what a stream holds. Pointers and bytes are valid during the call only; strings of an event point into
// the chunk, so whoever keeps one beyond the call clones it.
type Sink interface {
	// Event takes a decoded record.
	Event(e *event.Event)
	// Skip takes the category of a well-formed record that Rekey does not use.
	Skip(category string)
	// Reject takes what cannot be used: its place in the stream, its exact bytes, and why, an error of kind
	// fault.Poison.
	Reject(offset int64, raw []byte, err error)
}

// Decoder decodes chunks. The zero Decoder is ready; it is not safe for concurrent use.
type Decoder struct {
	entralog.Decoder
	sink  Sink
	chunk Chunk // what is being decoded
	calls int   // how many records were handed over
	known int   // how many of the next ones were handed over before
}

// Decode hands a chunk's records to the sink, in order. Of a damaged record only itself is lost: where the bytes of a
// chunk fail together, they are tried again one record at a time.
func (d *Decoder) Decode(c Chunk, sink Sink) {
	d.sink, d.chunk, d.calls, d.known = sink, c, 0, 0
	defer func() { d.sink, d.chunk = nil, Chunk{} }()
	if c.Err != nil {
		sink.Reject(c.Offset, bytes.TrimRight(c.Data, "\r\n"), c.Err)
		return
	}
	if err := d.Decoder.Decode(c.Data, d.adapter()); err != nil {
		d.known = d.calls
		d.carefully(c)
	}
}

func (d *Decoder) adapter() entralog.Sink { return (*adapter)(d) }

// carefully decodes one record after the other and passes over those that were handed over already.
func (d *Decoder) carefully(c Chunk) {
	var w walker
	for i := 0; ; {
		s := w.next(c.Data, i, true)
		if s.kind == short {
			if !w.top() {
				d.sink.Reject(c.Offset+int64(s.begin), nil, errUnended)
			}
			return
		}
		i = s.end
		one := Chunk{Data: c.Data[s.begin:s.end:s.end], Offset: c.Offset + int64(s.begin), Err: damaged(s.why)}
		if s.kind == whole {
			d.chunk = one
			one.Err = d.Decoder.Decode(one.Data, d.adapter())
		}
		if one.Err != nil {
			d.sink.Reject(one.Offset, bytes.TrimRight(one.Data, "\r\n"), one.Err)
		}
	}
}

// adapter is the Decoder as package entralog's sink.
type adapter Decoder

func (a *adapter) again() bool {
	a.calls++
	if a.known == 0 {
		return false
	}
	a.known--
	return true
}

// Event implements entralog.Sink.
func (a *adapter) Event(e *event.Event) {
	if !a.again() {
		a.sink.Event(e)
	}
}

// Skip implements entralog.Sink.
func (a *adapter) Skip(category string) {
	if !a.again() {
		a.sink.Skip(category)
	}
}

// Reject implements entralog.Sink. The place of a record that was made from a table's row is its table's.
func (a *adapter) Reject(_ int, raw []byte, err error) {
	if a.again() {
		return
	}
	offset := a.chunk.Offset
	if i := address(raw) - address(a.chunk.Data); i < uintptr(len(a.chunk.Data)) { // raw is a part of the chunk
		offset += int64(i)
	}
	a.sink.Reject(offset, raw, err)
}

func address(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }
