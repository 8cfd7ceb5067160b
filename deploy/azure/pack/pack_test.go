package pack_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rekey/deploy/azure/check"
	"rekey/deploy/azure/pack"
	"rekey/deploy/local/stack"
	"rekey/shared/host/otlp/otlptest"
)

// root is the repository.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// small is a program that is built and compressed in a moment; product is the one that is deployed.
const small, product = "./deploy/azure/pack/command", "./handlers"

// build builds a program as `make package` does.
func build(t *testing.T, program string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rekey")
	c := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", path, program)
	c.Dir = root(t)
	c.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// packed packs the apps of the Makefile.
func packed(t *testing.T, binary string, regions int) string {
	t.Helper()
	functions, err := check.Tree{Root: root(t)}.Functions()
	if err != nil {
		t.Fatal(err)
	}
	c := pack.Config{Root: root(t), Binary: binary, Out: t.TempDir(), Regions: regions}
	for _, app := range check.Apps {
		c.Apps = append(c.Apps, pack.App{Name: app, Functions: functions[app]})
	}
	if _, err := pack.Run(c); err != nil {
		t.Fatal(err)
	}
	return c.Out
}

func read(t *testing.T, path ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// unpack writes a package's files into a folder, with their modes, and returns the names of its functions.
func unpack(t *testing.T, file, dir string) []string {
	t.Helper()
	z, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var functions []string
	for _, f := range z.File {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, f.Mode()); err != nil {
			t.Fatal(err)
		}
		if name, ok := strings.CutSuffix(f.Name, "/function.json"); ok {
			functions = append(functions, name)
		}
	}
	return functions
}

func TestTheSameFilesGiveTheSamePackages(t *testing.T) {
	binary := build(t, small)
	first := packed(t, binary, 1)
	later := filepath.Join(t.TempDir(), "other-name")
	if err := os.WriteFile(later, read(t, binary), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(later, time.Now(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	second := packed(t, later, 1)
	for _, name := range []string{"detect.zip", "face.zip", "respond.zip", "rekey.cdx.json", "SHA256SUMS"} {
		if !bytes.Equal(read(t, first, name), read(t, second, name)) {
			t.Errorf("%s has other bytes the second time", name)
		}
	}
	c := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", "SHA256SUMS")
	c.Dir = first
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func TestThePackagesStartBehindTheLocalHostAndServeTheirFunctions(t *testing.T) {
	out, dist, dir := packed(t, build(t, product), 0), t.TempDir(), t.TempDir()
	program := filepath.Join(root(t), "bin", "rekey-local")
	if _, err := os.Stat(program); err != nil {
		t.Fatalf("%v: run `make build node_modules`", err)
	}
	functions, err := check.Tree{Root: root(t)}.Functions()
	if err != nil {
		t.Fatal(err)
	}
	for _, app := range check.Apps {
		have, want := unpack(t, filepath.Join(out, app+".zip"), filepath.Join(dist, app)), slices.Sorted(slices.Values(functions[app]))
		slices.Sort(have)
		if diff := cmp.Diff(want, have); diff != "" {
			t.Errorf("%s: %s", app, diff)
		}
	}
	s, err := stack.Start(t.Context(), stack.Config{Dir: dir, Dist: dist, Program: program, TenantID: "11111111-2222-3333-4444-555555555555"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, app := range check.Apps {
		if n := ready(t, dir, app); n != len(functions[app]) {
			t.Errorf("%s says that it serves %d functions, it is packed with %d", app, n, len(functions[app]))
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.FaceURL+"/api/identityProtection/riskyServicePrincipals?code="+s.Key, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode == http.StatusServiceUnavailable || r.StatusCode == http.StatusNotFound {
		t.Errorf("the face app answers %d", r.StatusCode)
	}
}

// ready waits for the app's process to say how many functions it serves.
func ready(t *testing.T, dir, app string) int {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		lines := bufio.NewScanner(bytes.NewReader(read(t, dir, app+".log")))
		for lines.Scan() {
			_, text, ok := strings.Cut(lines.Text(), "{")
			var line struct {
				Msg       string
				Error     string
				Functions int
			}
			if !ok || json.Unmarshal([]byte("{"+text), &line) != nil {
				continue
			}
			switch line.Msg {
			case "ready":
				return line.Functions
			case "not ready":
				t.Fatalf("%s is not ready: %s", app, line.Error)
			}
		}
		select {
		case <-t.Context().Done():
			t.Fatalf("%s does not say that it is ready", app)
		case <-tick.C:
		}
	}
}

// The packages are deployed as they are, so they play the demo as they are: an attack is detected, and the locks are changed.
// One trace leads from the hub to the case, and one from the approval, which a person gives in the play, to the last call. The
// play is a short one.
func TestThePackagesPlayTheDemoBehindTheLocalHostUnchanged(t *testing.T) {
	out, dist := packed(t, build(t, product), 0), t.TempDir()
	for _, app := range check.Apps {
		unpack(t, filepath.Join(out, app+".zip"), filepath.Join(dist, app))
	}
	collector := otlptest.Start(t)
	c := exec.CommandContext(t.Context(), filepath.Join(root(t), "bin", "rekey-local"), "demo", "-dist", dist, "-days", "5", "-scale", "0.1")
	c.Dir = root(t)
	c.Env = append(os.Environ(), "OTEL_EXPORTER_OTLP_ENDPOINT="+collector.URL, "OTEL_BSP_SCHEDULE_DELAY=100")
	said, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	traces := map[string]map[string]bool{}
	for _, s := range collector.Spans() {
		if traces[s.Trace] == nil {
			traces[s.Trace] = map[string]bool{}
		}
		traces[s.Trace][s.Name] = true
	}
	for _, want := range [][]string{{"signins", "queue POST", "triage", "graph GET"}, {"evict", "graph PATCH", "vault POST", "token POST", "queue POST", "rotate"}} {
		if !slices.ContainsFunc(slices.Collect(maps.Values(traces)), func(have map[string]bool) bool {
			return !slices.ContainsFunc(want, func(name string) bool { return !have[name] })
		}) {
			t.Errorf("of %d traces none has all of %v", len(traces), want)
		}
	}
}

func TestARegionsFunctionHasAHubAndAConnectionOfItsOwn(t *testing.T) {
	dir := t.TempDir()
	functions := unpack(t, filepath.Join(packed(t, build(t, small), 2), "detect.zip"), dir)
	for n, name := range map[string]string{"2": "vaultlogs2", "3": "vaultlogs3"} {
		if !slices.Contains(functions, name) {
			t.Fatalf("%s is not packed: %v", name, functions)
		}
		text := string(read(t, dir, name, "function.json"))
		for _, want := range []string{"%REKEY_HUB_VAULTLOGS" + n + "%", `"REKEY_EVENTHUB` + n + `"`, "%REKEY_CONSUMER_GROUP%"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not name %s: %s", name, want, text)
			}
		}
	}
}

func TestTheBillNamesTheModulesAndNoTime(t *testing.T) {
	b, err := pack.Bill(build(t, product))
	if err != nil {
		t.Fatal(err)
	}
	var bill struct {
		BomFormat, SpecVersion string
		SerialNumber           string
		Metadata               struct{ Timestamp string }
		Components             []struct{ Name, Version, PURL string }
	}
	if err := json.Unmarshal(b, &bill); err != nil {
		t.Fatal(err)
	}
	if bill.BomFormat != "CycloneDX" || bill.SpecVersion != "1.6" || bill.SerialNumber+bill.Metadata.Timestamp != "" {
		t.Errorf("%s %s %q %q", bill.BomFormat, bill.SpecVersion, bill.SerialNumber, bill.Metadata.Timestamp)
	}
	purls := map[string]string{}
	for _, c := range bill.Components {
		purls[c.Name] = c.PURL
	}
	if got := purls["github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"]; !strings.HasPrefix(got, "pkg:golang/github.com/azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets@v") {
		t.Errorf("azsecrets is %q", got)
	}
	if purls["std"] == "" {
		t.Error("the Go release is not named")
	}
}

func TestAProgramThatNoInstanceCouldStartIsRefused(t *testing.T) {
	foreign := read(t, build(t, small))
	foreign[18] = 183 // the header's machine: that of arm64
	for name, data := range map[string][]byte{"another processor": foreign, "another system": []byte("MZ\x90\x00")} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "rekey")
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := pack.Bill(path); err == nil || !strings.Contains(err.Error(), "build it with") {
				t.Errorf("got %v", err)
			}
		})
	}
}
