package triage_test

import (
	"time"

	"rekey/shared/casefile"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/score"
)

// clear is a case in which every check of the chain passes.
func clear(at time.Time) casefile.Case {
	return casefile.Case{
		ID: "c1", Principal: event.Principal{ObjectID: "sp1", AppID: "app1"}, Level: score.LevelHigh, OldSource: casefile.OldSource{Active: true},
		Window: casefile.Window{From: at.Add(-25 * time.Hour), To: at.Add(-time.Minute)},
		Detections: []detect.Detection{{
			Tenant: "t1", Bits: 17, Records: []detect.Record{{Succeeded: true}},
			Contributions: []score.Contribution{{Name: "asn", Family: score.FamilyNetwork, Bits: 9}, {Name: "agentFamily", Family: score.FamilyClient, Bits: 8}},
		}},
	}
}
