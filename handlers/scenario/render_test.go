package scenario_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"rekey/shared/casefile"
	"rekey/shared/detect"
	"rekey/shared/remedy"
	"rekey/shared/report"
)

const minute = "2006-01-02 15:04"

// page is everything that a reader gets: the detections, one a line, and the cases as `rekey case show` and `rekey operation
// show` print them.
func (w *world) page(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("DETECTIONS\n")
	found, _, err := w.findings.Recent(t.Context(), "", 500)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(found, func(a, b detect.Detection) int {
		return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Principal.Key(), b.Principal.Key()), cmp.Compare(a.Subject, b.Subject))
	})
	for _, d := range found {
		fmt.Fprintf(&b, "%s %-6s %s: %s\n", d.First.Format(minute), d.Level, cmp.Or(d.Rule, d.Type), said(d))
	}
	for _, c := range w.sorted(t) {
		w.one(t, &b, c)
	}
	return b.String()
}

// sorted are the cases, the worst first.
func (w *world) sorted(t *testing.T) []casefile.Case {
	t.Helper()
	all, err := w.cases.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(all, func(a, b casefile.Case) int {
		return cmp.Or(-strings.Compare(rank(a), rank(b)), a.Window.From.Compare(b.Window.From), cmp.Compare(a.Principal.Key(), b.Principal.Key()))
	})
	return all
}

func rank(c casefile.Case) string {
	return map[string]string{"low": "1", "medium": "2", "high": "3"}[string(c.Level)]
}

// said is what a detection says in one line.
func said(d detect.Detection) string {
	if d.Statement != "" {
		return d.Statement
	}
	x := report.Explain(d)
	return strings.TrimSpace(x.What + " " + x.Novel)
}

// one writes a case, and what is to be done about it.
func (w *world) one(t *testing.T, b *strings.Builder, c casefile.Case) {
	t.Helper()
	b.WriteString("\n" + strings.Repeat("=", 100) + "\n")
	var page bytes.Buffer
	if err := report.Case(&page, c, report.TextOptions{}); err != nil {
		t.Fatal(err)
	}
	b.Write(page.Bytes())
	b.WriteString("\n" + strings.Repeat("-", 100) + "\n")
	row, ok, err := w.operation(t.Context(), c.ID)
	switch {
	case err != nil:
		t.Fatal(err)
	case !ok:
		b.WriteString("No operation: there is nothing in the directory to change.\n")
		return
	}
	var op remedy.Operation
	if err := json.Unmarshal(row.Data, &op); err != nil {
		t.Fatal(err)
	}
	b.WriteString(op.Text(w.clock))
}
