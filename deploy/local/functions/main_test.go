package functions

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// role is the environment variable that makes the test binary play the handler.
const role = "FUNCTIONS_TEST_ROLE"

func TestMain(m *testing.M) {
	if r := os.Getenv(role); r != "" {
		handler(r)
	}
	os.Exit(m.Run())
}

// handler is a custom handler whose function names say how they behave.
func handler(role string) {
	switch role {
	case "crash":
		fmt.Fprintln(os.Stderr, "no settings")
		os.Exit(3)
	case "host":
		host(os.Getenv("FUNCTIONS_TEST_ROOT"))
	case "deaf":
		select {}
	}
	fmt.Println("listening")
	http.HandleFunc("/", answer)
	addr := net.JoinHostPort("127.0.0.1", os.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT"))
	fmt.Fprintln(os.Stderr, http.ListenAndServe(addr, nil)) //nolint:gosec // a test's
	os.Exit(1)
}

// record is what the handler tells the test about a request, through a file.
type record struct {
	Path, Method, Host, Body string
	Header                   http.Header
	Length                   int64
}

func answer(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/" {
		w.WriteHeader(http.StatusNotFound) // any answer means ready
		return
	}
	remember(r)
	name := strings.Trim(r.URL.Path, "/")
	if code, ok := strings.CutPrefix(name, "exit"); ok {
		n, _ := strconv.Atoi(code)
		os.Exit(n)
	}
	answers := map[string]struct {
		status     int
		kind, body string
	}{
		"ok":      {200, "application/json", "{}"},
		"charset": {200, "application/json; charset=utf-8", `{"outputs":{},"logs":null}`},
		"logs":    {200, "application/json", `{"Logs":["one","two"]}`},
		"badlogs": {200, "application/json", `{"Logs":[{"a":1}]}`},
		"fail":    {500, "application/json", `{"Logs":["unseen"]}`},
		"empty":   {200, "application/json", ""},
		"null":    {200, "application/json", "null"},
		"array":   {200, "application/json", "[]"},
		"plain":   {200, "text/plain", "{}"},
		"broken":  {200, "application/json", "{"},
	}
	a, ok := answers[name]
	if !ok {
		a = answers["ok"]
	}
	if name == "hang" {
		<-r.Context().Done()
		select {}
	}
	w.Header().Set("Content-Type", a.kind)
	w.WriteHeader(a.status)
	io.WriteString(w, a.body)
}

var written sync.Mutex

// remember appends a record for the test to read.
func remember(r *http.Request) {
	written.Lock()
	defer written.Unlock()
	body, _ := io.ReadAll(r.Body)
	line, _ := json.Marshal(record{r.URL.RequestURI(), r.Method, r.Host, string(body), r.Header, r.ContentLength})
	f, err := os.OpenFile(os.Getenv("FUNCTIONS_TEST_RECORDS"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	f.Write(append(line, '\n'))
}

// app is a staged app whose handler is the test binary.
type app struct {
	t       *testing.T
	config  Config
	records string
	output  *buffer
}

// newApp writes an app: host.json gets the given members beside version and customHandler; functions maps names to the
// text of function.json.
func newApp(t *testing.T, more string, functions map[string]string) *app {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	a := &app{t: t, records: filepath.Join(root, "records"), output: &buffer{}}
	put := func(path, text string) {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(filepath.Join(root, "host.json"), fmt.Sprintf(`{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":%q},
		"enableProxyingHttpRequest":true,"initializationTimeout":"00:00:10"}%s}`, exe, more))
	for name, text := range functions {
		put(filepath.Join(root, name, "function.json"), text)
	}
	a.config = Config{Root: root, Output: a.output, Settings: map[string]string{role: "serve", "FUNCTIONS_TEST_RECORDS": a.records}}
	return a
}

// start runs the app until the test ends, and returns the host and where Run's end is told.
func (a *app) start() (*Host, <-chan error) {
	a.t.Helper()
	h, err := New(a.config)
	if err != nil {
		a.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(a.t.Context())
	ended, gone := make(chan error, 1), make(chan struct{})
	go func() {
		ended <- h.Run(ctx)
		close(gone)
	}()
	a.t.Cleanup(func() { cancel(); <-gone })
	return h, ended
}

// requests are those that the handler has seen, the readiness probe apart.
func (a *app) requests() []record {
	a.t.Helper()
	b, _ := os.ReadFile(a.records)
	var out []record
	for line := range bytes.Lines(b) {
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			break // being written
		}
		out = append(out, r)
	}
	return out
}

// eventually waits for a condition, asking often and sleeping never longer than needed.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for !condition() {
		if !pause(ctx, 5*time.Millisecond) {
			t.Fatal("waited in vain for " + what)
		}
	}
}

// buffer is a bytes.Buffer that many may use.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// parsed compares JSON without its order.
func parsed(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("parsing %s: %v", text, err)
	}
	return v
}

// edit replaces a text in host.json.
func (a *app) edit(before, after string) {
	a.t.Helper()
	path := filepath.Join(a.config.Root, "host.json")
	b, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(b), before) {
		a.t.Fatalf("editing host.json: %q is not there: %v", before, err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(b), before, after, 1)), 0o600); err != nil {
		a.t.Fatal(err)
	}
}
