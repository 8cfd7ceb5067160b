package scenario_test

import (
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
	"rekey/shared/trail"
)

const minute = "2006-01-02 15:04"

// page is everything that a reader gets: the detections, one a line, and the cases.
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
	all, err := w.cases.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(all, func(a, b casefile.Case) int {
		return cmp.Or(-strings.Compare(rank(a), rank(b)), a.Window.From.Compare(b.Window.From), cmp.Compare(a.Principal.Key(), b.Principal.Key()))
	})
	for _, c := range all {
		w.one(t, &b, c)
	}
	return b.String()
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

// one writes a case. Package report will have this; what is written here is what a reader must find there, too.
func (w *world) one(t *testing.T, b *strings.Builder, c casefile.Case) {
	t.Helper()
	fmt.Fprintf(b, "\nCASE OF %q (%s): %s, %s to %s\n", c.Principal.Name, c.Principal.Key(), c.Level, c.Window.From.Format(minute), c.Window.To.Format(minute))
	x := report.Explain(c.Detections[0])
	fmt.Fprintf(b, "  cause: %s\n  harmless if: %s\n", x.Cause, x.Harmless)
	area := ""
	for _, a := range c.Answers {
		if a.Area != area {
			area = a.Area
			fmt.Fprintf(b, "  %s\n", area)
		}
		fmt.Fprintf(b, "    %-7s %s %s", a.Value, a.Question, a.Why)
		if len(a.Records) > 0 {
			fmt.Fprintf(b, " [%s]", strings.Join(a.Records, " "))
		}
		b.WriteString("\n")
	}
	changes(b, "what was changed on it", c.Prepared, func(e trail.Entry) string { return "by " + cmp.Or(e.ActorName, e.Actor) })
	changes(b, "what it changed", c.Writes, func(e trail.Entry) string { return "on " + cmp.Or(e.TargetName, e.Target) })
	blast(b, c)
	w.next(t, b, c, x)
}

func changes(b *strings.Builder, title string, es []trail.Entry, who func(trail.Entry) string) {
	if len(es) > 0 {
		fmt.Fprintf(b, "  %s\n", title)
	}
	for _, e := range es {
		fmt.Fprintf(b, "    %s %s %s %s\n", e.Time.Format(minute), e.Act, strings.TrimSpace(e.What+" "+e.KeyID), who(e))
	}
}

// blast writes how far the case reaches: what was handed out, and who else is part of it.
func blast(b *strings.Builder, c casefile.Case) {
	if len(c.Exposed) > 0 {
		b.WriteString("  what was handed out to it\n")
	}
	for _, e := range c.Exposed {
		fmt.Fprintf(b, "    %s %s %s, from %s\n", e.First.Format(minute), e.Object, e.Operations, cmp.Or(e.IPAddress, e.Network))
	}
	if len(c.Linked) > 0 {
		b.WriteString("  who else\n")
	}
	for _, l := range c.Linked {
		line := fmt.Sprintf("%s %s", cmp.Or(l.Name, l.Key), l.Why)
		if l.Case != "" {
			line += fmt.Sprintf(", and has a case of its own (%s)", l.Level)
		}
		fmt.Fprintf(b, "    %s\n", line)
	}
}

// next writes what to do: the plan that awaits approval, or where there is nothing to change, what to look at.
func (w *world) next(t *testing.T, b *strings.Builder, c casefile.Case, x report.Explanation) {
	t.Helper()
	b.WriteString("  next\n")
	for _, s := range x.Next {
		fmt.Fprintf(b, "    %s\n", s.Text)
	}
	row, ok, err := w.operation(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	var op remedy.Operation
	if !ok {
		b.WriteString("  no operation: there is nothing in the directory to change\n")
		return
	}
	if err := json.Unmarshal(row.Data, &op); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(b, "  operation: %s\n", op.State)
	for _, check := range op.Verdict.Checks {
		if !check.Passed && op.State == remedy.StatePlanned { // not even a person may approve it
			fmt.Fprintf(b, "    in the way: %s: %s\n", check.Name, check.Why)
		}
	}
	for _, s := range op.Plan.Steps {
		what := slices.Clone(s.KeyIDs)
		for _, x := range s.Items {
			what = append(what, cmp.Or(x.What, x.ID))
		}
		fmt.Fprintf(b, "    %s: %s", s.Kind, s.What)
		if len(what) > 0 {
			fmt.Fprintf(b, ": %s", strings.Join(what, ", "))
		}
		b.WriteString("\n")
	}
	for _, r := range op.Plan.Refused {
		fmt.Fprintf(b, "    cannot be done: %s: %s; instead: %s\n", r.What, r.Why, r.Instead)
	}
}
