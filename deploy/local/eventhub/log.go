package eventhub

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"rekey/deploy/local/eventhub/amqp"
)

// hub is one event hub: its partitions and consumer groups.
type hub struct {
	name       string
	created    time.Time
	partitions []*partition
	groups     map[string]bool // lower case
	next       atomic.Uint32
}

func newHub(h Hub, maxBytes int64) *hub {
	out := &hub{name: h.Name, created: time.Now().UTC(), groups: map[string]bool{"$default": true}}
	for _, g := range h.Groups {
		out.groups[strings.ToLower(g)] = true
	}
	for i := range max(1, h.Partitions) {
		out.partitions = append(out.partitions, &partition{
			id: strconv.Itoa(i), maxBytes: maxBytes, wake: make(chan struct{}), readers: map[string][]*consumer{},
		})
	}
	return out
}

func (h *hub) partition(id string) *partition {
	for _, p := range h.partitions {
		if p.id == id {
			return p
		}
	}
	return nil
}

// pick chooses a partition: by the hash of a key, or in turn.
func (h *hub) pick(key string) *partition {
	n := h.next.Add(1)
	if key != "" {
		f := fnv.New32a()
		_, _ = io.WriteString(f, key)
		n = f.Sum32()
	}
	return h.partitions[n%uint32(len(h.partitions))]
}

// stored is one event of a log: the complete message with the service's annotations.
type stored struct {
	message []byte
	offset  int64
	at      int64 // Unix milliseconds
}

// partition is an append-only log with sequence numbers.
type partition struct {
	id       string
	maxBytes int64

	mu      sync.Mutex
	first   int64 // sequence number of events[0]
	events  []stored
	offset  int64 // of the next event
	bytes   int64
	wake    chan struct{} // closed when events are appended
	readers map[string][]*consumer
	file    *os.File // nil: memory only
	size    int64    // of the file, whole events only
}

const frameHead = 20 // length 4, offset 8, time 8

// open reads a log file and goes on after its last whole event; a torn tail, from a killed process, is cut off.
func (p *partition) open(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	r := bufio.NewReaderSize(f, 1<<20)
	for {
		e, err := readStored(r)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return errors.Join(err, f.Close()) // a disk that cannot be read is no torn tail
		}
		p.add(e)
		p.size += int64(frameHead + len(e.message))
	}
	p.file = f
	return f.Truncate(p.size)
}

// readStored reads one event of a log file.
func readStored(r io.Reader) (stored, error) {
	var head [frameHead]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return stored{}, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > 2*maxMessage {
		return stored{}, fmt.Errorf("reading log: an event of %d bytes cannot be", n)
	}
	e := stored{message: make([]byte, n), offset: int64(binary.BigEndian.Uint64(head[4:])), at: int64(binary.BigEndian.Uint64(head[12:]))}
	_, err := io.ReadFull(r, e.message)
	return e, err
}

func (p *partition) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.file == nil {
		return nil
	}
	err := p.file.Close()
	p.file = nil
	return err
}

// add appends to the log in memory and drops the oldest events beyond its size. p.mu is held or p is not shared yet.
func (p *partition) add(e stored) {
	p.events = append(p.events, e)
	p.offset = e.offset + int64(len(e.message)) + 48
	p.bytes += int64(len(e.message))
	for p.bytes > p.maxBytes && len(p.events) > 1 {
		p.bytes -= int64(len(p.events[0].message))
		p.events, p.first = p.events[1:], p.first+1
	}
}

// append stores messages. They are in the file, beyond the process's death, before anybody sees them; when the file
// cannot be written nothing is stored.
func (p *partition) append(messages []message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	sequence, offset := p.first+int64(len(p.events)), p.offset
	events := make([]stored, len(messages))
	for i, m := range messages {
		events[i] = stored{message: m.annotated(sequence+int64(i), offset, now), offset: offset, at: now.UnixMilli()}
		offset += int64(len(events[i].message)) + 48
	}
	if err := p.write(events); err != nil {
		return err
	}
	for _, e := range events {
		p.add(e)
	}
	close(p.wake)
	p.wake = make(chan struct{})
	return nil
}

// write appends events to the file, all or none. p.mu is held.
func (p *partition) write(events []stored) error {
	if p.file == nil {
		return nil
	}
	var out []byte
	for _, e := range events {
		out = binary.BigEndian.AppendUint32(out, uint32(len(e.message)))
		out = binary.BigEndian.AppendUint64(out, uint64(e.offset))
		out = binary.BigEndian.AppendUint64(out, uint64(e.at))
		out = append(out, e.message...)
	}
	if _, err := p.file.WriteAt(out, p.size); err != nil {
		return errors.Join(errStorage, p.file.Truncate(p.size))
	}
	p.size += int64(len(out))
	return nil
}

// errStorage is all a client is told when the log cannot be written.
var errStorage = errors.New("the log of the partition cannot be written")

// read returns at most n messages from a sequence number on, the next number, and a channel that closes when more come.
func (p *partition) read(sequence int64, n int) (messages [][]byte, next int64, wake <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := max(sequence, p.first) - p.first
	for ; i < int64(len(p.events)) && len(messages) < n; i++ {
		messages = append(messages, p.events[i].message)
	}
	return messages, p.first + i, p.wake
}

func (p *partition) last() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.first + int64(len(p.events)) - 1
}

var selector = regexp.MustCompile(`^\s*amqp\.annotation\.x-opt-(offset|sequence-number|enqueued-time)\s*(>=|>)\s*'([^']*)'\s*$`)

// start returns the sequence number that a consumer's selector filter begins at.
func (p *partition) start(filter string) (int64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if filter == "" {
		return p.first, nil
	}
	m := selector.FindStringSubmatch(filter)
	if m == nil {
		return 0, fmt.Errorf("unsupported filter %q", filter)
	}
	inclusive, end := m[2] == ">=", p.first+int64(len(p.events))
	if m[3] == "@latest" {
		if inclusive && len(p.events) > 0 {
			end--
		}
		return end, nil
	}
	v, err := strconv.ParseInt(m[3], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("unsupported filter %q", filter)
	}
	if !inclusive {
		v++
	}
	switch m[1] {
	case "sequence-number":
		return v, nil
	case "offset":
		return p.first + int64(sort.Search(len(p.events), func(i int) bool { return p.events[i].offset >= v })), nil
	}
	return p.first + int64(sort.Search(len(p.events), func(i int) bool { return p.events[i].at >= v })), nil
}

// properties is what $management says about a partition.
func (p *partition) properties(hub string) amqp.Map {
	p.mu.Lock()
	defer p.mu.Unlock()
	lastOffset, lastTime := "-1", time.Unix(0, 0)
	if n := len(p.events); n > 0 {
		lastOffset, lastTime = strconv.FormatInt(p.events[n-1].offset, 10), time.UnixMilli(p.events[n-1].at)
	}
	return amqp.Map{
		{Key: "name", Value: hub}, {Key: "type", Value: "com.microsoft:partition"}, {Key: "partition", Value: p.id},
		{Key: "begin_sequence_number", Value: p.first}, {Key: "last_enqueued_sequence_number", Value: p.first + int64(len(p.events)) - 1},
		{Key: "last_enqueued_offset", Value: lastOffset}, {Key: "last_enqueued_time_utc", Value: lastTime},
		{Key: "is_partition_empty", Value: len(p.events) == 0},
	}
}
