package check

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var (
	counted   = regexp.MustCompile(`funchost\.(?:Count|Note|Lapse)\([^"\n]*?, "(\w+)"(\s*\+)?|\b(?:Count|Note|Lapse|waited)\(ctx, "(\w+)"`)
	logged    = regexp.MustCompile(`slog\.(?:String|Int|Int64|Bool|Any|Duration|Float64|Time)\("(\w+)"`)
	asked     = regexp.MustCompile(`\br\.(\w+)`)
	always    = []string{"msg", "level", "time"} // of every line of package slog
	wideEvent = []string{"handlers", "shared/host", "shared/azure"}
)

// Fields are the names that a line of Rekey's log can have: whole ones, and beginnings whose end is a label's value.
type Fields struct {
	Names    map[string]bool
	Prefixes map[string]bool
}

// Fields reads from the code what the log's lines have.
func (t Tree) Fields() (Fields, error) {
	f := Fields{Names: map[string]bool{}, Prefixes: map[string]bool{}}
	for _, name := range always {
		f.Names[name] = true
	}
	for _, dir := range wideEvent {
		err := filepath.WalkDir(t.path(filepath.FromSlash(dir)), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			b, err := os.ReadFile(path) //nolint:gosec // a file of the repository
			if err != nil {
				return err
			}
			f.read(string(b))
			return nil
		})
		if err != nil {
			return f, err
		}
	}
	return f, nil
}

func (f Fields) read(text string) {
	for _, m := range counted.FindAllStringSubmatch(text, -1) {
		switch {
		case m[3] != "":
			f.Names[m[3]] = true
		case m[2] != "":
			f.Prefixes[m[1]] = true
		default:
			f.Names[m[1]] = true
		}
	}
	for _, m := range logged.FindAllStringSubmatch(text, -1) {
		f.Names[m[1]] = true
	}
}

// Queries compares the fields that the plan's queries name with those of the log. made are the names that code makes from a
// beginning and a label's value.
func (t Tree) Queries(f Fields, made []string) ([]string, error) {
	files, err := t.terraform()
	if err != nil {
		return nil, err
	}
	var out []string
	queries := false
	for name, text := range files {
		if !strings.Contains(text, "TimeGenerated") {
			continue
		}
		for _, m := range asked.FindAllStringSubmatch(text, -1) {
			queries = true
			if !f.Names[m[1]] && !slices.Contains(made, m[1]) {
				out = append(out, fmt.Sprintf("%s: a query asks for r.%s, which no line of the log has", name, m[1]))
			}
		}
	}
	if !queries {
		out = append(out, "no query asks for anything of the log")
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}
