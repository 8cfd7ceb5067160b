package scan_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rekey/handlers/scan"
	"rekey/shared/report"
	"rekey/shared/samplestest"
	"rekey/shared/score"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestTheCopiedSecretIsFoundInWhateverFormTheLogsAreExported(t *testing.T) {
	lines := history()
	body := strings.Join(lines, "\n") + "\n"
	want := findings(t, "", write(t, "logs.jsonl", body))
	if !strings.Contains(want, id(3, 2)) || !strings.Contains(want, "python-requests") {
		t.Fatalf("the intruder was not found: %s", want)
	}
	for _, l := range strings.Split(strings.TrimSpace(want), "\n") {
		if !strings.Contains(l, `"servicePrincipalId":"`+id(3, 2)+`"`) {
			t.Errorf("somebody else was suspected: %s", l)
		}
	}
	dir := t.TempDir()
	half := len(lines) / 2
	for name, part := range map[string]string{
		"a/b/first.json": "[" + strings.Join(lines[:half], ",") + "]", "a/c/second.json.gz": zipped(t, strings.Join(lines[half:], "\n")), ".hidden": "no log",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(part), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tests := map[string]struct {
		stdin string
		args  []string
	}{
		"one array":                    {"", []string{write(t, "a.json", "["+strings.Join(lines, ",")+"]")}},
		"a document of records":        {"", []string{write(t, "r.json", `{"records":[`+strings.Join(lines, ",\n")+"]}")}},
		"gzip":                         {"", []string{write(t, "l.gz", zipped(t, body))}},
		"standard input":               {body, nil},
		"standard input, compressed":   {zipped(t, body), []string{"-"}},
		"a folder of files":            {"", []string{dir}},
		"a pattern":                    {"", []string{filepath.Join(dir, "a", "*", "*")}},
		"two files":                    {"", []string{write(t, "1", strings.Join(lines[:half], "\n")), write(t, "2", strings.Join(lines[half:], "\n"))}},
		"a file and standard input":    {strings.Join(lines[half:], "\n"), []string{write(t, "1", strings.Join(lines[:half], "\n")), "-"}},
		"everything twice and jumbled": {"", []string{write(t, "d", strings.Join(jumbled(lines), "\n"))}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(want, findings(t, tt.stdin, tt.args...)); diff != "" {
				t.Errorf("another report (-lines +this):\n%s", diff)
			}
		})
	}
}

func TestWithAKeyOfOnesOwnEvenSamplesAreTheSame(t *testing.T) {
	t.Setenv("REKEY_HASH_KEY", "AAECAwQFBgcICQoLDA0ODw==")
	lines := history()
	for day := range 21 {
		for n := range 30 { // a build service: somewhere else every time
			lines = append(lines, visit{
				principal: 9, at: time.Date(2026, 11, 4+day, n%24, 30, 0, 0, time.UTC), ip: fmt.Sprintf("198.18.%d.%d", (day*31+n*7)%256, n), asn: 64600 + (day*n)%60,
				country: "US", agent: fmt.Sprintf("runner/%d.%d", day, n), resource: fmt.Sprintf("resource %0*d", 1+n%25, n), key: n,
			}.record())
		}
	}
	want := findings(t, "", write(t, "logs", strings.Join(lines, "\n")))
	if diff := cmp.Diff(want, findings(t, "", write(t, "jumbled", strings.Join(jumbled(lines), "\n")))); diff != "" {
		t.Error(diff)
	}
}

// jumbled is everything twice, in no order.
func jumbled(lines []string) []string {
	out := slices.Concat(lines, lines)
	rand.New(rand.NewPCG(3, 4)).Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] }) //nolint:gosec // repeatable
	return out
}

func TestAReportIsReadableInEveryForm(t *testing.T) {
	path := write(t, "logs", strings.Join(history(), "\n"))
	for format, want := range map[string][]string{
		"text": {"workload-2", "Likely cause", "Next", "az ad app owner list", "203.0.113.9"},
		"html": {"<!doctype html>", "workload-2", "Likely cause", "</html>"},
		"json": {`"riskEventType":"suspiciousSignins"`, `"contributions":[`, `"cause":"`},
	} {
		o := run(t, "", "--format="+format, path)
		if o.error != nil {
			t.Fatal(o.error)
		}
		for _, w := range want {
			if !strings.Contains(o.out, w) {
				t.Errorf("%s lacks %s", format, w)
			}
		}
		if strings.Contains(o.out, "###") {
			t.Errorf("%s shows bytes of a buffer that was used again", format)
		}
		if !strings.Contains(o.err, "423 records") || !strings.Contains(o.err, "1 ProvisioningLogs") {
			t.Errorf("the summary is %s", o.err)
		}
	}
}

