package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rekey/shared/casefile"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/report"
	"rekey/shared/score"
	"rekey/shared/streams"
)

var update = flag.Bool("update", false, "write the golden files anew")

var at = time.Date(2026, 11, 24, 3, 10, 21, 0, time.UTC)

const (
	payrollID  = "3c5f0a9e-8a55-4d6c-9d0a-7f0f5e3b1a11"
	payrollApp = "a1d0c7de-1b1c-4a3e-8a67-0c5a3f1e2b22"
)

// copied is a copied secret in use: the whole story.
func copied() detect.Detection {
	d := detect.Detection{
		ID: "d1", Type: detect.TypeSuspiciousSignins, Source: detect.SourceRekey, Subject: "AS64511", Day: "2026-11-24", Detected: at,
		Principal: event.Principal{ObjectID: payrollID, AppID: payrollApp, Name: "payroll-sync"},
		Level:     score.LevelHigh, KeyIDs: []string{"5d0e"}, First: at, Last: at.Add(2 * time.Minute), Fleet: "2026-11-24", ActiveDays: 21,
		Contributions: []score.Contribution{
			{Name: "asn", Family: score.FamilyNetwork, Bits: 9.2447, Value: "AS64511 Example VPN (203.0.113.9)", Why: "seen on none of 21 active days, and hardly anywhere else in the tenant; this principal shows a new network about once in 120 days"},
			{Name: "agentFamily", Family: score.FamilyClient, Bits: 5.3149, Value: "python-requests/2.31.0", Why: "seen on none of 21 active days; this principal shows a new user agent about once in 60 days"},
			{Name: "resource", Family: score.FamilyBehaviour, Bits: 3.1549, Value: "Microsoft Graph", Why: "seen on none of 21 active days; this principal shows a new target resource about once in 30 days"},
			{Name: "knownNetworkActive", Family: score.FamilyNetwork, Bits: 2.2748, Value: "the day after", Why: "a known network of this principal was at work on the same day and the day after: the workload did not move"},
			{Name: "country", Family: score.FamilyNetwork, Bits: 1.2249, Value: "BR", Why: "new for this principal; about 30% of honest moves to a new network change the country"},
		},
		Resources: []detect.Use{{Resource: "Microsoft Graph", Time: at}, {Resource: "Azure Key Vault", Time: at.Add(time.Minute)}},
	}
	for i, resource := range []string{"Microsoft Graph", "Azure Key Vault", "Microsoft Graph"} {
		d.Records = append(d.Records, detect.Record{
			ID: fmt.Sprintf("9f1c4e%d0-0000-4000-8000-000000000000", i), Time: at.Add(time.Duration(i) * time.Minute), IPAddress: "203.0.113.9", ASN: 64511,
			Network: "Example VPN", Country: "BR", Hosting: "anonymizer", Resource: resource, UserAgent: "python-requests/2.31.0", KeyID: "5d0e", Succeeded: true,
		})
	}
	for _, c := range d.Contributions {
		d.Bits += c.Bits
	}
	return d
}

// hostile is a detection whose every text an intruder chose.
func hostile() detect.Detection {
	const evil = "\x1b]52;c;cm0gLXJm\x07\u202e<script>alert('1')</script>'; rm -rf / #"
	d := detect.Detection{
		ID: "d2", Type: detect.TypeSuspiciousSignins, Source: detect.SourceRekey, Day: "2026-11-20", Level: score.LevelLow, Bits: 5.5, First: at.AddDate(0, 0, -4), Last: at.AddDate(0, 0, -4),
		Principal: event.Principal{ObjectID: evil, AppID: evil, Name: evil}, ActiveDays: 1,
		Contributions: []score.Contribution{{Name: "agent", Family: score.FamilyClient, Bits: 5.5, Value: evil, Why: evil}},
		Records:       []detect.Record{{ID: evil, IPAddress: "203.0.113.1", Network: evil, UserAgent: evil, KeyID: evil, Resource: evil, Country: evil, Hosting: evil}},
	}
	return d
}

