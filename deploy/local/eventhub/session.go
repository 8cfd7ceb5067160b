package eventhub

import (
	"fmt"
	"sync"

	"rekey/deploy/local/eventhub/amqp"
)

// window is how many transfers a side may send ahead: plenty.
const window = 1 << 30

// session is a channel of a connection: it numbers transfers and holds links.
type session struct {
	conn    *conn
	channel uint16

	mu      sync.Mutex
	room    uint32 // transfers the client still accepts
	nextOut uint32
	nextIn  uint32
	links   map[uint32]*link // by handle, the client's: it is used for both directions
	pumps   sync.WaitGroup
}

func newSession(c *conn, channel uint16, begin amqp.List) *session {
	return &session{conn: c, channel: channel, nextIn: begin.Uint32(1), room: begin.Uint32(2), links: map[uint32]*link{}}
}

func (s *session) handle(p performative, payload []byte) error {
	switch p.code {
	case performAttach:
		return s.attach(p.fields)
	case performFlow:
		s.flow(p.fields)
	case performTransfer:
		return s.transfer(p.fields, payload)
	case performDetach:
		s.mu.Lock()
		l := s.links[p.fields.Uint32(0)]
		s.mu.Unlock()
		if l != nil {
			s.drop(l)
			s.conn.write(0, s.channel, performDetach, amqp.List{l.handle, true}, nil)
		}
	}
	return nil // dispositions: everything that is sent is settled
}

// end drops all links and waits for what they do.
func (s *session) end() {
	s.mu.Lock()
	var links []*link
	for _, l := range s.links {
		links = append(links, l)
	}
	s.mu.Unlock()
	for _, l := range links {
		s.drop(l)
	}
	s.pumps.Wait()
}

// drop forgets a link.
func (s *session) drop(l *link) {
	s.mu.Lock()
	if s.links[l.handle] == l {
		delete(s.links, l.handle)
	}
	s.mu.Unlock()
	if l.consumer != nil {
		l.consumer.leave()
	}
}

// flow takes the client's windows and credit.
func (s *session) flow(f amqp.List) {
	s.mu.Lock()
	s.room = f.Uint32(0) + f.Uint32(1) - s.nextOut
	if f.At(0) == nil {
		s.room = f.Uint32(1) - s.nextOut
	}
	handle, named := f.At(4).(uint32)
	l := s.links[handle]
	if named && l != nil && l.consumer != nil {
		left := int64(int32(f.Uint32(5) + f.Uint32(6) - l.delivered)) // serial numbers wrap
		l.credit = uint32(max(0, left))
		l.drain = f.Bool(8)
	}
	echo := s.window()
	var wake []*link
	for _, l := range s.links {
		if l.consumer != nil {
			wake = append(wake, l)
		}
	}
	s.mu.Unlock()
	for _, l := range wake {
		l.consumer.bump()
	}
	if f.Bool(9) {
		s.conn.write(0, s.channel, performFlow, echo, nil)
	}
}

// window is the session's part of a flow frame; s.mu is held.
func (s *session) window() amqp.List {
	return amqp.List{s.nextIn, uint32(window), s.nextOut, uint32(window)}
}

// amqpError is an error that the client is told.
type amqpError struct{ condition, description string }

// Error implements error.
func (e amqpError) Error() string { return e.condition + ": " + e.description }

func (e amqpError) value() amqp.Described {
	return amqp.Described{Descriptor: uint64(0x1d), Value: amqp.List{amqp.Symbol(e.condition), e.description, nil}}
}

func errorf(condition, format string, args ...any) amqpError {
	return amqpError{condition, fmt.Sprintf(format, args...)}
}
