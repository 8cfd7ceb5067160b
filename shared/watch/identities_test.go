package watch_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rekey/shared/event"
	"rekey/shared/watch"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func signIn(id, app, name string, at time.Time) *event.Event {
	return &event.Event{Kind: event.KindSignIn, ID: id + at.String(), Time: at, Principal: event.Principal{ObjectID: id, AppID: app, Name: name}}
}

// added is the record of a new secret on an application's own object.
func added(object, app, actor string) *event.Event {
	return &event.Event{Kind: event.KindAudit, ID: "added " + object + app, Time: noon, Audit: &event.Change{
		Activity: "Update application - Certificates and secrets management", Result: "success",
		Actor:      event.Actor{Principal: event.Principal{AppID: actor}},
		Targets:    []event.Target{{ID: object, Type: "Application", Name: "billing", Properties: []event.Property{{Name: "KeyDescription", Old: "[]", New: `["[KeyIdentifier=11111111-2222-4333-8444-555555555555,KeyType=Password,KeyUsage=Verify,DisplayName=x]"]`}}}},
		Additional: map[string]string{"AppId": app},
	}}
}

func learned(es ...*event.Event) *watch.Watch {
	w := watch.New(config)
	for _, e := range es {
		w.Learn(e)
	}
	return w
}

func TestAnApplicationAndItsPrincipalAreOneSubject(t *testing.T) {
	s := learned(signIn("sp1", "app1", "billing", noon), added("obj1", "app1", "app2"), signIn("sp2", "app2", "builder", noon)).Subjects()
	want := watch.Subject{Principal: event.Principal{ObjectID: "sp1", AppID: "app1", Name: "billing"}, Keys: []string{"sp1", "app:app1", "obj1"}}
	for _, key := range want.Keys {
		if diff := cmp.Diff(want, s.Of(key)); diff != "" {
			t.Errorf("%s:\n%s", key, diff)
		}
	}
	if got := s.Of("somebody"); !slices.Equal(got.Keys, []string{"somebody"}) || got.ObjectID != "somebody" {
		t.Errorf("a key that is not known: %+v", got)
	}
	if got := s.Of("app:app9"); !slices.Equal(got.Keys, []string{"app:app9"}) || got.Key() != "app:app9" {
		t.Errorf("an application without a principal: %+v", got)
	}
	var changed []string
	for x := range s.Changed() {
		changed = append(changed, x.Key())
	}
	if diff := cmp.Diff([]string{"sp1", "sp2"}, changed); diff != "" { // what was changed, and who did it
		t.Error(diff)
	}
	own, application := s.State(s.Of("sp2"))
	if f := watch.Facts(s.Of("sp2").Principal, own, application); len(f.Acts) != 1 || f.Acts[0].Actor != "sp2" {
		t.Errorf("what its application is said to have done is not its own: %+v", f.Acts)
	}
}

func TestOfTwoPrincipalsTheOneThatIsAliveStandsForTheApplication(t *testing.T) {
	tests := map[string]struct {
		first, second time.Time // last sign-in; zero: none
		want          string
	}{
		"the first one was deleted": {noon.AddDate(0, 0, -9), noon, "sp2"},
		"the second one is older":   {noon, noon.AddDate(0, 0, -9), "sp1"},
		"both at the same time":     {noon, noon, "sp1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := learned(signIn("sp2", "app1", "b", tt.second), signIn("sp1", "app1", "a", tt.first)).Subjects()
			if got := s.Of("app:app1"); got.ObjectID != tt.want {
				t.Errorf("%+v, want %s", got, tt.want)
			}
			for _, id := range []string{"sp1", "sp2"} {
				if got := s.Of(id); got.ObjectID != id || slices.Contains(got.Keys, "app:app1") != (id == tt.want) {
					t.Errorf("%s: %+v", id, got)
				}
			}
		})
	}
}

func TestWhoIsWhoDoesNotDependOnTheOrderOfTheRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12)
		es := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) *event.Event {
			id, app := n.Draw(t, "id"), n.Draw(t, "app")%4
			if rapid.Bool().Draw(t, "audit") {
				return added(fmt.Sprint("obj", id), fmt.Sprint("app", app), "")
			}
			return signIn(fmt.Sprint("sp", id), fmt.Sprint("app", app), fmt.Sprint("name", n.Draw(t, "name")), noon.Add(time.Duration(n.Draw(t, "h"))*time.Hour))
		}), 1, 30).Draw(t, "events")
		one := learned(es...).Subjects()
		mixed := slices.Clone(es)
		rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)).Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		at := rapid.IntRange(0, len(es)).Draw(t, "split")
		w := learned(mixed[at:]...)
		w.Merge(learned(append(mixed[:at:at], es...)...))
		other := w.Subjects()
		for i := range 13 {
			for _, key := range []string{fmt.Sprint("sp", i), fmt.Sprint("obj", i), fmt.Sprint("app:app", i)} {
				if diff := cmp.Diff(one.Of(key), other.Of(key)); diff != "" {
					t.Fatalf("%s:\n%s", key, diff)
				}
			}
		}
	})
}