func finding() detect.Detection {
	return detect.Detection{
		ID: "d3", Type: "leakedCredentials", Source: "IdentityProtection", Day: "2026-11-23", Level: score.LevelHigh, First: at.AddDate(0, 0, -1), Last: at.AddDate(0, 0, -1),
		Principal: event.Principal{ObjectID: payrollID, AppID: payrollApp, Name: "payroll-sync"}, KeyIDs: []string{"5d0e"},
		Contributions: []score.Contribution{}, Records: []detect.Record{{ID: "r9", Time: at.AddDate(0, 0, -1)}},
	}
}

func elsewhere() detect.Detection {
	return detect.Detection{
		ID: "d4", Type: detect.TypeAnomalousActivity, Source: detect.SourceRekey, Day: "2026-11-10", Level: score.LevelMedium, Bits: 11, First: at.AddDate(0, 0, -14), Last: at.AddDate(0, 0, -14),
		Principal: event.Principal{ObjectID: "b7c9f1d2-2222-4444-8888-999999999999", Name: "nightly-report"}, ActiveDays: 12,
		Contributions: []score.Contribution{
			{Name: "activityASN", Family: score.FamilyNetwork, Bits: 8, Value: "AS64512 (198.51.100.7)", Why: "seen on none of 12 active days"},
			{Name: "tokenElsewhere", Family: score.FamilyCredential, Bits: 3, Value: "AS64512 (198.51.100.7)", Why: "the token was issued to 192.0.2.7 at 03:02:11"},
		},
		Records: []detect.Record{{ID: "g1", Time: at.AddDate(0, 0, -14), IPAddress: "198.51.100.7", ASN: 64512, Succeeded: true}},
	}
}

func whole() report.Report {
	first, last := at.AddDate(0, 0, -44), at.Add(8*time.Hour)
	ds := []detect.Detection{copied(), hostile(), finding(), elsewhere()}
	return report.Report{Made: at.Add(9 * time.Hour), Detections: ds, Cases: []casefile.Case{stolen()}, Summary: report.Summary{
		Files: 2, Bytes: 2_213_456_789, Records: 1_634_567, Decoded: 1_601_234, SignIns: 1_600_000, First: &first, Last: &last, Principals: 2000,
		Skipped: map[string]int64{"ProvisioningLogs": 33_000, "RiskyUsers": 300}, DeadLettered: map[string]int64{"it is cut off: the file ends in the middle of it": 1, "expected a value": 32},
		Logs: []report.Log{
			{Category: streams.SignIns, State: report.LogComplete, Last: &last}, {Category: streams.UserSignIns, State: report.LogMissing}, {Category: streams.Audit, State: report.LogPartly, Last: &first},
			{Category: streams.Vaults, State: report.LogMissing}, {Category: streams.Graph, State: report.LogSparse, Last: &last}, {Category: streams.Azure, State: report.LogComplete, Last: &last},
		},
		Detections: report.Count(ds), Seconds: 41.25, PerSecond: 39_625.8,
	}}
}

// golden compares with a file of testdata.
func golden(t *testing.T, file string, write func(io.Writer) error) {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil { //nolint:gosec // a test's file
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("%s (-want +got, -update writes it anew):\n%s", path, diff)
	}
}

func TestGolden(t *testing.T) {
	r := whole()
	golden(t, "report.txt", func(w io.Writer) error { return report.Text(w, r, report.TextOptions{}) })
	golden(t, "report.jsonl", func(w io.Writer) error { return report.Lines(w, r.Detections) })
	golden(t, "report.html", func(w io.Writer) error { return report.HTML(w, r) })
	golden(t, "summary.txt", func(w io.Writer) error { return report.SummaryText(w, r.Summary) })
	golden(t, "summary.json", func(w io.Writer) error { return report.SummaryJSON(w, r.Summary) })
	golden(t, "nothing.txt", func(w io.Writer) error { return report.Text(w, report.Report{Made: at}, report.TextOptions{}) })
	golden(t, "nothing.html", func(w io.Writer) error { return report.HTML(w, report.Report{Made: at}) })
}

