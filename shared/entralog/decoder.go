package entralog

import (
	"bytes"
	"encoding/json"
	"strings"

	"rekey/shared/event"
	"rekey/shared/fault"
)

// Sink receives what a message holds. Pointers are valid during the call only; strings may point into the message
// (see package event).
type Sink interface {
	// Event takes a decoded record.
	Event(e *event.Event)
	// Skip takes the category of a well-formed record that Rekey does not use.
	Skip(category string)
	// Reject takes a record that cannot be used: its place in the message from 0, its exact bytes, and why, an error of
	// kind fault.Poison.
	Reject(record int, raw []byte, err error)
}

// Decoder decodes messages. The zero Decoder is ready; it is not safe for concurrent use. It learns the shapes of the
// sign-ins it reads, so one that is kept is faster than one made for each message.
type Decoder struct {
	scan   scanner
	head   head
	shapes shapes
	event  event.Event
	record int
	sink   Sink
}

var byteOrderMark = []byte("\ufeff")

// Decode reads one message and hands its records to the sink, in order. It accepts {"records":[...]}, one bare record,
// arrays, lines of any of these, records joined by commas, pages of Graph ({"value":[...]}) and results of Log
// Analytics ({"tables":[...]}, or rows as lines). The message must not be changed while its events are in use.
//
// An error, always of kind fault.Poison, says that the message is damaged as a whole. Records before the damage were
// handed over; decoding the repaired message again hands over the same events with the same ids.
func (d *Decoder) Decode(message []byte, sink Sink) error {
	d.scan = scanner{b: bytes.TrimPrefix(message, byteOrderMark), text: d.scan.text}
	d.record, d.sink = 0, sink
	defer func() { d.sink = nil }()
	for d.scan.space() != 0 {
		d.value(0)
		if d.scan.space() == ',' {
			d.scan.i++
		}
		if d.scan.err != nil {
			return d.scan.err
		}
	}
	return d.scan.err
}

// maxEnvelopes bounds envelopes inside envelopes.
const maxEnvelopes = 4

// value reads a record, or an envelope of them.
func (d *Decoder) value(depth int) {
	switch d.scan.space() {
	case '[':
		for ok := d.scan.enter('[', ']'); ok; ok = d.scan.more(']') {
			if depth >= maxEnvelopes {
				d.scan.fail("envelopes nested too deeply")
				return
			}
			d.value(depth + 1)
		}
	case '{':
		d.object(depth)
	default:
		raw := d.scan.raw()
		if d.scan.err == nil {
			d.reject(raw, fault.Errorf(fault.Poison, "reading record: expected an object, not %.20q", raw))
		}
	}
}

// object reads an object. An envelope is known by its first name; everything else is a record.
func (d *Decoder) object(depth int) {
	begin := d.scan.i
	if d.known(begin) {
		return
	}
	if !d.scan.enter('{', '}') {
		if d.scan.err == nil {
			d.reject(d.scan.b[begin:d.scan.i], fault.Errorf(fault.Poison, "reading record: it is empty"))
		}
		return
	}
	name := d.scan.key()
	if d.scan.err == nil && d.scan.space() == '[' && depth < maxEnvelopes {
		switch name {
		case "records", "value":
			d.value(depth + 1)
			d.rest()
			return
		case "tables":
			d.tables()
			d.rest()
			return
		}
	}
	d.scan.i = begin
	if d.scan.err == nil && !(strings.HasPrefix(name, "@") && depth < maxEnvelopes && d.page(begin, depth)) {
		d.one(begin)
	}
}

// rest skips an envelope's other members.
func (d *Decoder) rest() {
	for d.scan.err == nil && d.scan.more('}') {
		d.scan.key()
		d.scan.skip()
	}
}

// page handles a page of Graph, whose list is not its first member: @odata.context comes before value. An object that
// begins like one and has no list is a record, and is left for it.
func (d *Decoder) page(begin, depth int) bool {
	list := -1
	for ok := d.scan.enter('{', '}'); ok; ok = d.scan.more('}') {
		if d.scan.key() == "value" && d.scan.space() == '[' {
			list = d.scan.i
		}
		d.scan.skip()
	}
	end := d.scan.i
	if list < 0 {
		d.scan.i = begin
		return d.scan.err != nil
	}
	d.scan.i, d.scan.err = list, nil // damage behind the list's beginning is met again, behind the records before it
	if d.value(depth + 1); d.scan.err == nil {
		d.scan.i = end
	}
	return true
}

// known reads a record of a known shape, which is a sign-in, and reports whether it is one.
func (d *Decoder) known(begin int) bool {
	if len(d.shapes.start.exits) == 0 {
		return false
	}
	d.head = head{}
	if !d.shapes.match(&d.scan, &d.head) || !d.head.inline {
		d.scan.i, d.scan.err = begin, nil
		return false
	}
	d.shapes.spent = max(0, d.shapes.spent-1)
	d.event = event.Event{}
	d.finish(d.head.signIn(&d.scan, &d.event), d.scan.b[begin:d.scan.i:d.scan.i])
	return true
}

// one reads one record: the head in one pass, and what its category needs.
func (d *Decoder) one(begin int) {
	d.head, d.event = head{trace: d.shapes.tracer()}, event.Event{}
	d.head.read(&d.scan, inRecord)
	if d.scan.err != nil {
		return
	}
	raw := d.scan.b[begin:d.scan.i:d.scan.i]
	if !d.head.inline {
		d.slow(raw)
		return
	}
	err := d.head.signIn(&d.scan, &d.event)
	if err == nil && d.head.trace != nil {
		d.shapes.learn(d.scan.b, begin, d.scan.i)
	}
	d.finish(err, raw)
}

// slow reads a record that is no plain sign-in by its tree.
func (d *Decoder) slow(raw []byte) {
	var root any
	if err := json.Unmarshal(raw, &root); err != nil {
		d.reject(raw, fault.Errorf(fault.Poison, "reading record: %v", err))
		return
	}
	d.tree(tree{root}, raw)
}

func (d *Decoder) tree(t tree, raw []byte) {
	kind, category := classify(t)
	if kind == 0 {
		d.record++
		d.sink.Skip(category)
		return
	}
	d.event = event.Event{Kind: kind}
	d.finish(fromTree(&d.event, t, raw), raw)
}

// finish hands over the event, or rejects the record.
func (d *Decoder) finish(err error, raw []byte) {
	if err != nil {
		d.reject(raw, err)
		return
	}
	d.record++
	d.sink.Event(&d.event)
}

func (d *Decoder) reject(raw []byte, err error) {
	d.record++
	d.sink.Reject(d.record-1, raw, err)
}

// tables reads results of Log Analytics: columns by name, rows as lists.
func (d *Decoder) tables() {
	raw := d.scan.raw()
	var tables []struct {
		Name    string
		Columns []struct{ Name string }
		Rows    [][]any
	}
	if d.scan.err != nil {
		return
	}
	if err := json.Unmarshal(raw, &tables); err != nil {
		d.reject(raw, fault.Errorf(fault.Poison, "reading tables: %v", err))
		return
	}
	for _, t := range tables {
		for _, values := range t.Rows {
			row := map[string]any{}
			for i, c := range t.Columns {
				if i < len(values) {
					row[c.Name] = values[i]
				}
			}
			if _, ok := row["Type"]; !ok {
				row["Type"] = t.Name
			}
			rowBytes, err := json.Marshal(row)
			if err != nil {
				d.reject(raw, fault.Errorf(fault.Poison, "reading tables: %v", err))
				continue
			}
			d.tree(tree{row}, rowBytes)
		}
	}
}
