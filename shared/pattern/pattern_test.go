package pattern_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/shared/baseline"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/pattern"
	"rekey/shared/privilege"
	"rekey/shared/rule"
	"rekey/shared/score"
	"rekey/shared/trail"
)

var (
	hasher = baseline.NewHasher([16]byte{9})
	noon   = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	sp     = event.Principal{ObjectID: "sp1", AppID: "app1", Name: "billing"}
)

// minutes is a time so many minutes after noon.
func minutes(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }

var records int

// change is a change at a time, by anna unless told otherwise.
func change(act trail.Act, at time.Time, more ...func(*trail.Entry)) trail.Entry {
	records++
	e := trail.Entry{Act: act, Time: at, Record: fmt.Sprint("r", records), Actor: "user:anna", ActorName: "anna@contoso.com"}
	for _, f := range more {
		f(&e)
	}
	return e
}

func by(actor string) func(*trail.Entry) {
	return func(e *trail.Entry) { e.Actor, e.ActorName = actor, actor }
}
func tier(t privilege.Tier) func(*trail.Entry) { return func(e *trail.Entry) { e.Tier = t } }
func what(s string) func(*trail.Entry)         { return func(e *trail.Entry) { e.What = s } }
func key(id string) func(*trail.Entry)         { return func(e *trail.Entry) { e.KeyID = id } }
func target(k, name string) func(*trail.Entry) {
	return func(e *trail.Entry) { e.Target, e.TargetName = k, name }
}

// on are the facts of a principal with changes on it; by it when the actor is the principal.
func on(es ...trail.Entry) pattern.Facts {
	f := pattern.Facts{Principal: sp, Tenant: "t1", Hasher: hasher, World: &rule.World{Self: event.Principal{ObjectID: "rekey"}}, Since: noon.AddDate(0, 0, -60)}
	own := new(trail.Trail)
	for _, e := range es {
		if e.Actor == "sp1" {
			f.Acts = append(f.Acts, e)
			own.Add(trail.By, e)
			continue
		}
		f.Changes = append(f.Changes, e)
	}
	newest := func(a, b trail.Entry) int { return b.Time.Compare(a.Time) }
	slices.SortStableFunc(f.Changes, newest)
	slices.SortStableFunc(f.Acts, newest)
	f.Trail = own
	return f
}

func with(f pattern.Facts, more ...func(*pattern.Facts)) pattern.Facts {
	for _, m := range more {
		m(&f)
	}
	return f
}

// active is the principal signing in with a key on each of some days before noon's, from `first` to `last` days ago.
func active(first, last int, keyID string) func(*pattern.Facts) {
	return func(f *pattern.Facts) {
		if f.Profile == nil {
			f.Profile = new(baseline.Profile)
		}
		for d := last; d <= first; d++ {
			e := &event.Event{Kind: event.KindSignIn, ID: fmt.Sprint(keyID, d), Time: noon.AddDate(0, 0, -d), Caller: netip.MustParseAddr("192.0.2.1"), SignIn: event.SignIn{CredentialKeyID: keyID}}
			values := hasher.Values(e)
			f.Profile.Observe(e, &values)
		}
	}
}

// history is what an actor did on so many days before noon's, always at eight in the morning.
func history(actor string, days int, act trail.Act) func(*pattern.Facts) {
	return func(f *pattern.Facts) {
		if f.Actors == nil {
			f.Actors = map[string]*trail.Trail{}
		}
		f.Actors[actor] = new(trail.Trail)
		for d := range days {
			f.Actors[actor].Add(trail.By, trail.Entry{Act: act, Time: noon.AddDate(0, 0, -d-1).Add(-4 * time.Hour), Record: fmt.Sprint(d)})
		}
	}
}

// seen is a detection at a time.
func seen(rule, source string, level score.Level, at time.Time) detect.Detection {
	return detect.Detection{
		ID: rule + source, Rule: rule, Source: source, Type: "suspiciousSignins", Level: level, Subject: "AS64511", Statement: rule, First: at, Last: at,
		Records: []detect.Record{{ID: "d" + rule, Time: at}},
	}
}

func detections(ds ...detect.Detection) func(*pattern.Facts) {
	return func(f *pattern.Facts) { f.Detections = ds }
}

func suspects(ids ...string) func(*pattern.Facts) {
	return func(f *pattern.Facts) { f.World.Suspects = ids }
}

func deployers(ids ...string) func(*pattern.Facts) {
	return func(f *pattern.Facts) { f.World.Deployers = ids }
}

type testCase struct {
	facts pattern.Facts
	want  score.Level // none: nothing is found
}

// levels returns the highest level of a rule's findings.
func level(f pattern.Facts, id string) (l score.Level, d detect.Detection) {
	l = score.LevelNone
	for _, x := range pattern.Judge(&f) {
		if x.Rule == id && x.Level != l && x.Level.AtLeast(l) {
			l, d = x.Level, x
		}
	}
	return l, d
}

func TestEveryPatternIsFoundWhereItIsAndOnlyThere(t *testing.T) {
	for id, list := range cases() {
		r := pattern.ByID(id)
		if r == nil {
			t.Errorf("there is no pattern %s", id)
			continue
		}
		for name, c := range list {
			t.Run(id+"/"+name, func(t *testing.T) {
				got, d := level(c.facts, id)
				if got != c.want {
					t.Errorf("%s, want %s", got, c.want)
				}
				if got != score.LevelNone && (d.Statement == "" || d.ID == "" || len(d.Records) == 0 || d.Principal.Key() != "sp1" || strings.Contains(d.Statement, "%!")) {
					t.Errorf("%+v", d)
				}
			})
		}
	}
}

func TestEveryPatternHasTrueAndFalseCasesAndSaysWhatItHasTo(t *testing.T) {
	all := cases()
	for _, r := range pattern.Catalogue {
		found, not := false, false
		for _, c := range all[r.ID] {
			found, not = found || c.want != score.LevelNone, not || c.want == score.LevelNone
		}
		if !found || !not {
			t.Errorf("%s: a true case: %v, a false case: %v; want both", r.ID, found, not)
		}
		if r.Title == "" || r.RiskType == "" || r.Event == "" || r.Levels == "" || len(r.Techniques) == 0 || len(r.FalsePositives) == 0 || len(r.Ask) == 0 {
			t.Errorf("%s leaves something out", r.ID)
		}
		if pattern.ByID(r.ID) != r || rule.ByID(r.ID) != nil {
			t.Errorf("%s is not the only one of its name", r.ID)
		}
	}
}

func TestWhatIsFoundIsFoundAgainUnderTheSameID(t *testing.T) {
	for id, list := range cases() {
		for name, c := range list {
			once := pattern.Judge(&c.facts)
			known := c.facts
			known.Detections = append(slices.Clone(known.Detections), once...)
			again := pattern.Judge(&known)
			if len(once) != len(again) {
				t.Errorf("%s/%s: %d detections, and %d when they are known", id, name, len(once), len(again))
				continue
			}
			for i := range once {
				if _, changed := detect.Raise(once[i], again[i]); changed || once[i].ID != again[i].ID {
					t.Errorf("%s/%s: %s became %s", id, name, once[i].Statement, again[i].Statement)
				}
			}
		}
	}
}
