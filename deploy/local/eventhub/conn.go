package eventhub

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"rekey/deploy/local/eventhub/amqp"
)

// Performatives, by descriptor.
const (
	performOpen        = 0x10
	performBegin       = 0x11
	performAttach      = 0x12
	performFlow        = 0x13
	performTransfer    = 0x14
	performDisposition = 0x15
	performDetach      = 0x16
	performEnd         = 0x17
	performClose       = 0x18
)

const (
	maxFrame   = 64 << 10
	minFrame   = 512
	maxMessage = 1 << 20
	overhead   = 4096 // of a message over its events
	heartbeat  = 15 * time.Second
	patience   = 30 * time.Second // with a client that does not read
	idle       = 240000           // milliseconds, announced to the client
)

// conn is one client's connection.
type conn struct {
	server *Server
	nc     net.Conn
	r      *bufio.Reader
	claims claims

	frameSize int // the client's
	sessions  map[uint16]*session

	mu sync.Mutex // guards w
	w  *bufio.Writer
}

func newConn(s *Server, nc net.Conn) *conn {
	return &conn{
		server: s, nc: nc, r: bufio.NewReaderSize(nc, 128<<10), w: bufio.NewWriterSize(nc, 128<<10),
		frameSize: minFrame, sessions: map[uint16]*session{}, claims: claims{keys: s.config.Keys, verifyJWT: s.config.VerifyJWT},
	}
}

// serve runs the connection to its end.
func (c *conn) serve() {
	done := make(chan struct{})
	var beating sync.WaitGroup
	beating.Go(func() { c.beat(done) })
	err := c.run()
	close(done)
	c.nc.Close()
	for _, s := range c.sessions {
		s.end()
	}
	beating.Wait()
	if !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
		c.server.config.Logger.Debug("connection ended", "error", err)
	}
}

// beat sends empty frames so that the client does not take the silence for death.
func (c *conn) beat(done <-chan struct{}) {
	t := time.NewTicker(heartbeat)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			c.mu.Lock()
			_, _ = c.w.Write([]byte{0, 0, 0, 8, 2, 0, 0, 0})
			_ = c.w.Flush()
			c.mu.Unlock()
		case <-done:
			return
		}
	}
}

func (c *conn) run() error {
	if err := c.handshake(); err != nil {
		return err
	}
	for {
		if c.r.Buffered() == 0 {
			c.flush() // before waiting for the client, it gets everything
		}
		channel, p, payload, err := c.read()
		if err != nil {
			return err
		}
		if p == nil {
			continue // a heartbeat
		}
		if err := c.handle(channel, *p, payload); err != nil {
			return c.refuse(err)
		}
	}
}

// refuse closes the connection with the reason the client is told, and returns it.
func (c *conn) refuse(err error) error {
	var e amqpError
	if errors.As(err, &e) {
		c.write(0, 0, performClose, amqp.List{e.value()}, nil)
		c.flush()
	}
	return err
}

// handshake exchanges protocol headers and accepts whatever SASL mechanism: the claims come later, through $cbs.
func (c *conn) handshake() error {
	const sasl = 3
	for {
		var head [8]byte
		if _, err := io.ReadFull(c.r, head[:]); err != nil {
			return err
		}
		if string(head[:4]) != "AMQP" || head[4] != 0 && head[4] != sasl {
			return fmt.Errorf("reading protocol header: %q", head)
		}
		c.mu.Lock()
		_, _ = c.w.Write(head[:])
		c.mu.Unlock()
		if head[4] == 0 {
			c.flush()
			return nil
		}
		c.write(1, 0, 0x40, amqp.List{amqp.Symbols{"ANONYMOUS", "MSSBCBS", "EXTERNAL", "PLAIN"}}, nil)
		c.flush()
		if _, _, _, err := c.read(); err != nil {
			return err
		}
		c.write(1, 0, 0x44, amqp.List{uint8(0)}, nil)
		c.flush()
	}
}

// performative is a decoded frame body.
type performative struct {
	code   uint64
	fields amqp.List
}

// read reads one frame; the performative is nil for an empty one.
func (c *conn) read() (channel uint16, p *performative, payload []byte, err error) {
	var head [8]byte
	if _, err := io.ReadFull(c.r, head[:]); err != nil {
		return 0, nil, nil, err
	}
	n, skip := binary.BigEndian.Uint32(head[:]), int(head[4])*4
	if n < 8 || n > maxFrame || skip < 8 || skip > int(n) {
		return 0, nil, nil, fmt.Errorf("reading frame: bad size %d", n)
	}
	body := make([]byte, n-8)
	if _, err := io.ReadFull(c.r, body); err != nil {
		return 0, nil, nil, err
	}
	body = body[skip-8:]
	channel = binary.BigEndian.Uint16(head[6:])
	if len(body) == 0 {
		return channel, nil, nil, nil
	}
	v, payload, err := amqp.Decode(body)
	if err != nil {
		return 0, nil, nil, err
	}
	d, _ := v.(amqp.Described)
	code, ok := d.Descriptor.(uint64)
	fields, ok2 := d.Value.(amqp.List)
	if !ok || !ok2 {
		return 0, nil, nil, errors.New("reading frame: no performative")
	}
	return channel, &performative{code, fields}, payload, nil
}

// write writes one frame into the buffer; flush sends it.
func (c *conn) write(kind byte, channel uint16, code uint64, fields amqp.List, payload []byte) {
	b := amqp.Append(make([]byte, 8, 160), amqp.Described{Descriptor: code, Value: fields})
	binary.BigEndian.PutUint32(b, uint32(len(b)+len(payload)))
	b[4], b[5] = 2, kind
	binary.BigEndian.PutUint16(b[6:], channel)
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.nc.SetWriteDeadline(time.Now().Add(patience)) // a client that stops reading is cut off
	_, _ = c.w.Write(b)                                 // a broken connection shows when reading
	_, _ = c.w.Write(payload)
}

func (c *conn) flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.w.Flush()
}

func (c *conn) handle(channel uint16, p performative, payload []byte) error {
	switch p.code {
	case performOpen:
		if n := p.fields.Uint32(2); n >= minFrame {
			c.frameSize = int(min(n, maxFrame))
		} else {
			c.frameSize = maxFrame
		}
		c.write(0, 0, performOpen, amqp.List{"rekey-local", nil, uint32(maxFrame), uint16(4999), uint32(idle)}, nil)
		return nil
	case performBegin:
		if c.sessions[channel] != nil {
			return errorf("amqp:connection:framing-error", "The channel %d is in use.", channel)
		}
		c.sessions[channel] = newSession(c, channel, p.fields)
		c.write(0, channel, performBegin, amqp.List{channel, uint32(0), uint32(window), uint32(window), uint32(1023)}, nil)
		return nil
	case performClose:
		c.write(0, 0, performClose, amqp.List{}, nil)
		c.flush()
		return io.EOF
	}
	s := c.sessions[channel]
	if s == nil {
		return nil // a late frame of a session that has ended
	}
	if p.code == performEnd {
		s.end()
		delete(c.sessions, channel)
		c.write(0, channel, performEnd, amqp.List{}, nil)
		return nil
	}
	return s.handle(p, payload)
}
