package functions

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const httpFunction = `{"bindings":[
	{"type":"httpTrigger","name":"req","direction":"in","authLevel":"anonymous"},{"type":"http","name":"res","direction":"out"}]}`

// invoker runs an app and gives the way to invoke its functions directly.
func invoker(t *testing.T, more string) (*app, *Host, func(name string) error, <-chan error) {
	t.Helper()
	a := newApp(t, more, nil)
	h, ended := a.start()
	return a, h, func(name string) error {
		return h.front.caller.invoke(t.Context(), &function{name: name}, "id-1", []byte(`{"Data":{},"Metadata":{}}`))
	}, ended
}

func TestTheHandlerIsToldItsPortItsSettingsAndTheAppsRoot(t *testing.T) {
	env := strings.Join(environment("/app", 1234, settings{"HUB": "signins"}), "\n")
	for _, want := range []string{
		"FUNCTIONS_CUSTOMHANDLER_PORT=1234", "FUNCTIONS_HTTPWORKER_PORT=1234", "FUNCTIONS_APP_ROOT_PATH=/app", "HUB=signins",
		"FUNCTIONS_CUSTOMHANDLER_WORKER_ID=", "FUNCTIONS_HTTPWORKER_ID=", "PATH=",
	} {
		if !strings.Contains(env, want) {
			t.Errorf("%s is missing", want)
		}
	}
}

func TestAnInvocationIsAChunkedPostWithTheHostsHeaders(t *testing.T) {
	a, _, invoke, _ := invoker(t, "")
	if err := invoke("ok"); err != nil {
		t.Fatal(err)
	}
	r := a.requests()[0]
	if r.Method != "POST" || r.Path != "/ok" || r.Length != -1 || r.Body != `{"Data":{},"Metadata":{}}` ||
		r.Header.Get("X-Azure-Functions-Invocationid") != "id-1" || r.Header.Get("Content-Type") != "application/json; charset=utf-8" ||
		!strings.HasPrefix(r.Header.Get("User-Agent"), "Azure-Functions-Host/") {
		t.Errorf("%+v", r)
	}
}

func TestAnswersAreJudgedAsTheRealHostDoes(t *testing.T) {
	a, _, invoke, _ := invoker(t, "")
	for function, want := range map[string]string{
		"ok": "", "charset": "", "logs": "", "fail": "500", "array": "invalid HttpResponseMessage", "badlogs": "invalid HttpResponseMessage",
		"broken": "invalid HttpResponseMessage", "plain": "no MediaTypeFormatter",
	} {
		err := invoke(function)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", function, err, want)
		}
	}
	out := a.output.String()
	if !strings.Contains(out, "[logs] one\n[logs] two\n") || !strings.Contains(out, "[handler] listening\n") || strings.Contains(out, "unseen") {
		t.Errorf("output: %s", out)
	}
}

func TestAFunctionThatNeverAnswersCostsTheHandlerItsLifeWithoutAStrike(t *testing.T) {
	_, h, invoke, ended := invoker(t, `,"functionTimeout":"00:00:00.3"`)
	for _, function := range []string{"empty", "null", "hang", "empty"} { // more than three: none is a strike
		if err := invoke("ok"); err != nil {
			t.Fatal(err)
		}
		before := h.HandlerPID()
		if err := invoke(function); !errors.Is(err, errTimeout) {
			t.Errorf("%s: %v", function, err)
		}
		eventually(t, "another handler", func() bool { return h.HandlerPID() != before && h.HandlerPID() != 0 })
	}
	select {
	case err := <-ended:
		t.Fatal(err)
	default:
	}
}

func TestAHandlerThatExitsWithZeroIsNotStartedAgainAndEveryInvocationFails(t *testing.T) {
	_, h, invoke, ended := invoker(t, "")
	if invoke("exit0") == nil {
		t.Error("the invocation that ends the handler succeeded")
	}
	eventually(t, "the handler's end", func() bool { return h.HandlerPID() == 0 })
	for range 3 {
		if err := invoke("ok"); err == nil || !strings.Contains(err.Error(), "refused") {
			t.Error(err)
		}
	}
	select {
	case err := <-ended:
		t.Fatal("the host ended: ", err)
	default:
	}
}

