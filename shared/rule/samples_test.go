package rule_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rekey/shared/entralog"
	"rekey/shared/event"
	"rekey/shared/rule"
	"rekey/shared/samplestest"
	"rekey/shared/score"
)

// explained are the findings above low in public records, and why they are right.
var explained = map[string]string{
	"AADAuditEvents.json grantForAll medium":   "the attack of the SimuLand lab: Mail.ReadWrite for all users",
	"app_role.raw.json mailRoleGranted medium": "an application may send as anybody (SMTP.SendAsApp): worth asking about",
}

func TestPublicRecordsShowNothingAboveLowThatIsNotExplained(t *testing.T) {
	seen, audits := map[string]bool{}, 0
	err := filepath.WalkDir(samplestest.Dir(t), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Base(path) == "MANIFEST.tsv" {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var s sink
		if new(entralog.Decoder).Decode(body, &s) != nil {
			return nil // package entralog tests what can be decoded
		}
		for _, e := range s.events {
			if e.Kind == event.KindAudit {
				audits++
			}
			for _, x := range rule.Judge(e, nil) {
				key := strings.Join([]string{filepath.Base(path), x.Rule, string(x.Level)}, " ")
				seen[key] = true
				if x.Level.AtLeast(score.LevelMedium) && explained[key] == "" {
					t.Errorf("%s: %s", key, x.Statement)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for key := range explained {
		if !seen[key] {
			t.Errorf("%s is explained and was not found", key)
		}
	}
	if audits < 30 {
		t.Errorf("only %d audit records were judged", audits)
	}
	t.Log(audits, "audit records;", seen)
}
