package risk_test

import (
	"testing"

	"rekey/shared/casefile"
	"rekey/shared/event"
	"rekey/shared/privilege"
	"rekey/shared/score"
	"rekey/shared/trail"
)

func TestAPrincipalHasItsCaseBehindGraphsProperties(t *testing.T) {
	w := newWorld(t)
	bare := casefile.Case{ID: "c1", Principal: event.Principal{ObjectID: "sp1", AppID: "app1", Name: "billing"}, Level: score.LevelHigh, Updated: now}
	whole := bare
	whole.Writes = []trail.Entry{{Act: trail.CredentialAdded, Time: now, Record: "a1", Target: "app:backup", Tier: privilege.Tier0}}
	whole.Prepared = []trail.Entry{{Act: trail.OwnerAdded, Time: now, Record: "a2", Actor: "user:u1"}}
	whole.Linked = []casefile.Link{{Key: "app:backup", Why: "was changed by this principal", Case: "c2", Level: score.LevelLow}}
	whole.Owner = &casefile.Inquiry{ID: "q1", Case: "c1", To: "team billing", Answer: casefile.NotOurs}
	for name, want := range map[string]struct {
		casefile.Case
		size  int
		owner any
	}{"bare": {bare, 0, nil}, "whole": {whole, 1, "notOurs"}} {
		if err := w.cases.Keep(t.Context(), want.Case); err != nil {
			t.Fatal(err)
		}
		got := w.get(t, principalsURL+"/sp1")
		for _, key := range []string{"rekeyWrites", "rekeyPrepared", "rekeyLinked"} {
			if l, ok := got[key].([]any); !ok || len(l) != want.size {
				t.Errorf("%s: %s is %v", name, key, got[key])
			}
		}
		owner, _ := got["rekeyOwner"].(map[string]any)
		if owner["answer"] != want.owner || got["riskState"] != "atRisk" || got["rekeyAnswers"] == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}
