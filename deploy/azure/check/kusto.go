package check

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

var (
	query      = regexp.MustCompile(`(?ms)^\s*query\s*= (?:<<-EOT\n(.*?)\n\s+EOT$|"([^\n]*)"$)`)
	queryLocal = regexp.MustCompile(`(?ms)^  (\w+)\s*= (?:<<-EOT\n(.*?)\n  EOT$|"([^\n]*)"$)`)
	filledIn   = regexp.MustCompile(`\$\{(?:chomp\()?local\.(\w+)\)?\}`)
	inPage     = regexp.MustCompile("`(AppTraces\\b[^`]*)`")
)

// Kusto returns the Kusto queries of the deployment and of the documentation, by file and line. What the .tf files fill
// into a query is filled in.
func (t Tree) Kusto() (map[string]string, error) {
	out, err := t.planned()
	if err != nil {
		return nil, err
	}
	pages, err := filepath.Glob(t.path("docs", "playbooks", "*.md"))
	if err != nil {
		return nil, err
	}
	for _, page := range append(pages, t.path("docs", "operations.md")) {
		b, err := os.ReadFile(page) //nolint:gosec // a file of the repository
		if err != nil {
			return nil, err
		}
		for _, m := range inPage.FindAllStringSubmatchIndex(string(b), -1) {
			out[place(page, string(b), m[2])] = string(b)[m[2]:m[3]]
		}
	}
	return out, nil
}

// planned returns the queries of the .tf files.
func (t Tree) planned() (map[string]string, error) {
	files, err := t.terraform()
	if err != nil {
		return nil, err
	}
	values := map[string]string{"insights_id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Insights/components/c"}
	for _, text := range files {
		for _, block := range locals.FindAllStringSubmatch(text, -1) {
			for _, m := range queryLocal.FindAllStringSubmatch(block[1], -1) {
				if _, ok := values[m[1]]; !ok {
					values[m[1]] = m[2] + m[3]
				}
			}
		}
	}
	out := map[string]string{}
	for name, text := range files {
		for _, m := range query.FindAllStringSubmatchIndex(text, -1) {
			from, to := max(m[2], m[4]), max(m[3], m[5])
			out[place(name, text, from)] = filled(text[from:to], values)
		}
	}
	return out, nil
}

// filled puts values of locals in their places. What is not known stays, and is no Kusto.
func filled(text string, values map[string]string) string {
	for range 3 { // a local that is filled in holds others
		text = filledIn.ReplaceAllStringFunc(text, func(s string) string {
			if value, ok := values[filledIn.FindStringSubmatch(s)[1]]; ok {
				return value
			}
			return s
		})
	}
	return text
}

func place(path, text string, at int) string {
	return filepath.Base(path) + ":" + strconv.Itoa(1+strings.Count(text[:at], "\n"))
}

// PlannedKusto counts the queries that a plan makes: in rules of alerts and in workbooks.
func PlannedKusto(p *Plan) int {
	n := 0
	for _, r := range p.Resources {
		switch r.azure() {
		case "Microsoft.Insights/scheduledQueryRules":
			n++
		case "Microsoft.Insights/workbooks":
			data, _ := r.at("properties", "serializedData").(string)
			n += strings.Count(data, `"query":`)
		}
	}
	return n
}

// ErrNoParser is when Microsoft's parser was not installed.
var ErrNoParser = errors.New("the parser of Kusto is not installed: run `make kusto-checker`")

// Parse runs Microsoft's parser over queries and returns what is wrong with each.
func (t Tree) Parse(ctx context.Context, queries map[string]string) (map[string][]string, error) {
	dir, err := filepath.Abs(t.path("deploy", "local", "kusto"))
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "@kusto")); err != nil {
		return nil, ErrNoParser
	}
	in, err := json.Marshal(queries)
	if err != nil {
		return nil, err
	}
	c := exec.CommandContext(ctx, "node", "check.js")
	var complaint bytes.Buffer
	c.Dir, c.Stdin, c.Stderr = dir, bytes.NewReader(in), &complaint
	b, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("running the parser of Kusto: %w\n%s", err, complaint.String())
	}
	var out map[string][]string
	return out, json.Unmarshal(b, &out)
}
