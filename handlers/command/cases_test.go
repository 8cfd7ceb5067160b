package command_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rekey/handlers/cases"
	"rekey/handlers/command"
	"rekey/handlers/findings"
	"rekey/handlers/inquiries"
	"rekey/handlers/operations"
	"rekey/handlers/principals"
	"rekey/handlers/triage"
	"rekey/shared/casefile"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/pattern"
	"rekey/shared/remedy"
	"rekey/shared/score"
	"rekey/shared/store/memory"
)

var update = flag.Bool("update", false, "write the golden files anew")

var now = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

// newDesk has a medium case and a high one.
func newDesk(t *testing.T) (command.Desk, *memory.Bell) {
	t.Helper()
	bell := &memory.Bell{}
	d := command.Desk{Cases: cases.Store{Table: &memory.Table{}}, Inquiries: inquiries.Store{Table: &memory.Table{}}, Triage: bell, Now: now}
	for _, x := range []struct {
		id, app, name string
		level         score.Level
	}{{"sp1", "app1", "billing\x1b[2J", score.LevelMedium}, {"sp2", "app2", "report", score.LevelHigh}} {
		p := event.Principal{ObjectID: x.id, AppID: x.app, Name: x.name}
		c := casefile.Build(casefile.Facts{Facts: pattern.Facts{Principal: p, Detections: []detect.Detection{{
			ID: "d-" + x.id, Type: detect.TypeSuspiciousSignins, Source: detect.SourceRekey, Principal: p, Level: x.level, Subject: "AS64511", First: now.Add(-time.Hour), Last: now, Detected: now,
			Records: []detect.Record{{ID: "r1"}},
		}}}}, now)
		if err := d.Cases.Keep(t.Context(), c, x.id, "app:"+x.app); err != nil {
			t.Fatal(err)
		}
	}
	return d, bell
}

func caseID(t *testing.T, d command.Desk, principal string) string {
	t.Helper()
	found, err := d.Cases.Of(t.Context(), principal)
	if err != nil || len(found) != 1 {
		t.Fatalf("%d cases of %s (%v)", len(found), principal, err)
	}
	return found[0].ID
}

func run(t *testing.T, d command.Desk, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := command.RunCase(t.Context(), d, args, &out)
	if strings.Contains(out.String(), "\x1b") {
		t.Errorf("%v: a name moves the cursor", args)
	}
	return out.String(), err
}

func TestCasesAreListedByLevel(t *testing.T) {
	d, _ := newDesk(t)
	all, err := run(t, d, "list")
	if err != nil || strings.Index(all, "report") > strings.Index(all, "billing") || !strings.Contains(all, "billing") {
		t.Errorf("%v: %s", err, all)
	}
	high, err := run(t, d, "list", "--level", "high")
	if err != nil || strings.Contains(high, "billing") || !strings.Contains(high, caseID(t, d, "sp2")) {
		t.Errorf("%v: %s", err, high)
	}
}

func TestACaseIsFoundByItsIDAndByWhoeverItIsAbout(t *testing.T) {
	d, _ := newDesk(t)
	id := caseID(t, d, "sp1")
	for name, of := range map[string]string{"its id": id, "the beginning of it": id[:8], "object id": "sp1", "application id": "app1", "capitals": "SP1"} {
		out, err := run(t, d, "show", of)
		if err != nil || !strings.HasPrefix(out, "MEDIUM") || !strings.Contains(out, id) || !strings.Contains(out, "Checklist") {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
	out, err := run(t, d, "show", "sp1", "--format", "json")
	var got struct {
		ID       string
		Headline struct{ Next string }
	}
	if err != nil || json.Unmarshal([]byte(out), &got) != nil || got.ID != id || got.Headline.Next == "" {
		t.Errorf("%v: %s", err, out)
	}
}

func TestAnOwnerIsAskedAndHisAnswerRingsForTriage(t *testing.T) {
	d, bell := newDesk(t)
	id := caseID(t, d, "sp1")
	out, err := run(t, d, "ask", id, "--to", "team billing", "--by", "sec@contoso.com")
	if err != nil || !strings.Contains(out, "Was this you or your team") || !strings.Contains(out, "2026-11-24 07:00 UTC") || len(bell.Rung()) != 0 {
		t.Fatalf("%v: %s", err, out)
	}
	d.Now = now.Add(time.Hour)
	if again, err := run(t, d, "ask", id, "--to", "team billing", "--by", "sec@contoso.com"); err != nil || again != out {
		t.Errorf("asked twice, the first deadline stands: %v: %s", err, again)
	}
	for range 2 { // the second time makes up for a bell that failed
		if _, err = run(t, d, "answer", "sp1", "ours", "--by", "otto", "--note", "moved"); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"sp1", "sp1"}, bell.Rung()); diff != "" {
		t.Error(diff)
	}
	q, err := d.Inquiries.Last(t.Context(), id)
	if err != nil || q == nil || q.Answer != casefile.Ours || q.By != "otto" || q.Note != "moved" || !q.Answered.Equal(now.Add(time.Hour)) {
		t.Errorf("%+v (%v)", q, err)
	}
	_, err = run(t, d, "answer", id, "notOurs", "--by", "eve")
	if err == nil || !strings.Contains(err.Error(), "an answer stands") || command.ExitCode(err) != 1 {
		t.Errorf("another answer: %v", err)
	}
}

func TestAnAnswerChangesTheLevelWhenTriageHasLookedAgain(t *testing.T) {
	for answer, want := range map[string]score.Level{casefile.Ours: score.LevelLow, casefile.NotOurs: score.LevelHigh} {
		d, bell := newDesk(t)
		found := findings.Store{Table: &memory.Table{}, Index: &memory.Table{}}
		if _, err := found.Keep(t.Context(), firstOf(t, d, "sp1"), now); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"ask", "sp1", "--to", "team billing", "--by", "sec"}, {"answer", "sp1", answer, "--by", "otto"}} {
			if _, err := run(t, d, args...); err != nil {
				t.Fatal(err)
			}
		}
		handler := triage.New(triage.Config{
			Principals: principals.Store{Table: &memory.Table{}}, Findings: found, Cases: d.Cases, Operations: operations.Store{Table: &memory.Table{}}, Inquiries: d.Inquiries,
			Inventory: func(context.Context, event.Principal) (remedy.Inventory, error) {
				return remedy.Inventory{}, fault.Errorf(fault.NotFound, "there is none")
			},
			Evict: &memory.Bell{}, Now: func() time.Time { return now.Add(time.Minute) },
		})
		for _, key := range bell.Rung() {
			if err := handler.Handle(t.Context(), funchost.Message{Text: key}); err != nil {
				t.Fatal(err)
			}
		}
		id := caseID(t, d, "sp1")
		c, err := d.Cases.Get(t.Context(), "sp1", id)
		if err != nil || c.Level != want || c.Owner == nil || c.Owner.By != "otto" {
			t.Errorf("%s: level %s, owner %+v (%v)", answer, c.Level, c.Owner, err)
		}
		if out, err := run(t, d, "show", id); err != nil || !strings.Contains(out, fmt.Sprintf("otto said %q", answer)) {
			t.Errorf("%v: %s", err, out)
		}
	}
}

