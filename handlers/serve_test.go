package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rekey/shared/host/funchost"
)

// stageOnly makes an app root with the given functions.
func stageOnly(t *testing.T, names ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, name := range names {
		if err := os.MkdirAll(filepath.Join(root, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name, "function.json"), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestAFunctionOfAnotherRegionsVaultsHasTheHandlerOfTheFirst(t *testing.T) {
	t.Setenv("REKEY_STATE_CONNECTION_STRING", "")
	_, err := staged(stageOnly(t, "vaultlogs2"), slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "preparing function vaultlogs2: ") {
		t.Errorf("got %v", err)
	}
}

func TestAMissingSettingIsNamedAndAnUnknownFunctionToo(t *testing.T) {
	t.Setenv("REKEY_STATE_CONNECTION_STRING", "")
	t.Setenv("REKEY_API_AUDIENCE", "api://rekey")
	tests := map[string]struct{ function, want string }{
		"no tenant for the face app":    {"risk", "preparing function risk: REKEY_TENANT_ID is not set"},
		"no tenant for the respond app": {"triage", "REKEY_TENANT_ID is not set"},
		"a folder nobody knows":         {"nobody", `function "nobody" is staged, but this program has no handler of that name`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := staged(stageOnly(t, tt.function), slog.New(slog.DiscardHandler))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestARequestToAnAppThatIsNotReadyLeavesTheReasonInTheLog(t *testing.T) {
	var log bytes.Buffer
	s, err := funchost.New(funchost.Config{Logger: slog.New(slog.NewJSONHandler(&log, nil)), Routes: refuse(stageOnly(t, "risk"), errors.New("REKEY_TENANT_ID is not set"))})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/x", nil))
	if !strings.Contains(log.String(), `"error":"answering with status 503: not ready: REKEY_TENANT_ID is not set"`) || strings.Contains(w.Body.String(), "REKEY") {
		t.Errorf("the log says %s, the answer %s", log.String(), w.Body)
	}
}

func TestAProcessThatIsNotReadyAnswersAndFailsEveryInvocation(t *testing.T) {
	t.Setenv("REKEY_STATE_CONNECTION_STRING", "")
	t.Setenv("FUNCTIONS_APP_ROOT_PATH", stageOnly(t, "triage", "risk"))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, ln) }()
	for request, want := range map[string]int{
		"GET /": http.StatusOK, "POST /triage": http.StatusInternalServerError, "GET /api/identityProtection/riskyServicePrincipals": http.StatusServiceUnavailable,
	} {
		method, path, _ := strings.Cut(request, " ")
		req, err := http.NewRequestWithContext(t.Context(), method, fmt.Sprintf("http://%s%s", ln.Addr(), path), strings.NewReader(`{"Data":{"m":"\"x\""}}`))
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != want {
			t.Errorf("%s: %d, want %d", request, r.StatusCode, want)
		}
	}
	cancel()
	if err := <-ended; err == nil {
		t.Error("the process ended without an error: its exit code would be 0, and the host would not start it again")
	}
}
