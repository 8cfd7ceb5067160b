//go:build live

package funchost_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	azhub "rekey/shared/azure/eventhub"
	"rekey/shared/host/funchost"
)

// This test is for whoever has a real Functions host and a real event hub: `make live`. It lets the host invoke a function
// for a message that it sends itself, records the invocation, and replays it. Set:
//
//	REKEY_LIVE_FUNC      the path of Azure Functions Core Tools: func
//	REKEY_LIVE_EVENTHUB  a connection string of an Event Hubs namespace that may send and listen
//	REKEY_LIVE_HUB       the name of a hub in it that nobody else uses
//	REKEY_LIVE_STORAGE   a connection string of a storage account for the host: checkpoints
//
// With REKEY_LIVE_KEEP=FILE the invocation is kept. It names your namespace; nothing else of yours is in it.

const recordTo = "REKEY_LIVE_RECORD_TO" // set for the handler process: the test's own program, started by the host

// TestMain lets the host start this program as its custom handler.
func TestMain(m *testing.M) {
	if dir := os.Getenv(recordTo); dir != "" {
		fmt.Fprintln(os.Stderr, record(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// record answers every invocation and writes it into a folder.
func record(dir string) error {
	return http.ListenAndServe(net.JoinHostPort("127.0.0.1", os.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT")), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { //nolint:gosec // a test's
		w.Header().Set("Content-Type", "application/json")
		body, err := io.ReadAll(r.Body)
		if err == nil && r.Method == http.MethodPost {
			path := filepath.Join(dir, fmt.Sprintf("%d.json", time.Now().UnixNano()))
			if err = os.WriteFile(path+".part", body, 0o600); err == nil {
				err = os.Rename(path+".part", path)
			}
		}
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
		}
		fmt.Fprint(w, `{"Outputs":{},"Logs":[],"ReturnValue":null}`)
	}))
}

// live reads the settings of this test. Whoever asks for it without them is told, and not passed over.
func live(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for name, help := range map[string]string{
		"REKEY_LIVE_FUNC":     "the path of Azure Functions Core Tools, like /usr/bin/func",
		"REKEY_LIVE_EVENTHUB": "a connection string of an Event Hubs namespace, with the rights to send and to listen",
		"REKEY_LIVE_HUB":      "the name of a hub in it that nobody else uses",
		"REKEY_LIVE_STORAGE":  "a connection string of a storage account, for the host's checkpoints",
	} {
		if out[name] = os.Getenv(name); out[name] == "" {
			t.Errorf("%s is not set: %s", name, help)
		}
	}
	if t.Failed() {
		t.Fatal("this test asks a real Functions host and a real event hub; leave out -tags live if you have none")
	}
	return out
}

func TestLiveAnEventHubInvocationOfARealHostIsReplayed(t *testing.T) {
	set := live(t)
	app, records := t.TempDir(), t.TempDir()
	lay(t, app, set)
	host := exec.CommandContext(t.Context(), set["REKEY_LIVE_FUNC"], "host", "start", "--port", free(t))
	host.Dir = app
	host.Env = append(os.Environ(), recordTo+"="+records)
	host.Stdout, host.Stderr = os.Stderr, os.Stderr
	host.WaitDelay = 10 * time.Second
	host.Cancel = func() error { return host.Process.Signal(os.Interrupt) }
	if err := host.Start(); err != nil {
		t.Fatalf("REKEY_LIVE_FUNC: %v", err)
	}
	sent := fmt.Appendf(nil, "not JSON, with a byte that is no text \xff, of %s", time.Now().Format(time.RFC3339Nano))
	send(t, set, sent)
	body, b := await(t, records, sent)
	i := position(b, sent)
	if b.Hub != set["REKEY_LIVE_HUB"] || b.Partition == "" || b.Events[i].Offset == "" || time.Since(b.Events[i].Enqueued).Abs() > time.Hour {
		t.Errorf("the invocation was read as %+v", b)
	}
	if path := os.Getenv("REKEY_LIVE_KEEP"); path != "" {
		if err := os.WriteFile(path, body, 0o600); err != nil {
			t.Error(err)
		}
	}
}

// lay makes an app with one function: ours, as it is deployed, and this program as its handler.
func lay(t *testing.T, app string, set map[string]string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	function, err := os.ReadFile(filepath.Join("..", "..", "..", "functions", "signins", "function.json"))
	if err != nil {
		t.Fatal(err)
	}
	var host map[string]any
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "host.json"))
	if err != nil || json.Unmarshal(text, &host) != nil {
		t.Fatal(err)
	}
	host["customHandler"] = map[string]any{"description": map[string]any{"defaultExecutablePath": self}}
	settings := map[string]any{"IsEncrypted": false, "Values": map[string]string{
		"FUNCTIONS_WORKER_RUNTIME": "custom", "AzureWebJobsStorage": set["REKEY_LIVE_STORAGE"], "REKEY_EVENTHUB": set["REKEY_LIVE_EVENTHUB"],
		"REKEY_HUB_SIGNINS": set["REKEY_LIVE_HUB"], "REKEY_CONSUMER_GROUP": "$Default",
	}}
	for name, v := range map[string]any{"host.json": host, "local.settings.json": settings, "signins/function.json": json.RawMessage(function)} {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(app, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func free(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func send(t *testing.T, set map[string]string, message []byte) {
	t.Helper()
	s, err := azhub.FromConnectionString(set["REKEY_LIVE_EVENTHUB"], set["REKEY_LIVE_HUB"])
	if err != nil {
		t.Fatalf("REKEY_LIVE_EVENTHUB: %v", err)
	}
	defer s.Close(context.WithoutCancel(t.Context()))
	if err := s.Send(t.Context(), "", message); err != nil {
		t.Fatalf("REKEY_LIVE_EVENTHUB, REKEY_LIVE_HUB: %v", err)
	}
}

// await replays what was recorded until the message is in it. A hub that others have used delivers their messages first.
func await(t *testing.T, records string, sent []byte) ([]byte, funchost.Batch) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		files, err := filepath.Glob(filepath.Join(records, "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			body, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if b := received(t, string(body)); position(b, sent) >= 0 {
				return body, b
			}
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%d invocations were recorded, and the message is in none of them: what the host said is above", len(files))
		case <-tick.C:
		}
	}
}

func position(b funchost.Batch, sent []byte) int {
	for i, e := range b.Events {
		if bytes.Equal(e.Body, sent) {
			return i
		}
	}
	return -1
}
