package notice_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/notice"
	"rekey/shared/remedy"
	"rekey/shared/rotate"
	"rekey/shared/score"
)

var update = flag.Bool("update", false, "write the golden files anew")

const tenant = "8F0C5D7E-0000-4000-8000-000000000001"

var at = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

func finding() detect.Detection {
	return detect.Detection{
		ID: "d1", Type: detect.TypeSuspiciousSignins, Principal: event.Principal{ObjectID: "sp1", AppID: "app1", Name: "billing"},
		Subject: "AS64511", Level: score.LevelHigh, Source: detect.SourceRekey, KeyIDs: []string{"k1"}, First: at.Add(-time.Hour), Last: at.Add(-time.Minute), Detected: at,
		Contributions: []score.Contribution{{Name: "asn", Value: "AS64511 Example Hosting", Why: "seen on none of 30 active days", Bits: 6}},
		Records:       []detect.Record{{ID: "r1", Time: at.Add(-time.Hour), IPAddress: "203.0.113.7", ASN: 64511, Country: "NL", KeyID: "k1", UserAgent: "curl", Succeeded: true}},
	}
}

// stored is an operation that was stored in some states, each an hour after the one before.
func stored(states ...remedy.State) remedy.Operation {
	o := remedy.Operation{ID: "op-c1", Case: "c1", Principal: event.Principal{ObjectID: "sp1", AppID: "app1", Name: "billing"}, PlanHash: "4b1d"}
	for i, s := range states {
		o.State, o.Updated, o.Reason = s, at.Add(time.Duration(i)*time.Hour), ""
		if s == remedy.StateCancelled {
			o.Reason = "cancelled by ann: wrong principal"
		}
		o.Moves, _ = o.Track()
	}
	return o
}

func rotation() rotate.Head {
	h := rotate.Head{ID: "rot-c1", Case: "c1", Principal: "sp1", Name: "billing", Opened: at}
	for i := range h.Tiers {
		h.Tiers[i].Number, h.Tiers[i].Hash = i+1, "a1b2"
	}
	for i, s := range []rotate.State{rotate.StateAwaitingApproval, rotate.StateRunning, rotate.StateWatching} {
		h.State, h.Updated = s, at.Add(time.Duration(i)*time.Hour)
		if s == rotate.StateWatching {
			for n := range h.Tiers {
				h.Tiers[n].Ended = h.Updated
			}
		}
		h.Moves, _ = h.Track()
	}
	return h
}

