package scenario_test

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/shared/detect"
	"rekey/shared/entralog"
	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/remedy"
	"rekey/shared/samplestest"
)

// explanations is a table, written by hand: file, what found it, level, and why that is right.
const explanations = "testdata/samples.tsv"

// clock is a sink that only looks at times.
type clock struct{ newest time.Time }

func (c *clock) Event(e *event.Event) {
	if e.Time.After(c.newest) {
		c.newest = e.Time
	}
}
func (c *clock) Skip(string)               {}
func (c *clock) Reject(int, []byte, error) {}

// samples are the messages of the public records, by file.
func samples(t *testing.T) map[string]message {
	t.Helper()
	out, root := map[string]message{}, samplestest.Dir(t)
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "MANIFEST.tsv" {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var c clock
		if new(entralog.Decoder).Decode(body, &c) != nil || c.newest.IsZero() {
			return nil // package entralog tests what can be decoded
		}
		name, err := filepath.Rel(root, path)
		out[filepath.ToSlash(name)] = message{"auditlogs", c.newest, string(body)}
		return err
	})
	if err != nil || len(out) < 20 {
		t.Fatalf("%d files of public records (%v)", len(out), err)
	}
	return out
}

// The lab of SimuLand is the only labelled attack in public records. They do not say that its application and its service
// principal are one identity; Graph would. The appId is made up.
const (
	labApplication = "11b49e19-2326-4be6-93cb-7f37439bbd81"
	labPrincipal   = "0d2f5969-011b-460d-ac74-3291d227d49f"
	labApp         = "51a0ab00-0000-4000-8000-000000000000"
)

// strangers is a tenant of which nothing is declared and whose Graph knows the lab's application alone.
func strangers() *world {
	return newWorld(&scenario{}, func(_ context.Context, p event.Principal) (remedy.Inventory, error) {
		if p.ObjectID != labPrincipal && p.AppID != labApp {
			return remedy.Inventory{}, fault.Errorf(fault.NotFound, "the tenant has no %s", p.Key())
		}
		return remedy.Inventory{
			Application: &remedy.Object{Kind: remedy.KindApplication, ID: labApplication, AppID: labApp, Name: "SimuLandApp"},
			Principals:  []remedy.Object{{Kind: remedy.KindServicePrincipal, ID: labPrincipal, AppID: labApp, Name: "SimuLandApp", Type: "Application", Enabled: true}},
		}, nil
	})
}

// foundIn delivers messages to a new world and returns what is found, as lines of the table without their reason.
func foundIn(t *testing.T, file string, ms ...message) (lines []string, statements map[string]string) {
	t.Helper()
	w := strangers()
	for _, m := range ms {
		w.clock = m.time.Add(export)
		w.deliver(t, "0", []message{m})
		w.answer(t)
	}
	found, _, err := w.findings.Recent(t.Context(), "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	statements = map[string]string{}
	for _, d := range found {
		line := strings.Join([]string{file, cmp.Or(d.Rule, d.Type), string(d.Level)}, "\t")
		lines = append(lines, line)
		statements[line] = statement(d)
	}
	slices.Sort(lines)
	return slices.Compact(lines), statements
}

func statement(d detect.Detection) string { return fmt.Sprintf("%s: %s", d.Principal.Key(), said(d)) }

func TestPublicRecordsRaiseWhatTheTableExplainsAndNothingElse(t *testing.T) {
	explained := table(t)
	all, seen := samples(t), map[string]bool{}
	check := func(lines []string, statements map[string]string) {
		for _, line := range lines {
			if seen[line] = true; explained[line] == "" {
				t.Errorf("%s\tis not explained: %s", line, statements[line])
			}
		}
	}
	var together []message
	for file, m := range all {
		check(foundIn(t, file, m))
		together = append(together, m)
	}
	slices.SortFunc(together, func(a, b message) int { return cmp.Or(a.time.Compare(b.time), cmp.Compare(a.body, b.body)) })
	check(foundIn(t, "all together", together...))
	for line := range explained {
		if !seen[line] {
			t.Errorf("%s is explained and was not found", line)
		}
	}
	t.Logf("%d files, %d kinds of finding", len(all), len(seen))
}

// table reads the explanations.
func table(t *testing.T) map[string]string {
	t.Helper()
	body, err := os.ReadFile(explanations)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(body)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if len(f) != 4 || f[3] == "" {
			t.Fatalf("%s: a line has file, finding, level and reason, not %q", explanations, line)
		}
		out[strings.Join(f[:3], "\t")] = f[3]
	}
	return out
}