func TestTheThirdCrashStopsTheHost(t *testing.T) {
	_, h, invoke, ended := invoker(t, "")
	var pids []int
	for range maxStrikes {
		if err := invoke("ok"); err != nil {
			t.Fatal(err)
		}
		pids = append(pids, h.HandlerPID())
		_ = invoke("exit7") // fails, whatever it says
		if len(pids) < maxStrikes {
			eventually(t, "another handler", func() bool { return h.HandlerPID() != pids[len(pids)-1] && h.HandlerPID() != 0 })
		}
	}
	if err := <-ended; !errors.Is(err, errStopped) || !strings.Contains(err.Error(), "exit status 7") {
		t.Error(err)
	}
	if pids[0] == pids[1] || pids[1] == pids[2] {
		t.Errorf("the handler was not started again: %v", pids)
	}
}

func TestExitCode200IsARestartForFree(t *testing.T) {
	_, h, invoke, ended := invoker(t, "")
	for range maxStrikes + 1 {
		if err := invoke("ok"); err != nil {
			t.Fatal(err)
		}
		before := h.HandlerPID()
		_ = invoke("exit200") // fails, whatever it says
		eventually(t, "another handler", func() bool { return h.HandlerPID() != before && h.HandlerPID() != 0 })
	}
	select {
	case err := <-ended:
		t.Fatal(err)
	default:
	}
}

func TestAHandlerThatCrashesAtStartStopsTheHostAndIsQuoted(t *testing.T) {
	a := newApp(t, "", nil)
	a.config.Settings[role] = "crash"
	_, ended := a.start()
	if err := <-ended; !errors.Is(err, errStopped) || !strings.Contains(err.Error(), "no settings") {
		t.Error(err)
	}
	if n := strings.Count(a.output.String(), "[handler error] no settings\n"); n != maxStrikes {
		t.Errorf("started %d times", n)
	}
}

func TestAHandlerThatNeverListensTimesOut(t *testing.T) {
	a := newApp(t, "", nil)
	a.config.Settings[role] = "deaf"
	a.edit(`"00:00:10"`, `"00:00:00.2"`)
	_, ended := a.start()
	if err := <-ended; !errors.Is(err, errStopped) || !strings.Contains(err.Error(), "initializing the handler timed out") {
		t.Error(err)
	}
}

func TestStoppingTheHostKillsTheHandlerAtOnce(t *testing.T) {
	a := newApp(t, "", nil)
	h, err := New(a.config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	eventually(t, "a handler that is ready", h.process.isReady)
	pid := h.HandlerPID()
	start := time.Now()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if p, err := os.FindProcess(pid); err == nil && p.Kill() == nil {
		t.Error("the handler outlived the host")
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("stopping took %s", d)
	}
}

func TestArgumentsAreExpandedAndSplitAtSpaces(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "rekey"), []byte("#!/bin/sh\n"), 0o700); err != nil { //nolint:gosec // must be executable
		t.Fatal(err)
	}
	c, err := newCommand(root, description{
		DefaultExecutablePath: "%BIN%", Arguments: []string{"serve -x", "%NONE%"}, DefaultWorkerPath: "a b", WorkerArguments: []string{"-p=%PORT%"},
	}, []string{"BIN=rekey", "PORT=1"})
	if err != nil {
		t.Fatal(err)
	}
	if c.path != filepath.Join(root, "rekey") || c.dir != root || strings.Join(c.args, "|") != "serve|-x|a b|-p=1" {
		t.Errorf("%+v", c)
	}
	if _, err := newCommand(root, description{DefaultExecutablePath: "no-such-handler"}, nil); err == nil {
		t.Error("a handler that does not exist was found")
	}
}