// every makes notices of each type.
func every() map[string]notice.Notice {
	judged, _ := finding().Judge(detect.StateRemediated, detect.DetailNone, at.Add(time.Hour))
	o := stored(remedy.StateAwaitingApproval)
	o.PlanHash, o.Updated = "77aa", at.Add(time.Minute)
	o.Moves, _ = o.Track()
	ended := stored(remedy.StateAwaitingApproval, remedy.StateRunning, remedy.StateCancelled)
	r := notice.OfRotation(tenant, rotation())
	return map[string]notice.Notice{
		"detection-raised": notice.OfDetection(tenant, finding()), "detection-judged": notice.OfDetection(tenant, judged),
		"operation-opened": notice.OfOperation(tenant, o)[0], "operation-planned": notice.OfOperation(tenant, o)[1],
		"operation-ended": notice.OfOperation(tenant, ended)[2], "rotation-waits": r[0], "rotation-watches": r[2],
	}
}

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	f, err := os.Open("../../docs/notices.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	doc, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("urn:rekey:schema:notice:1", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("urn:rekey:schema:notice:1")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNoticesAreWrittenAsDocumented(t *testing.T) {
	s := schema(t)
	var types []string
	for name, n := range every() {
		types = append(types, n.Type)
		got, err := json.MarshalIndent(n, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", name+".json")
		if *update {
			if err := os.WriteFile(path, append(got, '\n'), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || string(want) != string(got)+"\n" {
			t.Errorf("%s is not what %s has (%v):\n%s", name, path, err, got)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(got))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(value); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, want := range notice.Types {
		if !slices.Contains(types, want) {
			t.Errorf("no golden file shows %s", want)
		}
	}
}

func TestTheSchemaRefusesWhatIsNoNotice(t *testing.T) {
	s := schema(t)
	for what, change := range map[string]func(map[string]any){
		"another version":            func(m map[string]any) { m["specversion"] = "0.3" },
		"a type of nobody's":         func(m map[string]any) { m["type"] = "com.rekey.case.opened" },
		"data of another kind":       func(m map[string]any) { m["type"] = notice.RotationMoved },
		"no id":                      func(m map[string]any) { delete(m, "id") },
		"a property nobody has":      func(m map[string]any) { m["data"].(map[string]any)["secret"] = "x" },
		"a time that is none":        func(m map[string]any) { m["time"] = "yesterday" },
		"a level that Graph has not": func(m map[string]any) { m["data"].(map[string]any)["riskLevel"] = "terrible" },
	} {
		b, err := json.Marshal(notice.OfDetection(tenant, finding()))
		if err != nil {
			t.Fatal(err)
		}
		var m map[string]any
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(m); err != nil {
			t.Fatalf("unchanged: %v", err)
		}
		change(m)
		if s.Validate(m) == nil {
			t.Errorf("%s is taken", what)
		}
	}
}

func TestTheSameDetectionHasTheSameIDUntilItsLevelOrJudgementIsAnother(t *testing.T) {
	d := finding()
	first := notice.OfDetection(tenant, d).ID
	more := d
	more.Last, more.Records = at.Add(time.Hour), append(slices.Clone(d.Records), detect.Record{ID: "r2", Time: at})
	if notice.OfDetection(tenant, more).ID != first {
		t.Error("another record of the same finding is another notice")
	}
	seen := map[string]string{first: "raised"}
	for what, change := range map[string]func(detect.Detection) detect.Detection{
		"another finding": func(d detect.Detection) detect.Detection { d.ID = "d2"; return d },
		"a lower level":   func(d detect.Detection) detect.Detection { d.Level = score.LevelMedium; return d },
		"dismissed": func(d detect.Detection) detect.Detection {
			d, _ = d.Judge(detect.StateDismissed, detect.DetailNone, at)
			return d
		},
		"remediated": func(d detect.Detection) detect.Detection {
			d, _ = d.Judge(detect.StateRemediated, detect.DetailNone, at)
			return d
		},
		"remediated later": func(d detect.Detection) detect.Detection {
			d, _ = d.Judge(detect.StateRemediated, detect.DetailNone, at.Add(time.Hour))
			return d
		},
		"goes on after it was remediated": func(d detect.Detection) detect.Detection {
			d, _ = d.Judge(detect.StateRemediated, detect.DetailNone, at)
			d.Last = at.Add(2 * time.Hour)
			return d
		},
	} {
		id := notice.OfDetection(tenant, change(finding())).ID
		if other, ok := seen[id]; ok {
			t.Errorf("%s has the id of %s", what, other)
		}
		seen[id] = what
	}
}

func TestEveryStateOfAnOperationIsToldInOrderAndKeepsItsIDWhenMoreCome(t *testing.T) {
	early := notice.OfOperation(tenant, stored(remedy.StateAwaitingApproval, remedy.StateRunning))
	late := notice.OfOperation(tenant, stored(remedy.StateAwaitingApproval, remedy.StateRunning, remedy.StateAwaitingApproval, remedy.StateRunning, remedy.StateDone))
	ids := map[string]bool{}
	for i, n := range late {
		ids[n.ID] = true
		if i < len(early) && n.ID != early[i].ID {
			t.Errorf("notice %d has another id later", i+1)
		}
		if d := n.Data.(notice.Operation); d.Sequence != i+1 || n.Type != notice.OperationMoved || n.PartitionKey != "sp1" {
			t.Errorf("%+v", n)
		}
	}
	if len(ids) != 5 {
		t.Errorf("%d ids for 5 states", len(ids))
	}
}
