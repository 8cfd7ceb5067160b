package risk_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"rekey/shared/entralog"
	"rekey/shared/event"
	"rekey/shared/rule"
)

var update = flag.Bool("update", false, "write the golden files anew")

// differences are where Rekey's answer is another than the sample's, by sample, with the reason.
var differences = map[string]map[string]any{
	"mission-list": {
		"riskEventType":       "investigationsThreatIntelligence", // the preview's name is mapped to today's
		"riskLevel":           "high",                             // Graph's enum is in lower case; "High" is taken in
		"lastUpdatedDateTime": "2021-03-01T02:52:30.4663029Z",     // when what was found last happened
	},
	"mission-get": {
		"riskEventType": "investigationsThreatIntelligence",
		"riskDetail":    "adminDismissedAllRiskForServicePrincipal", // the preview told nobody who had dismissed it
	},
}

// microsoft takes in a risk event of Microsoft's as its log has it.
func (w *world) microsoft(t *testing.T, sample map[string]any) {
	t.Helper()
	record, err := json.Marshal(map[string]any{"records": []any{map[string]any{
		"time": sample["detectedDateTime"], "category": "ServicePrincipalRiskEvents", "tenantId": tenantID, "properties": sample,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.Parse(time.RFC3339Nano, sample["detectedDateTime"].(string))
	if err != nil {
		t.Fatal(err)
	}
	taken := 0
	sink := sinkFunc(func(e *event.Event) {
		for _, d := range rule.Judge(e, nil) {
			w.keep(t, d, at)
			taken++
		}
	})
	if err := new(entralog.Decoder).Decode(record, sink); err != nil || taken != 1 {
		t.Fatalf("%d findings were taken in: %v", taken, err)
	}
}

// sinkFunc takes decoded records; none may be skipped or rejected.
type sinkFunc func(*event.Event)

// Event implements entralog.Sink.
func (f sinkFunc) Event(e *event.Event) { f(e) }

// Skip implements entralog.Sink.
func (f sinkFunc) Skip(string) {}

// Reject implements entralog.Sink.
func (f sinkFunc) Reject(int, []byte, error) {}

// The documentation of the preview shows two answers. Rekey gives the same for what Microsoft's log tells, and then for what
// was dismissed, but for the differences above.
func TestTheDocumentedSamplesAreAnsweredAsDocumented(t *testing.T) {
	for name, differs := range differences {
		t.Run(name, func(t *testing.T) {
			b, err := os.ReadFile(filepath.Join("testdata", name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			var sample, log map[string]any
			if err := json.Unmarshal(b, &sample); err != nil {
				t.Fatal(err)
			}
			_ = json.Unmarshal(b, &log) // it was just read
			log["riskState"], log["riskLevel"] = "atRisk", "High"
			w := newWorld(t)
			w.microsoft(t, log)
			url := detectionsURL
			if name == "mission-get" {
				w.now = time.Date(2021, 4, 5, 21, 34, 27, 578683700, time.UTC)
				w.ring(t, sample["servicePrincipalId"].(string))
				w.say(t, "dismiss", sample["servicePrincipalId"].(string))
				url += "/" + sample["id"].(string)
			}
			a := w.call(t, call{method: "GET", url: url, header: map[string]string{"Prefer": "include-unknown-enum-members"}})
			golden(t, name, a.raw)
			got := a.body
			if list, ok := got["value"].([]any); ok {
				got = list[0].(map[string]any)
			}
			for property, want := range sample {
				if other, differ := differs[property]; differ {
					want = other
				}
				if !same(got[property], want) {
					t.Errorf("%s is %v, want %v", property, got[property], want)
				}
			}
		})
	}
}

func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// golden compares an answer with the file of its name.
func golden(t *testing.T, name string, raw []byte) {
	t.Helper()
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, raw, "", "  "); err != nil {
		t.Fatal(err)
	}
	pretty.WriteByte('\n')
	path := filepath.Join("testdata", name+".golden.json")
	if *update {
		if err := os.WriteFile(path, pretty.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(want, pretty.Bytes()) {
		t.Errorf("%s: %v; got %s", path, err, pretty.Bytes())
	}
}

func TestTheSamplesNamesAndSpellingsAreTakenInFilters(t *testing.T) {
	w := newWorld(t)
	b, err := os.ReadFile(filepath.Join("testdata", "mission-list.json"))
	if err != nil {
		t.Fatal(err)
	}
	var sample map[string]any
	if err := json.Unmarshal(b, &sample); err != nil {
		t.Fatal(err)
	}
	w.microsoft(t, sample)
	for _, filter := range []string{
		"riskEventType eq 'azureADThreatIntelligence'", "riskEventType eq 'investigationsThreatIntelligence' or riskLevel eq 'medium'", "riskLevel eq 'High'",
		"servicePrincipalId eq '99FB9703-B586-4438-9160-302F6302B799'", "id eq 'e16a64db-99f5-400c-8291-bbc923679dbf'", "source eq 'identityProtection'",
		"requestId eq null and ipAddress eq null", "appId eq 00000013-0000-0000-c000-000000000000", "detectedDateTime ge 2021-03-01T02:52:30.4663029Z",
	} {
		if got := w.get(t, detectionsURL+"?$filter="+filter)["value"].([]any); len(got) != 1 {
			t.Errorf("%s finds %d", filter, len(got))
		}
	}
}
