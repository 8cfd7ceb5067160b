package risk_test

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// A program written for Microsoft Graph, with Microsoft's own client, reads the risk API and gives a verdict.
func TestMicrosoftsGraphClientPagesThroughTheAPI(t *testing.T) {
	dir, err := filepath.Abs(filepath.Join("..", "..", "deploy", "local", "graphclient"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "@microsoft")); err != nil {
		t.Fatal("Microsoft's Graph client is not installed: run `make graph-client`")
	}
	w := newWorld(t)
	w.fill(t, 50, 5)
	for i := range 5 {
		w.ring(t, fmt.Sprintf("sp%03d", i))
	}
	s := httptest.NewTLSServer(w.api)
	defer s.Close()
	cert := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "page.js")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "URL="+s.URL, "TOKEN="+w.token(t, w.claims(everything...)), "NODE_EXTRA_CA_CERTS="+cert)
	cmd.Stderr = os.Stderr
	b, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	var got struct {
		Detections, Filtered, Principals []string
		State                            string
		Processing                       bool
		Error                            struct {
			Status    int
			Code      string
			RequestID bool
		}
	}
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	want := 0
	for i := range 50 {
		if d := found(i, 5); d.Type == "leakedCredentials" || d.Level == "medium" {
			want++
		}
	}
	unique := func(ids []string) int { return len(slices.Compact(slices.Sorted(slices.Values(ids)))) }
	if unique(got.Detections) != 50 || len(got.Detections) != 50 || unique(got.Filtered) != want || unique(got.Principals) != 5 {
		t.Errorf("%d detections, %d filtered (want %d), %d principals", len(got.Detections), len(got.Filtered), want, len(got.Principals))
	}
	if got.State != "atRisk" || !got.Processing || got.Error.Status != 404 || got.Error.Code != "Request_ResourceNotFound" || !got.Error.RequestID {
		t.Errorf("%s", b)
	}
}
