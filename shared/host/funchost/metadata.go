package funchost

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"
)

// metadata is what is used of the host's Metadata. Values come plain or wrapped in strings, numbers as numbers or
// strings; what is missing is zero.
type metadata struct {
	values map[string]json.RawMessage // by lower-case key
	traced bool                       // the senders' properties are wanted, too
}

// wanted are the keys that are read; everything else, 3 KB exceptions included, is skipped.
var wanted = map[string]bool{
	"partitioncontext": true, "triggerpartitioncontext": true, "sequencenumberarray": true, "offsetarray": true,
	"offsetstringarray": true, "enqueuedtimeutcarray": true, "sequencenumber": true, "offset": true,
	"offsetstring": true, "enqueuedtimeutc": true, "retrycontext": true, "dequeuecount": true, "insertiontime": true,
}

// wantedTraced are read if messages are traced: a batch's properties are not small.
var wantedTraced = map[string]bool{"propertiesarray": true, "properties": true}

// read takes one value of Metadata.
func (m *metadata) read(p *parser, key string) error {
	key = strings.ToLower(key)
	if !wanted[key] && !(m.traced && wantedTraced[key]) {
		return p.value(io.Discard)
	}
	var raw bytes.Buffer
	if err := p.value(&raw); err != nil {
		return err
	}
	if m.values == nil {
		m.values = map[string]json.RawMessage{}
	}
	m.values[key] = unwrap(raw.Bytes())
	return nil
}

// unwrap removes layers of string encoding from a value that holds JSON; a string that holds something else stays.
func unwrap(raw []byte) json.RawMessage {
	for range maxLayers {
		var s string
		if json.Unmarshal(raw, &s) != nil || !json.Valid([]byte(s)) {
			break
		}
		raw = []byte(s)
	}
	return raw
}

// into decodes a value if it is there and fits.
func (m *metadata) into(key string, v any) bool {
	raw, ok := m.values[key]
	return ok && json.Unmarshal(raw, v) == nil
}

// array returns the elements of an array value as plain text.
func (m *metadata) array(key string) []string {
	var raws []json.RawMessage
	if !m.into(key, &raws) {
		return nil
	}
	out := make([]string, len(raws))
	for i, raw := range raws {
		out[i] = plain(raw)
	}
	return out
}

// plain returns a scalar's text without quotes.
func plain(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

func (m *metadata) scalar(key string) string {
	if raw, ok := m.values[key]; ok {
		return plain(raw)
	}
	return ""
}

func (m *metadata) number(key string) int64 { return number(m.scalar(key)) }

func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// retry returns RetryContext.RetryCount.
func (m *metadata) retry() int {
	var c struct{ RetryCount json.RawMessage }
	if !m.into("retrycontext", &c) {
		return 0
	}
	return int(number(plain(c.RetryCount)))
}

// moment reads a time as the host writes it: UTC even where the zone is missing.
func moment(s string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.9999999"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// finish gives the events of a batch their numbers.
func (inv *invocation) finish() {
	m := &inv.meta
	sequences, offsets := m.array("sequencenumberarray"), m.array("offsetstringarray")
	if offsets == nil {
		offsets = m.array("offsetarray")
	}
	enqueued := m.array("enqueuedtimeutcarray")
	if sequences == nil && len(inv.payload) == 1 {
		sequences, enqueued = []string{m.scalar("sequencenumber")}, []string{m.scalar("enqueuedtimeutc")}
		offsets = []string{m.scalar("offsetstring") + m.scalar("offset")}
	}
	for i := range inv.payload {
		e := &inv.payload[i]
		if i < len(sequences) {
			e.Sequence = number(sequences[i])
		}
		if i < len(offsets) {
			e.Offset = offsets[i]
		}
		if i < len(enqueued) {
			e.Enqueued = moment(enqueued[i])
		}
	}
}

// partition is the partition context of an Event Hubs trigger.
type partition struct {
	FullyQualifiedNamespace, EventHubName, ConsumerGroup, PartitionID string
}

func (m *metadata) partition() partition {
	var p partition
	if !m.into("partitioncontext", &p) {
		m.into("triggerpartitioncontext", &p)
	}
	return p
}
