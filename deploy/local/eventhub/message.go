package eventhub

import (
	"errors"
	"strconv"
	"time"

	"rekey/deploy/local/eventhub/amqp"
)

// Sections of a message, by descriptor.
const (
	sectionHeader      = 0x70
	sectionDelivery    = 0x71
	sectionAnnotations = 0x72
	sectionProperties  = 0x73
	sectionApplication = 0x74
	sectionData        = 0x75
	sectionValue       = 0x77
)

// formatBatch marks a message whose data sections are messages.
const formatBatch = 0x80013700

var errSection = errors.New("bad message section")

// message is an encoded message taken apart where the service's annotations go.
type message struct {
	head        []byte // header and delivery annotations
	annotations amqp.Map
	tail        []byte   // everything behind
	data        [][]byte // bodies of the data sections
}

// parse takes a message apart. Its parts point into b.
func parse(b []byte) (message, error) {
	var m message
	for rest := b; len(rest) > 0; {
		n, err := amqp.Size(rest)
		if err != nil {
			return m, err
		}
		if n < 4 || rest[0] != 0 || rest[1] != 0x53 {
			return m, errSection
		}
		section := rest[:n]
		switch section[2] {
		case sectionHeader, sectionDelivery:
			m.head = append(m.head, section...)
		case sectionAnnotations:
			v, _, err := amqp.Decode(section[3:])
			if err != nil {
				return m, err
			}
			m.annotations, _ = v.(amqp.Map)
		default:
			if m.tail == nil {
				m.tail = rest
			}
			if err := m.addData(section); err != nil {
				return m, err
			}
		}
		rest = rest[n:]
	}
	return m, nil
}

func (m *message) addData(section []byte) error {
	if section[2] != sectionData {
		return nil
	}
	v, _, err := amqp.Decode(section[3:])
	if err != nil {
		return err
	}
	body, _ := v.([]byte)
	m.data = append(m.data, body)
	return nil
}

// annotated returns the message as the service stores it.
func (m message) annotated(sequence, offset int64, at time.Time) []byte {
	own := amqp.Map{}
	for _, p := range m.annotations {
		switch amqp.Text(p.Key) {
		case "x-opt-sequence-number", "x-opt-offset", "x-opt-enqueued-time":
		default:
			own = append(own, p)
		}
	}
	own = append(own,
		amqp.Pair{Key: amqp.Symbol("x-opt-sequence-number"), Value: sequence},
		amqp.Pair{Key: amqp.Symbol("x-opt-offset"), Value: strconv.FormatInt(offset, 10)},
		amqp.Pair{Key: amqp.Symbol("x-opt-enqueued-time"), Value: at})
	out := make([]byte, 0, len(m.head)+len(m.tail)+160)
	out = append(out, m.head...)
	out = amqp.Append(append(out, 0, 0x53, sectionAnnotations), own)
	return append(out, m.tail...)
}

// publish stores one transfer, a message or a batch, in the pinned partition or in one that the hub picks.
func (h *hub) publish(pinned *partition, format uint32, payload []byte) error {
	outer, err := parse(payload)
	if err != nil {
		return err
	}
	messages := []message{outer}
	if format == formatBatch {
		messages = messages[:0]
		for _, body := range outer.data {
			m, err := parse(body)
			if err != nil {
				return err
			}
			messages = append(messages, m)
		}
	}
	if pinned == nil {
		key, _ := outer.annotations.Get("x-opt-partition-key").(string)
		pinned = h.pick(key)
	}
	return pinned.append(messages)
}