func TestWhatIsShownAddsUpToTheScoreThatIsShown(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var d detect.Detection
		for range 1 + r.IntN(12) {
			c := score.Contribution{Bits: r.Float64() * 14}
			d.Contributions = append(d.Contributions, c)
			d.Bits += c.Bits
		}
		sum := 0
		for i, s := range report.Shares(d) {
			sum += s
			if off := float64(s) - d.Contributions[i].Bits*10; off > 1 || off < -1 {
				t.Fatalf("%v is shown as %d tenths", d.Contributions[i].Bits, s)
			}
		}
		if sum != report.Tenths(d.Bits) {
			t.Fatalf("the parts add up to %d tenths, the score is %d", sum, report.Tenths(d.Bits))
		}
	}
}

func TestWhatAnIntruderWroteStaysText(t *testing.T) {
	r := whole()
	outputs := map[string]func(io.Writer) error{
		"text":    func(w io.Writer) error { return report.Text(w, r, report.TextOptions{}) },
		"page":    func(w io.Writer) error { return report.HTML(w, r) },
		"summary": func(w io.Writer) error { return report.SummaryText(w, r.Summary) },
	}
	for name, write := range outputs {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(b.String(), "\x1b\x07\u202e") {
			t.Errorf("%s: control characters got through", name)
		}
		if strings.Contains(b.String(), "<script") && name == "page" {
			t.Error("a script got into the page")
		}
	}
	for _, s := range report.Explain(hostile()).Next {
		for _, c := range s.Commands {
			if !strings.Contains(c, `'\''; rm`) && strings.Contains(c, "az ") {
				t.Errorf("a quote ends the word: %s", c)
			}
		}
	}
}

// TestOneDetectionIsEnough is the promise: whoever is given any one detection reads cause, evidence and next step.
func TestOneDetectionIsEnough(t *testing.T) {
	names := []string{
		"address", "prefix", "asn", "hosting", "country", "resource", "agentFamily", "agent", "library", "credentialType", "credentialKey", "hourBlock",
		"activityPrefix", "activityASN", "credentialClass", "freshCredential", "failuresBefore", "silence", "volume", "knownNetworkActive", "tokenElsewhere",
		"resourceBurst", "sharedAddress", "addressTriedMany", "somethingNewer",
	}
	for _, n := range names {
		d := copied()
		d.Contributions = []score.Contribution{{Name: n, Bits: 6, Value: "seen", Why: "because"}}
		d.Bits, d.Resources = 6, nil
		x := report.Explain(d)
		if x.What == "" || x.Cause == "" || x.Harmless == "" || len(x.Next) < 3 || len(x.Next[0].Commands) == 0 {
			t.Errorf("%s alone is explained by %+v", n, x)
		}
		if label := report.Label(n); label == n && n != "somethingNewer" && strings.ToLower(n) != n {
			t.Errorf("%s has no words", n)
		}
	}
}

func TestCausesFollowTheMostTellingEvidence(t *testing.T) {
	tests := map[string]struct {
		names []string
		want  string
	}{
		"a token used elsewhere":                        {[]string{"activityASN", "tokenElsewhere"}, "A token was taken"},
		"a new credential in a new network":             {[]string{"asn", "credentialKey", "freshCredential", "knownNetworkActive"}, "added a credential of his own"},
		"several applications at one address":           {[]string{"asn", "sharedAddress", "knownNetworkActive"}, "goes through several applications"},
		"a new network beside the known one":            {[]string{"asn", "knownNetworkActive", "agentFamily"}, "A copy of the credential"},
		"a new network and a new program":               {[]string{"prefix", "agentFamily"}, "another program"},
		"a new network":                                 {[]string{"asn"}, "never used: it was copied"},
		"a known network active, and nothing new there": {[]string{"resource", "knownNetworkActive"}, "something it never used"},
		"only the time":                                 {[]string{"hourBlock"}, "never works"},
		"what this version has no words for":            {[]string{"moonPhase"}, "in a way it was not used before"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := copied()
			d.Contributions = nil
			for _, n := range tt.names {
				d.Contributions = append(d.Contributions, score.Contribution{Name: n, Bits: 5})
			}
			if got := report.Explain(d).Cause; !strings.Contains(got, tt.want) {
				t.Errorf("cause %q, want %q", got, tt.want)
			}
		})
	}
}

