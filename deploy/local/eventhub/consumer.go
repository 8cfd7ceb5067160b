package eventhub

import (
	"encoding/binary"
	"slices"
	"sync"

	"rekey/deploy/local/eventhub/amqp"
)

// consumer is a client's receiver of one partition in a consumer group.
type consumer struct {
	link  *link
	group string
	epoch *int64 // owner level; nil for none
	name  string
	bell  chan struct{} // rung when credit arrives
	stop  chan struct{}
	once  sync.Once
}

const maxReaders = 5 // without an owner level, per partition and group

// bump wakes the pump.
func (c *consumer) bump() {
	select {
	case c.bell <- struct{}{}:
	default:
	}
}

// stopped reports whether the consumer has left.
func (c *consumer) stopped() bool {
	select {
	case <-c.stop:
		return true
	default:
		return false
	}
}

// leave ends the consumer.
func (c *consumer) leave() {
	c.once.Do(func() {
		close(c.stop)
		p := c.link.partition
		p.mu.Lock()
		defer p.mu.Unlock()
		p.readers[c.group] = slices.DeleteFunc(p.readers[c.group], func(o *consumer) bool { return o == c })
	})
}

// join registers the link's consumer by the rules of owner levels: a higher or equal level takes the partition from
// all others; while somebody has a level, nobody without one may read.
func (l *link) join(group string, properties amqp.Map) error {
	c := &consumer{
		link: l, group: group, name: amqp.Text(properties.Get("com.microsoft:receiver-name")),
		bell: make(chan struct{}, 1), stop: make(chan struct{}),
	}
	if e, ok := properties.Get("com.microsoft:epoch").(int64); ok {
		c.epoch = &e
	}
	l.consumer = c
	stolen, err := l.partition.join(c)
	if err != nil {
		l.consumer = nil
		return err
	}
	for _, o := range stolen {
		reason := errorf("amqp:link:stolen", "New receiver '%s' with higher epoch of '%d' is created hence current receiver '%s' with epoch is getting disconnected. If you are recreating the receiver, make sure a higher epoch is used.", c.name, *c.epoch, o.name)
		// Its client may not be reading: the new owner does not wait for it.
		l.session.conn.server.serving.Go(func() { o.link.detach(reason) })
	}
	return nil
}

func (p *partition) join(c *consumer) (stolen []*consumer, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	readers := p.readers[c.group]
	for _, r := range readers {
		if r.epoch != nil && (c.epoch == nil || *c.epoch < *r.epoch) {
			return nil, errorf("amqp:link:stolen", "At least one receiver for the endpoint is created with epoch of '%d', and so non-epoch or lower-epoch receiver is not allowed.", *r.epoch)
		}
	}
	if c.epoch != nil {
		p.readers[c.group] = []*consumer{c}
		return readers, nil
	}
	if len(readers) >= maxReaders {
		return nil, errorf("amqp:resource-limit-exceeded", "Exceeded the maximum number of allowed receivers per partition in a consumer group which is %d.", maxReaders)
	}
	p.readers[c.group] = append(slices.Clone(readers), c)
	return nil, nil
}

// pump sends events from a sequence number on, as far as credit and window allow, until the consumer leaves.
func (l *link) pump(sequence int64) {
	const batch = 256
	s, c := l.session, l.consumer
	for !c.stopped() {
		s.mu.Lock()
		n := int(min(l.credit, s.room, batch))
		s.mu.Unlock()
		var messages [][]byte
		var wake <-chan struct{}
		if n > 0 {
			messages, sequence, wake = l.partition.read(sequence, n)
		}
		if len(messages) > 0 {
			if !l.send(messages) {
				return
			}
			continue
		}
		if l.drained() {
			continue
		}
		select {
		case <-wake:
		case <-c.bell:
		case <-c.stop:
			return
		}
	}
}

// send writes messages; false says that the link is gone.
func (l *link) send(messages [][]byte) bool {
	s := l.session
	s.mu.Lock()
	defer s.conn.flush()
	defer s.mu.Unlock()
	if s.links[l.handle] != l {
		return false
	}
	for _, m := range messages {
		l.transfer(m)
	}
	return true
}

// transfer writes one message, in as many frames as the client's frame size asks for. session.mu is held.
func (l *link) transfer(m []byte) {
	s := l.session
	var tag [4]byte
	binary.BigEndian.PutUint32(tag[:], l.delivered)
	f := amqp.List{l.handle, s.nextOut, tag[:], uint32(0), true, false}
	for more := true; more; {
		n := min(s.conn.frameSize-64, len(m))
		more = n < len(m)
		f[5] = more
		s.conn.write(0, s.channel, performTransfer, f, m[:n])
		f = amqp.List{l.handle, nil, nil, nil, true, false}
		m = m[n:]
		s.nextOut++
		s.room--
	}
	l.delivered++
	if l.credit > 0 {
		l.credit--
	}
}

// drained gives unused credit back if the client asked for that.
func (l *link) drained() bool {
	s := l.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if !l.drain {
		return false
	}
	l.delivered += l.credit
	l.credit, l.drain = 0, false
	f := append(s.window(), l.handle, l.delivered, uint32(0), nil, true)
	s.conn.write(0, s.channel, performFlow, f, nil)
	s.conn.flush()
	return true
}
