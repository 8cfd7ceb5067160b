package casefile_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rekey/shared/baseline"
	"rekey/shared/casefile"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/exposure"
	"rekey/shared/pattern"
	"rekey/shared/score"
)

var (
	hasher = baseline.NewHasher([16]byte{3})
	attack = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
)

// profile signs in from the same network on each of the days before the attack, the last time `ago` before it.
func profile(ago time.Duration) *baseline.Profile {
	var p baseline.Profile
	for d := range 20 {
		at := attack.Add(-ago).AddDate(0, 0, -d)
		e := &event.Event{Kind: event.KindSignIn, ID: fmt.Sprint(d), Time: at, Caller: netip.MustParseAddr("192.0.2.7"), Network: event.Network{ASN: 64500}}
		values := hasher.Values(e)
		p.Observe(e, &values)
	}
	return &p
}

func facts(p *baseline.Profile, notes ...baseline.Note) casefile.Facts {
	return casefile.Facts{Notes: notes, Facts: pattern.Facts{
		Principal: event.Principal{ObjectID: "sp1"}, Profile: p,
		Detections: []detect.Detection{
			{ID: "low", Level: score.LevelLow, Bits: 6, KeyIDs: []string{"k2"}, First: attack.Add(-time.Hour), Last: attack.Add(-time.Hour), Detected: attack.Add(-time.Hour)},
			{ID: "high", Level: score.LevelHigh, Bits: 19, KeyIDs: []string{"k1", "k2"}, First: attack, Last: attack, Detected: attack.Add(time.Second),
				Contributions: []score.Contribution{{Name: "asn", Value: "AS64511", Why: "new"}}, Records: []detect.Record{{ID: "r1"}}},
		},
	}}
}

func TestACaseGathersItsDetections(t *testing.T) {
	c := casefile.Build(facts(profile(time.Hour)), attack.Add(time.Minute))
	if c.Level != score.LevelHigh || c.Detections[0].ID != "high" {
		t.Errorf("level %s, strongest %s", c.Level, c.Detections[0].ID)
	}
	if diff := cmp.Diff([]string{"k1", "k2"}, c.KeyIDs); diff != "" {
		t.Error(diff)
	}
	want := casefile.Window{From: attack.Add(-25 * time.Hour), To: attack}
	if diff := cmp.Diff(want, c.Window); diff != "" {
		t.Error(diff)
	}
}

func TestLaterEvidenceJoinsTheSameCase(t *testing.T) {
	f := facts(profile(time.Hour))
	early := f
	early.Detections = f.Detections[:1]
	first := casefile.Build(early, attack)
	if later := casefile.Build(f, attack.Add(time.Hour)); later.ID != first.ID {
		t.Errorf("the case was %s and became %s", first.ID, later.ID)
	}
}

func TestTheOldSourceTellsACopyFromAMove(t *testing.T) {
	tests := map[string]struct {
		ago  time.Duration
		want bool
	}{
		"it signed in two hours before the stranger": {2 * time.Hour, true},
		"it has been silent for two days":            {49 * time.Hour, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if c := casefile.Build(facts(profile(tt.ago)), attack); c.OldSource.Active != tt.want {
				t.Errorf("active %v (last seen %s), want %v", c.OldSource.Active, c.OldSource.LastSeen, tt.want)
			}
		})
	}
}

func TestOnlyWhatWasNewlyReadIsHarm(t *testing.T) {
	read := baseline.Note{Kind: baseline.NoteSecretRead, ID: "s", Time: attack.Add(time.Minute), What: "read kv/secrets/db"}
	daily := facts(profile(time.Hour), read)
	if c := casefile.Build(daily, attack.Add(time.Hour)); len(c.Harm) != 0 {
		t.Errorf("what the workload reads every day is harm: %+v", c.Harm)
	}
	first := facts(profile(time.Hour), read)
	first.Detections = append(first.Detections, detect.Detection{
		ID: "first", Rule: "secretFirstRead", Source: detect.SourceRekey, Level: score.LevelLow, First: attack, Last: attack.Add(time.Minute), Detected: attack.Add(time.Hour),
	})
	if c := casefile.Build(first, attack.Add(time.Hour)); len(c.Harm) != 1 {
		t.Errorf("a secret that was newly read is no harm: %+v", c.Harm)
	}
	for _, id := range casefile.NewReads {
		if exposure.ByID(id) == nil {
			t.Errorf("there is no rule %s", id)
		}
	}
}

func TestAnswersNameTheRecordsThatShowThem(t *testing.T) {
	added := baseline.Note{Kind: baseline.NoteCredentialAdded, ID: "key/1", Time: attack.Add(time.Minute), What: "credential added: key id 1"}
	old := baseline.Note{Kind: baseline.NoteSecretRead, ID: "s", Time: attack.AddDate(0, 0, -3), What: "read kv/secrets/db"}
	c := casefile.Build(facts(profile(time.Hour), added, old), attack)
	got := map[string]string{}
	for _, a := range c.Answers {
		got[a.ID] = fmt.Sprint(a.Value, a.Records)
	}
	want := map[string]string{
		"unusualResources": "no[]", "tooManySignIns": "no[]", "wrongTimes": "no[]", "unrecognizedAddress": "yes[r1]",
		"secretsRead": "unknown[]", "persistence": "unknown[]",
	}
	for id := range got {
		if _, asked := want[id]; !asked {
			delete(got, id)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestADirectoryChangeOrAFirstReadNeitherWidensTheWindowNorMakesAnOldSignInFresh(t *testing.T) {
	for _, rule := range []string{"ownerRemoved", "secretFirstRead"} {
		t.Run(rule, func(t *testing.T) { testWindow(t, rule) })
	}
}

func testWindow(t *testing.T, rule string) {
	t.Helper()
	f := facts(profile(time.Hour))
	want := casefile.Build(f, attack).Window
	change := func(at time.Time) detect.Detection {
		return detect.Detection{ID: "c" + at.String(), Rule: rule, Source: detect.SourceRekey, Level: score.LevelLow, First: at, Last: at, Detected: at}
	}
	f.Detections = append(f.Detections, change(attack.AddDate(0, 0, -9)), change(attack.AddDate(0, 0, 2)))
	if got := casefile.Build(f, attack.AddDate(0, 0, 2)).Window; got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	f.Detections = f.Detections[2:]
	if got := casefile.Build(f, attack.AddDate(0, 0, 2)).Window; !got.To.Equal(attack.AddDate(0, 0, 2)) {
		t.Errorf("with nothing but changes the window is %+v", got)
	}
}

func TestWhatALookAtTheInventoryFoundIsListedAndMovesNothing(t *testing.T) {
	f := facts(profile(time.Hour))
	without := casefile.Build(f, attack.Add(time.Minute))
	f.Detections = append(f.Detections, detect.Detection{
		ID: "a", Rule: "addressDangling", Source: detect.SourceRekey, Posture: true, Level: score.LevelHigh, KeyIDs: []string{"k9"},
		First: attack.AddDate(0, 0, -20), Last: attack.Add(time.Hour), Detected: attack.AddDate(0, 0, -20),
	})
	with := casefile.Build(f, attack.Add(time.Minute))
	if len(with.Detections) != 3 {
		t.Errorf("%d detections are listed", len(with.Detections))
	}
	with.Detections, with.Answers = without.Detections, without.Answers // an answer may name it
	if diff := cmp.Diff(without, with); diff != "" {
		t.Error(diff)
	}
}
