// Package repository checks the repository itself: that the imports tell the pipeline's story, that functions, routes
// and documentation agree, and that nothing points nowhere.
package repository

import (
	"encoding/json"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pkg is one package's imports, tests left out.
type pkg struct {
	ImportPath string
	Doc        string
	GoFiles    []string
	Imports    []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Doc,GoFiles,Imports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); d.More(); {
		var p pkg
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// order is the pipeline: a stage imports only what stands before it.
var order = []string{
	"fault", "event", "privilege", "weburi", "audit", "entralog", "network", "baseline", "score", "exposure", "reach", "trail", "detect",
	"verdict", "conduct", "posture", "rule", "streams", "pattern", "watch", "casefile", "decide", "remedy", "order", "policy", "rotate", "notice",
}

// ports are used by every stage that has to say where something is kept; they know no stage but fault.
var ports = []string{"store", "ledger", "deadletter"}

func TestImportsTellThePipelinesStory(t *testing.T) {
	forbidden := map[string]string{
		"net/http": "a stage answers no requests", "os": "a stage reads no files and no environment",
		"log/slog": "a stage returns what there is to say", "os/exec": "a stage runs nothing",
	}
	for _, p := range packages(t) {
		stage, isShared := strings.CutPrefix(p.ImportPath, "rekey/shared/")
		if !isShared || strings.HasPrefix(stage, "azure/") || strings.HasPrefix(stage, "host/") || strings.HasSuffix(stage, "test") {
			continue
		}
		for _, i := range p.Imports {
			if why, ok := forbidden[i]; ok {
				t.Errorf("%s imports %s: %s; handlers do the I/O before and after", p.ImportPath, i, why)
			}
			if strings.Contains(i, "Azure/azure-sdk-for-go") || strings.HasPrefix(i, "rekey/shared/azure") || strings.HasPrefix(i, "rekey/shared/host") || strings.HasPrefix(i, "rekey/handlers") {
				t.Errorf("%s imports %s: stages know neither the cloud nor the process", p.ImportPath, i)
			}
			other, ok := strings.CutPrefix(i, "rekey/shared/")
			if ok && slices.Index(order, other) >= slices.Index(order, stage) && slices.Contains(order, stage) && slices.Contains(order, other) {
				t.Errorf("%s imports %s: the pipeline runs %s", p.ImportPath, i, strings.Join(order, " <- "))
			}
			if ok && slices.Contains(ports, stage) && slices.Contains(order, other) && other != "fault" {
				t.Errorf("%s imports %s: ports know no stage", p.ImportPath, i)
			}
		}
	}
}

func TestOnlyAdaptersImportAzureSDKs(t *testing.T) {
	allowed := []string{"rekey/shared/azure/", "rekey/deploy/local", "rekey/handlers/state"}
	for _, p := range packages(t) {
		for _, i := range p.Imports {
			if strings.Contains(i, "Azure/azure-sdk-for-go") && !slices.ContainsFunc(allowed, func(a string) bool { return strings.HasPrefix(p.ImportPath, a) }) {
				t.Errorf("%s imports %s: only the packages of shared/azure do, so that every error is redacted", p.ImportPath, i)
			}
		}
	}
}

func TestStagesAreToldTheTime(t *testing.T) {
	call := regexp.MustCompile(`\btime\.(Now|Since|Until|Sleep|After|Tick)\(`)
	for _, p := range packages(t) {
		stage, ok := strings.CutPrefix(p.ImportPath, "rekey/shared/")
		if !ok || strings.HasPrefix(stage, "azure/") || strings.HasPrefix(stage, "host/") {
			continue
		}
		for _, name := range p.GoFiles {
			path := filepath.Join("shared", filepath.FromSlash(stage), name)
			if m := call.FindString(read(t, path)); m != "" {
				t.Errorf("%s calls %s): the handler passes now, so that a decision can be repeated", path, m)
			}
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestEveryPackageHasOneComment(t *testing.T) {
	for _, p := range packages(t) {
		dir := filepath.FromSlash(strings.TrimPrefix(p.ImportPath, "rekey/"))
		docs := 0
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, name), nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			if f.Doc != nil {
				docs++
			}
		}
		if docs != 1 && len(p.GoFiles) > 0 {
			t.Errorf("%s has %d package comments, want one", p.ImportPath, docs)
		}
	}
}

func TestFunctionsRoutesAndStagingAgree(t *testing.T) {
	folders, err := filepath.Glob("functions/*/function.json")
	if err != nil {
		t.Fatal(err)
	}
	routes, makefile := read(t, "handlers/routes.go"), read(t, "Makefile")
	for _, f := range folders {
		name := filepath.Base(filepath.Dir(f))
		if !strings.Contains(routes, `"`+name+`":`) {
			t.Errorf("functions/%s has no route in handlers/routes.go", name)
		}
		if !regexp.MustCompile(`(?m)^(detect|face|respond)\s*:=.*\b` + name + `\b`).MatchString(makefile) {
			t.Errorf("functions/%s is staged for no app in the Makefile", name)
		}
		others, err := os.ReadDir(filepath.Dir(f))
		if err != nil || len(others) != 1 {
			t.Errorf("functions/%s holds %d files: a second one is taken for a script by the host", name, len(others))
		}
		var form struct {
			Bindings []struct{ Type, Direction, Name string }
		}
		if err := json.Unmarshal([]byte(read(t, f)), &form); err != nil || len(form.Bindings) == 0 {
			t.Errorf("%s: %v", f, err)
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^\t"([a-z]+)":`).FindAllStringSubmatch(routes, -1) {
		if !slices.Contains(folders, filepath.Join("functions", m[1], "function.json")) {
			t.Errorf("the route %s has no functions/%s/function.json", m[1], m[1])
		}
	}
}

func TestNoLinkInTheDocumentationIsDead(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
	err := filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".") && len(d.Name()) > 1 || d.Name() == "dist") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".md" {
			return nil
		}
		for _, m := range link.FindAllStringSubmatch(read(t, path), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", path, m[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
