package trail_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rekey/shared/entralog"
	"rekey/shared/event"
	"rekey/shared/trail"
)

var update = flag.Bool("update", false, "write the golden file anew")

// sink gathers what a message is decoded to.
type sink struct{ events []*event.Event }

func (s *sink) Event(e *event.Event)      { x := *e; s.events = append(s.events, &x) }
func (s *sink) Skip(string)               {}
func (s *sink) Reject(int, []byte, error) {}

// classified says what a file's records are taken for, a line each.
func classified(t *testing.T, path string) string {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var s sink
	if err := new(entralog.Decoder).Decode(body, &s); err != nil {
		t.Fatal(path, err)
	}
	var b strings.Builder
	for _, e := range s.events {
		for _, k := range trail.Of(e) {
			fmt.Fprintf(&b, "  %s %s %s | %s -> %s %q | %s %s | %s\n", [...]string{"by", "on"}[k.Side], k.Key, k.Act, k.Actor, k.Target, k.TargetName, k.What, k.KeyID, k.Tier)
		}
	}
	return b.String()
}

func TestTheRecordsOfEveryRuleAreRememberedAsWhatTheyAre(t *testing.T) {
	files, err := filepath.Glob("../rule/testdata/*/true-*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	var b strings.Builder
	for _, f := range files {
		fmt.Fprintf(&b, "%s/%s\n%s", filepath.Base(filepath.Dir(f)), filepath.Base(f), classified(t, f))
	}
	const golden = "testdata/classified.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("run go test ./shared/trail -update and look at the difference:\n%s", diff)
	}
}