func TestTheSummaryAccountsForEveryRecord(t *testing.T) {
	lines := append(history(), `{"category":"ServicePrincipalSignInLogs","properties":{}}`, `{"broken`,
		visit{principal: 1, at: now.AddDate(0, 0, 9), ip: "192.0.2.1"}.record())
	rejects := filepath.Join(t.TempDir(), "rejects")
	o := run(t, "", "--summary", "json", "--rejects", rejects, write(t, "logs", strings.Join(lines, "\n")))
	if o.error != nil {
		t.Fatal(o.error)
	}
	s := decode[report.Summary](t, o.err)
	if s.Records != 426 || s.Decoded != 422 || s.SignIns != 422 || s.Skipped["ProvisioningLogs"] != 1 || s.Principals != 5 || s.Files != 1 {
		t.Errorf("summary %+v", s)
	}
	dead := int64(0)
	for _, n := range s.DeadLettered {
		dead += n
	}
	if dead != 3 || s.DeadLettered["the time of the record lies in the future"] != 1 {
		t.Errorf("dead letters %v", s.DeadLettered)
	}
	if s.First == nil || s.First.Format(time.DateOnly) != "2026-11-04" || len(s.Detections) == 0 {
		t.Errorf("summary %+v", s)
	}
	b, err := os.ReadFile(rejects)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, l := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		got[decode[struct{ Text string }](t, l).Text] = true
	}
	if !got[`{"category":"ServicePrincipalSignInLogs","properties":{}}`] || !got[`{"broken`] {
		t.Errorf("rejects: %s", b)
	}
}

func TestOfATruncatedFileOnlyTheLastRecordIsLost(t *testing.T) {
	body := strings.Join(history()[:422], "\n")
	want := findings(t, body)
	cut := body + "\n" + body[:300]
	o := run(t, cut, "--format", "json", "--summary", "json")
	if s := decode[report.Summary](t, o.err); o.error != nil || s.Decoded != 422 || len(s.DeadLettered) != 1 {
		t.Errorf("%v, summary %+v", o.error, s)
	}
	if diff := cmp.Diff(want, o.out); diff != "" {
		t.Error(diff)
	}
}

func TestEverySignInHasOneScoreThatItsContributionsAddUpTo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "scores")
	findings(t, "", "--scores", path, write(t, "logs", strings.Join(history(), "\n")))
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	type line struct {
		ID, ServicePrincipalID string
		Time                   time.Time
		Score                  float64
		Level                  score.Level
		Contributions          []score.Contribution
	}
	seen := map[string]bool{}
	suspicious := 0
	for _, l := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		x := decode[line](t, l)
		sum := 0.0
		for _, c := range x.Contributions {
			sum += c.Bits
		}
		if math.Abs(sum-x.Score) > 1e-9 || x.Time.IsZero() || x.ServicePrincipalID == "" || x.Contributions == nil || x.Level == "" {
			t.Errorf("line %s", l)
		}
		if x.Level != score.LevelNone {
			suspicious++
		}
		seen[x.ID] = true
	}
	if len(seen) != 422 || suspicious != 2 {
		t.Errorf("%d sign-ins, %d suspicious", len(seen), suspicious)
	}
}

func TestOnesOwnNetworksAreNotUnfamiliar(t *testing.T) {
	path := write(t, "logs", strings.Join(history(), "\n"))
	for name, set := range map[string]func(t *testing.T) []string{
		"by flag":    func(*testing.T) []string { return []string{"--own", "203.0.113.0/24,198.51.100.7", path} },
		"by setting": func(t *testing.T) []string { t.Setenv("REKEY_OWN_NETWORKS", "203.0.113.0/24"); return []string{path} },
	} {
		t.Run(name, func(t *testing.T) {
			if got := findings(t, "", set(t)...); strings.Contains(got, `"name":"asn"`) || strings.Contains(got, `"name":"country"`) {
				t.Errorf("one's own network is unfamiliar: %s", got)
			}
		})
	}
}

func TestTheAddressTableTellsNetworks(t *testing.T) {
	table := write(t, "networks.csv", "192.0.2.0/24,64500,DE,Contoso\n203.0.113.0/24,64511,BR,Example VPN\n")
	got := findings(t, "", write(t, "logs", strings.Join(history(), "\n")), "--asn", table)
	if !strings.Contains(got, "Example VPN") {
		t.Errorf("the table was not used: %s", got)
	}
	if o := run(t, "", "--asn", table+".none", table); o.error == nil || !strings.Contains(o.error.Error(), "make network-table") {
		t.Errorf("a table that is not there: %v", o.error)
	}
}

