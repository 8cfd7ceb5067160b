package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"rekey/deploy/local/azurite"
	"rekey/deploy/local/tenant"
	"rekey/handlers/state"
	"rekey/shared/host/config"
)

const (
	batches  = 8
	events   = 16
	eventMiB = 1 << 20
	limitMiB = 512
)

// Eight batches of sixteen events of 1 MiB, full of sign-ins, are handled at the same time by the staged binary. What
// counts is the most memory the process ever held, as the kernel saw it.
func TestEightLargeBatchesAtATimeStayUnder512MiB(t *testing.T) {
	app, storage := detectApp(t)
	url, pid := start(t, app, storage)
	bodies := invocations(t)
	var wg sync.WaitGroup
	for i := range batches {
		wg.Go(func() {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/signins", bytes.NewReader(bodies[i]))
			if err != nil {
				t.Error(err)
				return
			}
			r, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			r.Body.Close()
			if r.StatusCode != http.StatusOK {
				t.Errorf("batch %d: status %d", i, r.StatusCode)
			}
		})
	}
	wg.Wait()
	peak := peakMiB(t, pid)
	t.Logf("at most %d MiB were resident for %d batches of %d events of 1 MiB", peak, batches, events)
	if peak > limitMiB {
		t.Errorf("%d MiB were resident, at most %d are allowed", peak, limitMiB)
	}
}

// start runs the staged binary as the host would, and waits until it is ready.
// detectApp returns the folder of the staged detect app, and the connection string of a new account with everything in it.
func detectApp(t *testing.T) (app, storage string) {
	t.Helper()
	app, err := filepath.Abs(filepath.Join("..", "dist", "detect"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(app, "rekey")); err != nil {
		t.Fatalf("the staged app is missing: run `make stage` (%v)", err)
	}
	server, err := azurite.Start(t.Context(), azurite.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	account, err := state.Open(config.State{ConnectionString: config.Secret(server.ConnectionString())}, config.Identity{})
	if err != nil {
		t.Fatal(err)
	}
	if err := account.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	return app, server.ConnectionString()
}

func start(t *testing.T, app, storage string) (url string, pid int) {
	t.Helper()
	return startLogging(t, app, storage, io.Discard)
}

// lines is a log that is read while it is written.
type lines struct {
	mu  sync.Mutex
	all []byte
}

// Write implements io.Writer.
func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, b...)
	return len(b), nil
}

// bytes are the whole lines.
func (l *lines) bytes() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.all[:bytes.LastIndexByte(l.all, '\n')+1])
}

func startLogging(t *testing.T, app, storage string, log io.Writer) (url string, pid int) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	ln.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, filepath.Join(app, "rekey"), "serve")
	cmd.Env = append(os.Environ(), "FUNCTIONS_CUSTOMHANDLER_PORT="+port, "FUNCTIONS_APP_ROOT_PATH="+app, "REKEY_TENANT_ID="+tenant.New(1).ID,
		"REKEY_STATE_CONNECTION_STRING="+storage, "REKEY_HASH_KEY=AAECAwQFBgcICQoLDA0ODw==")
	cmd.Stdout, cmd.Stderr = log, os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = cmd.Wait() })
	url = "http://127.0.0.1:" + port
	for deadline := time.Now().Add(20 * time.Second); ; {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := http.DefaultClient.Do(req); err == nil {
			r.Body.Close()
			return url, cmd.Process.Pid
		}
		if time.Now().After(deadline) {
			t.Fatal("the process does not answer")
		}
	}
}

// invocations are the bodies the host would post, each different.
func invocations(t *testing.T) [][]byte {
	t.Helper()
	w := tenant.New(1)
	var data [][]byte
	for _, r := range w.Day(time.Now().Add(-48*time.Hour), tenant.Options{Scale: 1}) {
		if r.Hub == tenant.HubSignIns {
			data = append(data, r.Data)
		}
	}
	var out [][]byte
	for b := range batches {
		var texts []string
		for e := range events {
			var many [][]byte
			for size, i := 0, b*events+e; size < eventMiB-8<<10; i++ {
				many = append(many, data[i%len(data)])
				size += len(data[i%len(data)]) + 1
			}
			texts = append(texts, base64.StdEncoding.EncodeToString(tenant.Envelope(many, 2<<20)[0]))
		}
		list, err := json.Marshal(texts)
		if err != nil {
			t.Fatal(err)
		}
		body, err := json.Marshal(map[string]any{
			"Data":     map[string]any{"events": string(list)},
			"Metadata": map[string]any{"PartitionContext": map[string]any{"EventHubName": "signins", "PartitionId": fmt.Sprint(b)}},
		})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, body)
	}
	return out
}

// peakMiB reads the high-water mark of a process's resident memory.
func peakMiB(t *testing.T, pid int) int {
	t.Helper()
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			kb, err := strconv.Atoi(strings.Fields(value)[0])
			if err != nil {
				t.Fatal(err)
			}
			return kb >> 10
		}
	}
	t.Fatal("the kernel does not say how much memory the process held")
	return 0
}
