package eventhub

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
)

// Config describes a namespace.
type Config struct {
	Hubs              []Hub
	Keys              map[string]string        // SAS rule name to key; empty means that no claim is asked for
	VerifyJWT         func(token string) error // nil refuses tokens of Entra
	Dir               string                   // partition logs; "" keeps them in memory
	MaxPartitionBytes int64                    // oldest events beyond it are dropped; default 1 GiB
	Logger            *slog.Logger             // nil discards
}

// Hub is one event hub. The consumer group $Default always exists.
type Hub struct {
	Name       string
	Partitions int
	Groups     []string
}

// Server is a namespace that answers clients.
type Server struct {
	config Config
	hubs   map[string]*hub // by lower-case name
	refuse atomic.Int64

	mu        sync.Mutex
	listeners map[net.Listener]bool
	conns     map[*conn]bool
	closed    bool
	serving   sync.WaitGroup
}

// New makes a server, and reads the logs of an earlier one in the same Dir.
func New(c Config) (*Server, error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.MaxPartitionBytes == 0 {
		c.MaxPartitionBytes = 1 << 30
	}
	s := &Server{config: c, hubs: map[string]*hub{}, listeners: map[net.Listener]bool{}, conns: map[*conn]bool{}}
	for _, h := range c.Hubs {
		hub := newHub(h, c.MaxPartitionBytes)
		s.hubs[strings.ToLower(h.Name)] = hub
		if c.Dir == "" {
			continue
		}
		if err := os.MkdirAll(c.Dir, 0o700); err != nil {
			return nil, fmt.Errorf("opening logs of hub %s: %w", h.Name, err)
		}
		for _, p := range hub.partitions {
			if err := p.open(filepath.Join(c.Dir, h.Name+"-"+p.id+".log")); err != nil {
				return nil, fmt.Errorf("opening log of hub %s, partition %s: %w", h.Name, p.id, err)
			}
		}
	}
	return s, nil
}

// ConnectionString returns the connection string that clients use for a server on an address of this machine.
func ConnectionString(addr, keyName, key string) string {
	_, port, _ := net.SplitHostPort(addr)
	return fmt.Sprintf("Endpoint=sb://localhost:%s;SharedAccessKeyName=%s;SharedAccessKey=%s;UseDevelopmentEmulator=true", port, keyName, key)
}

// Serve answers connections on a listener until Close, and then returns nil.
func (s *Server) Serve(ln net.Listener) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return ln.Close()
	}
	s.listeners[ln] = true
	s.mu.Unlock()
	for {
		nc, err := ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accepting connections: %w", err)
		}
		s.start(nc)
	}
}

func (s *Server) start(nc net.Conn) {
	c := newConn(s, nc)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		nc.Close()
		return
	}
	s.conns[c] = true
	s.serving.Go(func() {
		c.serve()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.conns, c)
	})
}

// Close ends all connections and closes the logs.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	for ln := range s.listeners {
		ln.Close()
	}
	s.mu.Unlock()
	s.DropConnections()
	s.serving.Wait()
	var errs []error
	for _, h := range s.hubs {
		for _, p := range h.partitions {
			errs = append(errs, p.close())
		}
	}
	return errors.Join(errs...)
}

// DropConnections cuts every connection, as a network would, and returns how many there were.
func (s *Server) DropConnections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.nc.Close()
	}
	return len(s.conns)
}

// RefuseNext makes the server answer the next n sends with com.microsoft:server-busy.
func (s *Server) RefuseNext(n int) { s.refuse.Store(int64(n)) }

func (s *Server) busy() bool { return s.refuse.Load() > 0 && s.refuse.Add(-1) >= 0 }

// LastSequence returns the last sequence number of each partition of a hub, -1 where it is empty.
func (s *Server) LastSequence(hub string) []int64 {
	h := s.hubs[strings.ToLower(hub)]
	if h == nil {
		return nil
	}
	out := make([]int64, len(h.partitions))
	for i, p := range h.partitions {
		out[i] = p.last()
	}
	return out
}