func TestABackDoorIsToldApartFromTheCopiedCredential(t *testing.T) {
	d := copied()
	d.Contributions = append(d.Contributions, score.Contribution{Name: "freshCredential", Bits: 2})
	d.Records[2].KeyID = "another"
	if got := report.Explain(d).Cause; !strings.Contains(got, "back door") {
		t.Errorf("cause %q", got)
	}
}

func TestTheRiskiestPrincipalComesFirst(t *testing.T) {
	subjects := report.Subjects([]detect.Detection{hostile(), elsewhere(), finding(), copied()})
	var got []string
	for _, s := range subjects {
		got = append(got, fmt.Sprintf("%s %d", s.Level, len(s.Detections)))
	}
	if diff := cmp.Diff([]string{"high 2", "medium 1", "low 1"}, got); diff != "" {
		t.Error(diff)
	}
	if subjects[0].Detections[0].ID != "d1" || !subjects[0].First.Equal(at.AddDate(0, 0, -1)) {
		t.Errorf("the first is %+v", subjects[0])
	}
}

func TestOfManyDetectionsTheStrongestAreToldInFullAndTheOthersListed(t *testing.T) {
	var ds []detect.Detection
	for i := range 40 {
		d := elsewhere()
		d.ID, d.Bits, d.First = fmt.Sprintf("d%02d", i), d.Bits-float64(i)/100, d.First.AddDate(0, 0, -i)
		ds = append(ds, d)
	}
	var text, page, lines bytes.Buffer
	err := errors.Join(report.Text(&text, report.Report{Detections: ds}, report.TextOptions{}), report.HTML(&page, report.Report{Detections: ds}), report.Lines(&lines, ds))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(text.String(), "Likely cause"); n != 3 || !strings.Contains(text.String(), "37 more detections") {
		t.Errorf("%d detections in full", n)
	}
	if n := strings.Count(page.String(), "<article"); n != 3 || !strings.Contains(page.String(), "d39") {
		t.Errorf("%d detections in full on the page", n)
	}
	if n := strings.Count(lines.String(), "\n"); n != 40 {
		t.Errorf("%d lines", n)
	}
}

func TestOfVeryManyPrincipalsAllAreListed(t *testing.T) {
	var ds []detect.Detection
	for i := range 130 {
		d := elsewhere()
		d.Principal = event.Principal{ObjectID: fmt.Sprintf("sp%03d", i)}
		ds = append(ds, d)
	}
	var text, page bytes.Buffer
	if err := errors.Join(report.Text(&text, report.Report{Detections: ds}, report.TextOptions{}), report.HTML(&page, report.Report{Detections: ds})); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(text.String(), "Likely cause"); n != 100 || !strings.Contains(text.String(), "sp129") {
		t.Errorf("%d principals in full", n)
	}
	if n := strings.Count(page.String(), "<section"); n != 100 || !strings.Contains(page.String(), "sp129") {
		t.Errorf("%d principals in full on the page", n)
	}
}

func TestLinesHaveGraphsProperties(t *testing.T) {
	var b bytes.Buffer
	if err := report.Lines(&b, []detect.Detection{copied()}); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"id": "d1", "riskEventType": "suspiciousSignins", "riskState": "atRisk", "riskLevel": "high", "activity": "signin", "ipAddress": "203.0.113.9",
		"servicePrincipalId": payrollID, "appId": payrollApp, "activityDateTime": "2026-11-24T03:10:21Z", "correlationId": nil,
		"requestId": "9f1c4e00-0000-4000-8000-000000000000",
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	for _, name := range []string{"score", "contributions", "cause", "nextSteps", "records"} {
		if got[name] == nil {
			t.Errorf("%s is missing", name)
		}
	}
	if strings.Count(b.String(), "\n") != 1 {
		t.Error("not one line")
	}
}
