package verdict_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/score"
	"rekey/shared/verdict"
)

var now = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

func order(t interface{ Fatal(...any) }, kind verdict.Kind, at time.Time) verdict.Verdict {
	v, err := verdict.New(kind, "SP1", "user u1 through c1", "r1", at)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAnOrderNamesItsPrincipalInLowerCaseAndSortsByTime(t *testing.T) {
	a, b := order(t, verdict.Dismiss, now), order(t, verdict.Dismiss, now.Add(time.Millisecond))
	if a.Principal != "sp1" || a.ID >= b.ID || a.Version != verdict.Version {
		t.Errorf("%+v %+v", a, b)
	}
	for _, id := range []string{"", "a b", "a\n", "\x00", "é", strings.Repeat("a", 201)} {
		if _, err := verdict.New(verdict.Dismiss, id, "u", "r", now); !errors.Is(err, fault.Denied) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestAVerdictIsAboutWhatWasKnownWhenItWasGiven(t *testing.T) {
	for kind, want := range map[verdict.Kind]struct {
		state, detail string
		level         score.Level
	}{
		verdict.Dismiss:            {"dismissed", "adminDismissedAllRiskForServicePrincipal", score.LevelNone},
		verdict.ConfirmSafe:        {"confirmedSafe", "adminConfirmedAccountSafe", score.LevelNone},
		verdict.ConfirmCompromised: {"confirmedCompromised", "adminConfirmedServicePrincipalCompromised", score.LevelMedium},
	} {
		v := order(t, kind, now)
		d, changed := v.Judge(detect.Detection{Level: score.LevelMedium, Detected: now.Add(-time.Minute)})
		if !changed || d.RiskState() != want.state || d.RiskDetail() != want.detail || d.RiskLevel() != want.level || !d.Updated().Equal(now) {
			t.Errorf("%s: %s %s %s", kind, d.RiskState(), d.RiskDetail(), d.RiskLevel())
		}
		if _, changed = v.Judge(d); changed {
			t.Errorf("%s twice changes something", kind)
		}
		if d, changed = v.Judge(detect.Detection{Level: score.LevelMedium, Detected: now.Add(time.Minute)}); changed || d.RiskState() != "atRisk" {
			t.Errorf("%s is about what came later", kind)
		}
		if d, changed = v.Judge(detect.Detection{Level: score.LevelHigh, Detected: now.Add(-time.Hour), Raised: now.Add(time.Minute)}); changed || d.RiskState() != "atRisk" {
			t.Errorf("%s is about a level that came later", kind)
		}
	}
}

func TestAWordIsADetectionOfItsOwn(t *testing.T) {
	v := order(t, verdict.ConfirmCompromised, now)
	d := v.Confirmation(event.Principal{ObjectID: "sp1"})
	if d.Type != "adminConfirmedServicePrincipalCompromised" || d.Level != score.LevelHigh || d.RiskState() != "confirmedCompromised" || !d.Worth() {
		t.Errorf("%+v", d)
	}
	if again := order(t, verdict.ConfirmCompromised, now.Add(time.Hour)).Confirmation(event.Principal{ObjectID: "sp1"}); again.ID != d.ID {
		t.Error("the same day's second word is another detection")
	}
}

func TestOnlyAPersonsConfirmedSafeTeachesAndOnlyWhatWasSeen(t *testing.T) {
	d := detect.Detection{
		Detected: now, Last: now, Source: detect.SourceRekey, Contributions: []score.Contribution{{Name: "library", Value: "Family: MSAL Library: MSAL.Python 1.2 Platform: Python"}, {Name: "volume", Value: "about 90"}},
		Records: []detect.Record{{IPAddress: "203.0.113.9", ASN: 64511, Country: "BR", UserAgent: "curl/8.5"}, {IPAddress: "203.0.113.9", ASN: 64511}},
		KeyIDs:  []string{"k1"}, Resources: []detect.Use{{Resource: "Azure Key Vault"}},
	}
	want := []score.Seen{
		{Property: "address", Value: "203.0.113.9"}, {Property: "agent", Value: "curl/8.5"}, {Property: "agentFamily", Value: "curl"}, {Property: "asn", Value: "AS64511"},
		{Property: "country", Value: "BR"}, {Property: "credentialKey", Value: "k1"}, {Property: "library", Value: "MSAL.Python"}, {Property: "prefix", Value: "203.0.113.0/24"},
		{Property: "resource", Value: "Azure Key Vault"},
	}
	for name, tt := range map[string]struct {
		kind   verdict.Kind
		person bool
		want   []score.Seen
	}{
		"a person, safe": {verdict.ConfirmSafe, true, want}, "an application, safe": {verdict.ConfirmSafe, false, nil},
		"a person, dismissed": {verdict.Dismiss, true, nil}, "a person, compromised": {verdict.ConfirmCompromised, true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			v := order(t, tt.kind, now)
			v.Person = tt.person
			judged, _ := v.Judge(d)
			if diff := cmp.Diff(tt.want, judged.Judged.Own); diff != "" {
				t.Error(diff)
			}
			ruled := d
			ruled.Rule = "credentialRefused"
			if ruled, _ = v.Judge(ruled); ruled.Judged.Own != nil {
				t.Errorf("the records of failures teach %v", ruled.Judged.Own)
			}
			grown := d
			grown.Records = append(slices.Clone(d.Records), detect.Record{IPAddress: "198.51.100.1", ASN: 64999, Time: now.Add(time.Hour)})
			grown.Last, grown.KeyIDs = now.Add(time.Hour), []string{"k1", "k2"}
			if grown, _ = v.Judge(grown); slices.ContainsFunc(grown.Judged.Own, func(s score.Seen) bool { return s.Value == "k2" || s.Value == "AS64999" }) {
				t.Errorf("what came between the word and its carrying out is taught: %v", grown.Judged.Own)
			}
			later := d
			later.Records, later.Last = []detect.Record{{IPAddress: "198.51.100.1", Time: now.Add(time.Hour)}}, now.Add(time.Hour)
			if raised, _ := detect.Raise(judged, later); cmp.Diff(tt.want, raised.Judged.Own) != "" {
				t.Errorf("what came after the word is taught, too: %v", raised.Judged.Own)
			}
		})
	}
}

// Judgements and findings meet in any order: the stored detection is the same.
func TestJudgingAndRaisingDoNotDependOnTheirOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := detect.Detection{ID: "d", Level: score.LevelLow, First: now, Last: now, Detected: now, Contributions: []score.Contribution{}, KeyIDs: []string{}, Records: []detect.Record{}}
		var parts []detect.Detection
		for i := range rapid.IntRange(1, 4).Draw(t, "parts") {
			d := base
			d.Level = rapid.SampledFrom([]score.Level{score.LevelLow, score.LevelMedium, score.LevelHigh}).Draw(t, "level")
			d.Last = now.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "last")) * time.Minute)
			if rapid.Bool().Draw(t, "judged") {
				kind := rapid.SampledFrom([]verdict.Kind{verdict.Dismiss, verdict.ConfirmSafe, verdict.ConfirmCompromised}).Draw(t, "kind")
				d, _ = order(t, kind, now.Add(time.Duration(10+i)*time.Minute)).Judge(d)
			}
			parts = append(parts, d)
		}
		joined := func(ds []detect.Detection) detect.Detection {
			out := ds[0]
			for _, d := range ds[1:] {
				out, _ = detect.Raise(out, d)
			}
			out, _ = detect.Raise(out, out)
			return out
		}
		if diff := cmp.Diff(joined(parts), joined(rapid.Permutation(parts).Draw(t, "order"))); diff != "" {
			t.Fatal(diff)
		}
	})
}