// firstOf is the detection that a case began with.
func firstOf(t *testing.T, d command.Desk, principal string) detect.Detection {
	t.Helper()
	c, err := d.Cases.Get(t.Context(), principal, caseID(t, d, principal))
	if err != nil {
		t.Fatal(err)
	}
	return c.Detections[0]
}

type silentBell struct{}

func (silentBell) Ring(context.Context, string) error { return errors.New("the queue is down") }

func TestABellThatFailsIsSaidAndTheAnswerIsKept(t *testing.T) {
	d, _ := newDesk(t)
	if _, err := run(t, d, "ask", "sp1", "--to", "x", "--by", "y"); err != nil {
		t.Fatal(err)
	}
	d.Triage = silentBell{}
	if _, err := run(t, d, "answer", "sp1", "ours", "--by", "otto"); err == nil || !strings.Contains(err.Error(), "run the same command again") {
		t.Errorf("%v", err)
	}
	if q, err := d.Inquiries.Last(t.Context(), caseID(t, d, "sp1")); err != nil || q.Answer != casefile.Ours {
		t.Errorf("%+v (%v)", q, err)
	}
}

func TestHowACallAboutCasesEnds(t *testing.T) {
	t.Setenv("USER", "")
	t.Setenv("LOGNAME", "")
	tests := map[string]struct {
		args []string
		code int
		want string
	}{
		"no word":                       {nil, 2, "list, show, ask or answer"},
		"a word that is none":           {[]string{"close", "c1"}, 2, `"close" is no command`},
		"a flag that is none":           {[]string{"list", "--depth", "3"}, 2, "see rekey case --help"},
		"a flag of another word":        {[]string{"list", "--note", "x"}, 2, "no flag --note"},
		"a level that is none":          {[]string{"list", "--level", "severe"}, 2, "low, medium, high"},
		"a form that is none":           {[]string{"show", "sp1", "--format", "pdf"}, 2, "text, json"},
		"nothing to show":               {[]string{"show"}, 2, "takes 1 words"},
		"nothing by name":               {[]string{"show", ""}, 2, "name a case"},
		"an unknown case":               {[]string{"show", "nobody"}, 1, "see rekey case list"},
		"too little of an id":           {[]string{"show", "a"}, 1, "see rekey case list"},
		"nobody to ask":                 {[]string{"ask", "sp1"}, 2, "--to is missing"},
		"nobody asks":                   {[]string{"ask", "sp1", "--to", "x"}, 2, "--by is missing"},
		"an answer that is none":        {[]string{"answer", "sp1", "maybe", "--by", "otto"}, 2, "ours or notOurs"},
		"an answer by nobody":           {[]string{"answer", "sp1", "ours"}, 2, "--by is missing"},
		"an answer that nobody asked":   {[]string{"answer", "sp1", "ours", "--by", "otto"}, 1, "nobody was asked"},
		"an answer longer than allowed": {[]string{"ask", "sp1", "--to", strings.Repeat("x", 600), "--by", "y"}, 1, "500 bytes"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d, bell := newDesk(t)
			_, err := run(t, d, tt.args...)
			if err == nil || command.ExitCode(err) != tt.code || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("ends with %v; want code %d and %q", err, tt.code, tt.want)
			}
			if len(bell.Rung()) > 0 {
				t.Error("triage was rung")
			}
		})
	}
}

func TestHelp(t *testing.T) {
	t.Setenv("USER", "somebody")
	var all, about bytes.Buffer
	if err := command.Run(t.Context(), []string{"help"}, &all); err != nil {
		t.Fatal(err)
	}
	if err := command.Run(t.Context(), []string{"case", "--help"}, &about); err != nil {
		t.Fatal(err)
	}
	for file, got := range map[string]string{"help.txt": all.String(), "help-case.txt": about.String()} {
		path := filepath.Join("testdata", file)
		if *update {
			if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(path, []byte(got), 0o644)); err != nil { //nolint:gosec // a test's file
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got, -update writes it anew):\n%s", file, diff)
		}
	}
}
