package eventhub

import (
	"errors"
	"net/url"
	"strings"

	"rekey/deploy/local/eventhub/amqp"
)

// link is one direction of messages between a client and a node.
type link struct {
	session *session
	name    string
	handle  uint32
	node    string // hub/..., $cbs or $management
	replyTo string // the client's address on the links of a request and its answer

	hub       *hub
	partition *partition

	// as the client sends
	buffer   []byte // of a message in several frames
	format   uint32
	delivery uint32
	settled  bool
	granted  uint32 // credit left
	received uint32

	// as the client receives; guarded by session.mu
	consumer  *consumer
	receiver  bool
	credit    uint32
	delivered uint32
	drain     bool
}

const credit = 500

// attach makes a link, or attaches it and at once detaches it with an error, which is how AMQP refuses.
func (s *session) attach(f amqp.List) error {
	l := &link{session: s, name: f.Text(0), handle: f.Uint32(1), receiver: f.Bool(2)}
	s.mu.Lock()
	_, used := s.links[l.handle]
	s.mu.Unlock()
	if used {
		return errorf("amqp:session:handle-in-use", "The handle %d is in use.", l.handle)
	}
	source, target := terminus(f.At(5)), terminus(f.At(6))
	node, other := target, source
	if l.receiver {
		node, other = source, target
	}
	l.node, l.replyTo = address(node.Text(0)), other.Text(0)
	filter := selectorOf(node)
	properties, _ := f.At(13).(amqp.Map)
	start, err := s.resolve(l, filter, properties)
	reply := amqp.List{l.name, l.handle, !l.receiver, f.At(3), f.At(4), nil, nil, nil, nil, nil, uint64(maxMessage)}
	if l.receiver {
		reply[9] = uint32(0)
	}
	if err == nil {
		reply[5], reply[6] = f.At(5), f.At(6)
	}
	s.conn.write(0, s.channel, performAttach, reply, nil)
	if err != nil {
		l.detach(err)
		return nil
	}
	s.mu.Lock()
	if l.consumer == nil || !l.consumer.stopped() { // not stolen meanwhile
		s.links[l.handle] = l
	}
	s.mu.Unlock()
	if !l.receiver {
		l.grant()
	}
	if l.consumer != nil {
		s.pumps.Go(func() { l.pump(start) })
	}
	return nil
}

func terminus(v any) amqp.List {
	d, _ := v.(amqp.Described)
	l, _ := d.Value.(amqp.List)
	return l
}

// address strips a node's address to its path: clients send it plain or as a URI.
func address(s string) string {
	if u, err := url.Parse(s); err == nil && u.Scheme != "" {
		s = u.Path
	}
	return strings.Trim(s, "/")
}

func selectorOf(source amqp.List) string {
	filters, _ := source.At(7).(amqp.Map)
	d, _ := filters.Get("apache.org:selector-filter:string").(amqp.Described)
	return amqp.Text(d.Value)
}

// resolve finds the node of a link, checks the claim, and for a consumer returns where it starts.
func (s *session) resolve(l *link, filter string, properties amqp.Map) (start int64, err error) {
	if l.node == nodeCBS {
		return 0, nil
	}
	if !s.conn.claims.allow(l.node) {
		return 0, errorf("amqp:unauthorized-access", "Unauthorized access. 'Listen' or 'Send' claim required for %s", l.node)
	}
	if l.node == nodeManagement {
		return 0, nil
	}
	parts := strings.Split(l.node, "/")
	if l.hub = s.conn.server.hubs[strings.ToLower(parts[0])]; l.hub == nil {
		return 0, errorf("amqp:not-found", "The messaging entity '%s' could not be found.", l.node)
	}
	group := ""
	for i := 1; i+1 < len(parts); i += 2 {
		switch strings.ToLower(parts[i]) {
		case "partitions":
			if l.partition = l.hub.partition(parts[i+1]); l.partition == nil {
				return 0, errorf("com.microsoft:argument-out-of-range", "The specified partition is invalid for an EventHub partition sender or receiver.")
			}
		case "consumergroups":
			if group = strings.ToLower(parts[i+1]); !l.hub.groups[group] {
				return 0, errorf("amqp:not-found", "The consumer group '%s' could not be found.", parts[i+1])
			}
		}
	}
	if !l.receiver {
		return 0, nil
	}
	if l.partition == nil || group == "" {
		return 0, errorf("amqp:not-allowed", "A receiver needs a consumer group and a partition.")
	}
	if start, err = l.partition.start(filter); err != nil {
		return 0, errorf("amqp:not-implemented", "%v", err)
	}
	return start, l.join(group, properties)
}

// detach closes a link from the server's side.
func (l *link) detach(err error) {
	var e amqpError
	if !errors.As(err, &e) {
		e = errorf("amqp:internal-error", "%v", err)
	}
	s := l.session
	s.drop(l)
	s.conn.write(0, s.channel, performDetach, amqp.List{l.handle, true, e.value()}, nil)
	s.conn.flush()
}

// grant gives a sending client its credit.
func (l *link) grant() {
	l.granted = credit
	s := l.session
	s.mu.Lock()
	f := append(s.window(), l.handle, l.received, uint32(credit))
	s.mu.Unlock()
	s.conn.write(0, s.channel, performFlow, f, nil)
}

// transfer takes one frame of a message that the client sends.
func (s *session) transfer(f amqp.List, payload []byte) error {
	s.mu.Lock()
	s.nextIn++
	l := s.links[f.Uint32(0)]
	s.mu.Unlock()
	if l == nil || l.receiver {
		return nil
	}
	if len(l.buffer) == 0 {
		l.delivery, l.format, l.settled = f.Uint32(1), f.Uint32(3), f.Bool(4)
	}
	more, aborted := f.Bool(5), f.Bool(9)
	if aborted {
		l.buffer = nil
		return nil
	}
	l.buffer = append(l.buffer, payload...)
	if len(l.buffer) > maxMessage+overhead { // a batch's own wrapping is not counted
		l.detach(errorf("amqp:link:message-size-exceeded", "The received message (delivery-id:%d, size:%d bytes) exceeds the limit (%d bytes) currently allowed on the link.", l.delivery, len(l.buffer), maxMessage))
		return nil
	}
	if more {
		return nil
	}
	whole := l.buffer
	l.buffer = nil
	return l.accept(whole)
}

// accept stores or answers a whole message and tells the client the outcome.
func (l *link) accept(whole []byte) error {
	s := l.session
	l.received++
	l.granted--
	outcome := amqp.Described{Descriptor: uint64(0x24), Value: amqp.List{}}
	reject := func(e amqpError) {
		outcome = amqp.Described{Descriptor: uint64(0x25), Value: amqp.List{e.value()}}
	}
	switch {
	case l.hub == nil:
		if err := s.request(l, whole); err != nil {
			return err
		}
	case s.conn.server.busy():
		reject(errorf("com.microsoft:server-busy", "The service was unable to process the request; please retry the operation."))
	default:
		err := l.hub.publish(l.partition, l.format, whole)
		switch {
		case errors.Is(err, errStorage):
			reject(errorf("amqp:internal-error", "%v", errStorage))
		case err != nil:
			reject(errorf("amqp:decode-error", "%v", err))
		}
	}
	if !l.settled {
		s.conn.write(0, s.channel, performDisposition, amqp.List{true, l.delivery, l.delivery, true, outcome}, nil)
	}
	if l.granted < credit/2 {
		l.grant()
	}
	return nil
}
