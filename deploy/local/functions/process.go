package functions

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"time"
)

// process keeps the handler running, by the real host's rules for exits.
type process struct {
	command command
	port    int
	limit   time.Duration // for the handler to answer its first request
	output  *output
	log     *slog.Logger
	client  *http.Client

	mu         sync.Mutex
	open       chan struct{} // closed while the handler answers
	generation int           // of the running process, from 1
	pid        int           // 0 when none runs
	kill       func() error
	unwanted   bool // the host itself ends this generation: no strike
}

// Rules of the real host: a third error stops it, unless half an hour passed since the one before; readiness is asked
// for 40 times a second; an invocation waits for a handler to become ready as long as for three attempts and one more.
const (
	maxStrikes  = 3
	forgiveness = 30 * time.Minute
	probePause  = 25 * time.Millisecond
	patience    = 4
)

var errStopped = errors.New("exceeded handler restart count: the host stops")

// run starts the handler again and again until the context ends or the rules say stop.
func (p *process) run(ctx context.Context) error {
	runtime.LockOSThread() // the handler dies with the thread that started it
	defer runtime.UnlockOSThread()
	strikes, last := 0, time.Time{}
	for {
		err := p.once(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err == nil {
			p.log.InfoContext(ctx, "restarting the handler")
			continue
		}
		if time.Since(last) > forgiveness {
			strikes = 0
		}
		strikes, last = strikes+1, time.Now()
		p.log.ErrorContext(ctx, "handler ended", slog.Any("error", err), slog.Int("strike", strikes))
		if strikes == maxStrikes {
			return fmt.Errorf("%w: %w", errStopped, err)
		}
	}
}

// once runs one process to its end. No error means that it is to be started again without a strike.
func (p *process) once(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.command.path, p.command.args...) //nolint:gosec // the app's own handler
	stdout, stderr := &lines{origin: "handler", out: p.output}, &lines{origin: "handler error", out: p.output}
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = p.command.dir, p.command.env, stdout, stderr, time.Second
	tie(cmd)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting the handler: %w", err)
	}
	p.started(cmd)
	late := make(chan error, 1)
	go func() { late <- p.probe(ctx, cancel) }()
	exit := cmd.Wait()
	if cmd.ProcessState.ExitCode() == 0 {
		p.log.ErrorContext(ctx, "handler exited with 0: it is not started again, and every invocation fails")
		return p.abandoned(ctx, late)
	}
	cancel()
	tooLate := <-late
	stdout.tail()
	quote := stderr.tail()
	switch {
	case p.ended() || cmd.ProcessState.ExitCode() == 200:
		return nil
	case tooLate != nil:
		return tooLate
	}
	return fmt.Errorf("handler exited: %w: %s", exit, quote)
}

// abandoned is the host after a handler that exited with 0: it believes that all is well, if ever it was ready.
func (p *process) abandoned(ctx context.Context, late <-chan error) error {
	p.mu.Lock()
	p.pid, p.kill = 0, nil
	p.mu.Unlock()
	if err := <-late; err != nil {
		p.ended()
		return err
	}
	<-ctx.Done()
	return nil
}

// probe asks for the handler's root until anything answers; any answer will do. A handler that gives none in time is
// killed.
func (p *process) probe(ctx context.Context, kill context.CancelFunc) error {
	deadline := time.Now().Add(p.limit)
	for time.Now().Before(deadline) {
		if p.answers(ctx) {
			p.mu.Lock()
			close(p.open)
			p.mu.Unlock()
			return nil
		}
		if !pause(ctx, probePause) {
			return nil
		}
	}
	kill()
	return fmt.Errorf("initializing the handler timed out: nothing answered on port %d within %s", p.port, p.limit)
}

func (p *process) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, p.limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.address()+"/", nil)
	if err != nil {
		return false
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return false
	}
	return resp.Body.Close() == nil
}

func (p *process) started(cmd *exec.Cmd) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.generation++
	p.pid, p.kill, p.unwanted = cmd.Process.Pid, cmd.Process.Kill, false
}

// ended forgets the process and reports whether the host itself had ended it.
func (p *process) ended() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pid, p.kill = 0, nil
	select {
	case <-p.open:
		p.open = make(chan struct{})
	default:
	}
	p.client.CloseIdleConnections()
	return p.unwanted
}

// restart kills a generation of the handler; it is started again. A later generation is left alone.
func (p *process) restart(generation int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.generation != generation || p.kill == nil {
		return
	}
	p.unwanted = true
	if err := p.kill(); err != nil {
		p.log.Warn("killing the handler", slog.Any("error", err)) //nolint:sloglint // has no context of its own
	}
}

// ready waits until the handler answers and returns its generation.
func (p *process) ready(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience*p.limit, errors.New("initialization timed out"))
	defer cancel()
	p.mu.Lock()
	open := p.open
	p.mu.Unlock()
	select {
	case <-open:
	case <-ctx.Done():
		return 0, fmt.Errorf("waiting for the handler: %w", context.Cause(ctx))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.generation, nil
}

func (p *process) address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.port)) }

func (p *process) isReady() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.open:
		return true
	default:
		return false
	}
}
