// Package azurite runs Azurite, Microsoft's Azure Storage emulator, as a child process for the local stack and tests.
//
// It is an npm package, pinned in package-lock.json and installed by `make node_modules`. Two things differ from the
// real service and are mended here: Azurite loses the last five seconds when it is killed (see durable.js), and it
// does not know the API version of the newest clients (the check is switched off).
package azurite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// Config says how to run. The zero Config keeps everything in memory on free ports.
type Config struct {
	Dir                            string // where data is kept; "" keeps it in memory
	BlobPort, QueuePort, TablePort int    // 0 takes a free one
	Durable                        bool   // acknowledged writes survive Kill; needs Dir
	Modules                        string // node_modules folder; "" looks for the repository's
}

// Server is a running Azurite.
type Server struct {
	config Config
	mu     sync.Mutex
	cmd    *exec.Cmd
	exited chan error
	output lockedBuffer
}

// The development account, whose key is public.
const (
	account = "devstoreaccount1"
	key     = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

const startLimit = 30 * time.Second

// Start runs Azurite and waits until it answers. It ends with the calling process.
func Start(ctx context.Context, c Config) (*Server, error) {
	if c.Modules == "" {
		dir, err := modules()
		if err != nil {
			return nil, err
		}
		c.Modules = dir
	}
	if _, err := os.Stat(filepath.Join(c.Modules, "azurite", "package.json")); err != nil {
		return nil, fmt.Errorf("starting Azurite: it is not installed in %s; run `make node_modules`", c.Modules)
	}
	for _, p := range []*int{&c.BlobPort, &c.QueuePort, &c.TablePort} {
		if *p == 0 {
			port, err := freePort()
			if err != nil {
				return nil, fmt.Errorf("starting Azurite: finding a port: %w", err)
			}
			*p = port
		}
	}
	s := &Server{config: c}
	return s, s.Restart(ctx)
}

// modules finds the repository's node_modules from the working directory upward.
func modules() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("looking for Azurite: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "deploy", "local", "azurite", "node_modules"), nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("looking for Azurite: not inside the repository; say where its node_modules folder is")
		}
		dir = parent
	}
}

func freePort() (int, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port, nil
}

// Restart starts Azurite again on the same ports and data, after Kill or Close.
func (s *Server) Restart(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd != nil {
		return errors.New("starting Azurite: it is running")
	}
	s.output.Reset()
	cmd := exec.Command("node", s.arguments()...) //nolint:noctx // it outlives ctx, which bounds the start only
	cmd.Stdout, cmd.Stderr = &s.output, &s.output
	dieWithParent(cmd)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting Azurite: %w", err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	s.cmd, s.exited = cmd, exited
	for _, port := range []int{s.config.BlobPort, s.config.QueuePort, s.config.TablePort} {
		if err := s.ready(ctx, port); err != nil {
			s.abandon()
			return err
		}
	}
	return nil
}

func (s *Server) arguments() []string {
	args := []string{}
	if s.config.Durable {
		args = append(args, "--require", filepath.Join(filepath.Dir(s.config.Modules), "durable.js"))
	}
	args = append(args, filepath.Join(s.config.Modules, "azurite", "dist", "src", "azurite.js"),
		"--silent", "--disableTelemetry", "--skipApiVersionCheck",
		"--blobHost", "127.0.0.1", "--blobPort", fmt.Sprint(s.config.BlobPort),
		"--queueHost", "127.0.0.1", "--queuePort", fmt.Sprint(s.config.QueuePort),
		"--tableHost", "127.0.0.1", "--tablePort", fmt.Sprint(s.config.TablePort))
	if s.config.Dir == "" {
		return append(args, "--inMemoryPersistence")
	}
	return append(args, "--location", s.config.Dir)
}

// ready waits until a port answers HTTP.
func (s *Server) ready(ctx context.Context, port int) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/", port), nil)
		if err != nil {
			return err
		}
		r, answerErr := http.DefaultClient.Do(req)
		if answerErr == nil {
			r.Body.Close()
		}
		select {
		case err := <-s.exited: // whoever answered was another
			s.exited <- err
			return fmt.Errorf("starting Azurite: it ended (%v): %s", err, s.output.Tail())
		default:
		}
		if answerErr == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("starting Azurite: no answer on port %d: %s", port, s.output.Tail())
		case <-tick.C:
		}
	}
}

// abandon ends a child that did not become ready. s.mu is held.
func (s *Server) abandon() {
	_ = s.cmd.Process.Kill() // already gone is as good
	<-s.exited
	s.cmd = nil
}

// ConnectionString returns what clients connect with.
func (s *Server) ConnectionString() string {
	return fmt.Sprintf("DefaultEndpointsProtocol=http;AccountName=%s;AccountKey=%s;"+
		"BlobEndpoint=http://127.0.0.1:%d/%[1]s;QueueEndpoint=http://127.0.0.1:%[4]d/%[1]s;TableEndpoint=http://127.0.0.1:%[5]d/%[1]s;",
		account, key, s.config.BlobPort, s.config.QueuePort, s.config.TablePort)
}

// Kill ends Azurite at once, as a crash would.
func (s *Server) Kill() { s.stop(func(p *os.Process) error { return p.Kill() }) }

// Close lets Azurite save and end.
func (s *Server) Close() {
	s.stop(func(p *os.Process) error {
		time.AfterFunc(5*time.Second, func() { _ = p.Kill() }) // harmless when it is gone by then
		return p.Signal(os.Interrupt)
	})
}

func (s *Server) stop(end func(*os.Process) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return
	}
	_ = end(s.cmd.Process) // already gone is as good
	<-s.exited
	s.cmd = nil
}

// lockedBuffer keeps the child's output for error messages.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// Reset forgets the output.
func (l *lockedBuffer) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b.Reset()
}

// Tail returns the end of the output.
func (l *lockedBuffer) Tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	const most = 600
	b := l.b.Bytes()
	return string(b[max(0, len(b)-most):])
}