func TestHowACallEnds(t *testing.T) {
	path := write(t, "logs", strings.Join(history(), "\n"))
	calm := write(t, "calm", strings.Join(history()[:100], "\n"))
	csv := write(t, "logs.csv", "Date,Request ID\n1,2\n")
	tests := map[string]struct {
		args []string
		code int // 0: no error
		want string
	}{
		"detections are no error":          {[]string{path}, 0, ""},
		"unless that is asked for":         {[]string{"--fail-on", "low", path}, 3, "--fail-on"},
		"and none are there":               {[]string{"--fail-on", "low", calm}, 0, ""},
		"a flag that is none":              {[]string{"--depth", "3", path}, 2, "see rekey scan --help"},
		"a form that is none":              {[]string{"--format", "pdf", path}, 2, "text, json, html"},
		"a level that is none":             {[]string{"--fail-on", "severe", path}, 2, "low, medium, high"},
		"a network that is none":           {[]string{"--own", "office", path}, 2, "192.0.2.0/24"},
		"a file that is not there":         {[]string{path + ".none"}, 1, "no such file"},
		"a pattern that nothing matches":   {[]string{path + "*.none"}, 1, "no file is named like"},
		"an empty folder":                  {[]string{t.TempDir()}, 1, "no file"},
		"CSV":                              {[]string{csv}, 1, "Export JSON"},
		"scores that cannot be written":    {[]string{"--scores", filepath.Join(path, "x"), path}, 1, "opening output"},
		"a file behind -- that is no flag": {[]string{"--", "--format"}, 1, "no such file"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := run(t, "", tt.args...)
			code := 0
			if o.error != nil {
				code = 1
			}
			if e, ok := errors.AsType[*scan.Exit](o.error); ok {
				code = e.ExitCode()
			}
			if code != tt.code || o.error != nil && !strings.Contains(o.error.Error(), tt.want) {
				t.Errorf("ends with %d, %v; want %d, %q", code, o.error, tt.code, tt.want)
			}
		})
	}
}

func TestAFolderMayHoldOtherFiles(t *testing.T) {
	dir := t.TempDir()
	for name, body := range map[string]string{"logs.jsonl": strings.Join(history(), "\n"), "notes.txt": "remember the milk\n", "list.csv": "a,b\n1,2\n", "empty": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := run(t, "", "--summary", "json", dir)
	if o.error != nil || strings.Count(o.err, "leaving out") != 2 || !strings.Contains(o.err, "notes.txt") || !strings.Contains(o.err, `"filesLeftOut":2`) {
		t.Errorf("%v: %s", o.error, o.err)
	}
}

func TestHelp(t *testing.T) {
	o := run(t, "", "--help")
	if !errors.Is(o.error, flag.ErrHelp) {
		t.Fatal(o.error)
	}
	path := filepath.Join("testdata", "help.txt")
	if *update {
		if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(path, []byte(o.out), 0o644)); err != nil { //nolint:gosec // a test's file
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), o.out); diff != "" {
		t.Errorf("(-want +got, -update writes it anew):\n%s", diff)
	}
}

// stuck is a standard input that gives some bytes and then nothing.
type stuck struct {
	some io.Reader
	ctx  context.Context
}

func (s stuck) Read(b []byte) (int, error) {
	if n, _ := s.some.Read(b); n > 0 {
		return n, nil
	}
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

func TestAnInterruptEndsAScanAndLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	err := scan.ScanAt(ctx, now, nil, scan.Streams{In: stuck{strings.NewReader(history()[0]), t.Context()}, Out: io.Discard, Err: io.Discard})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	if err := scan.ScanAt(ctx, now, []string{write(t, "logs", history()[0])}, scan.Streams{Out: io.Discard, Err: io.Discard}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	findings(t, strings.Join(history(), "\n"))
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v is left in the folder for temporary files, %v", left, err)
	}
}

func TestProgress(t *testing.T) {
	tests := map[string]struct{ got, want string }{
		"in the middle": {
			scan.ProgressLine("learning", "MB", 2_000_000_000, 500_000_000, 400_000, 4*time.Second),
			"learning [######..................]  25%  500 of 2000 MB, 100000 records/s, 12s left",
		},
		"at the end": {
			scan.ProgressLine("writing ", "states", 40, 40, 0, time.Second),
			"writing  [########################] 100%  40 of 40 states",
		},
		"of nothing": {scan.ProgressLine("learning", "MB", 0, 0, 0, 0), "learning [........................]   0%  0 of 0 MB, 0 records/s"},
	}
	for name, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: %q, want %q", name, tt.got, tt.want)
		}
	}
}

func TestThePublicSamplesAreScannedAsTheyLie(t *testing.T) {
	dir := samplestest.Dir(t)
	manifest, err := os.ReadFile(filepath.Join(dir, "MANIFEST.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	files, records := 1, int64(0)
	for _, row := range strings.Split(strings.TrimSpace(string(manifest)), "\n")[1:] {
		n, err := strconv.ParseInt(strings.Split(row, "\t")[4], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		files, records = files+1, records+n
	}
	o := run(t, "", "--summary", "json", "--format", "html", dir)
	if o.error != nil {
		t.Fatal(o.error)
	}
	lines := strings.Split(strings.TrimSpace(o.err), "\n")
	s := decode[report.Summary](t, lines[len(lines)-1])
	if s.Files != files || s.LeftOut != 1 || s.Records != records || len(s.DeadLettered) > 0 {
		t.Errorf("summary %+v; the manifest has %d files with %d records", s, files, records)
	}
	if !strings.Contains(o.out, "</html>") || bytes.ContainsRune([]byte(o.out), 0x1b) {
		t.Error("the page is not whole")
	}
}
