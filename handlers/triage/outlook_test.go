package triage_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"rekey/shared/event"
	"rekey/shared/remedy"
	"rekey/shared/streams"
)

// comes notes that a kind of event came in every hour of the last weeks.
func (w *world) comes(kinds ...event.Kind) {
	if w.streams == nil {
		w.streams = new(streams.Memory)
	}
	for _, kind := range kinds {
		for at := now.AddDate(0, 0, -40); at.Before(now); at = at.Add(time.Hour) {
			w.streams.Note(&event.Event{Kind: kind, Time: at}, at.Add(5*time.Minute))
		}
	}
}

// signsIn teaches that a principal signed in with a key, so many days ago.
func (w *world) signsIn(t *testing.T, principal, key string, daysAgo int) {
	t.Helper()
	s, err := w.principals.Load(t.Context(), principal)
	if err != nil {
		t.Fatal(err)
	}
	e := &event.Event{
		Kind: event.KindSignIn, ID: fmt.Sprint(key, daysAgo), Time: now.AddDate(0, 0, -daysAgo), Caller: netip.MustParseAddr("192.0.2.7"),
		Principal: event.Principal{ObjectID: principal}, SignIn: event.SignIn{CredentialKeyID: key},
	}
	v := hasher.Values(e)
	s.Observe(e, &v)
	if _, err := w.principals.Save(t.Context(), s, "signins-0"); err != nil {
		t.Fatal(err)
	}
}

func TestTheForecastKnowsWhatTheLogsTell(t *testing.T) {
	secrets := remedy.Object{Passwords: []remedy.Password{{KeyID: "K1"}, {KeyID: "k2"}}}
	tests := map[string]struct {
		edit    func(w *world)
		unknown string
		says    string
	}{
		"nobody knows which logs come in": {func(*world) {}, "workloads users clients", "was not looked up"},
		"sign-ins come in, and name the key": {func(w *world) {
			w.comes(event.KindSignIn)
			w.signsIn(t, "sp1", "k1", 3)
		}, "users clients", "1 in use stop until they use the new certificate: K1 last 2026-11-21"},
		"sign-ins come in, and there was none": {func(w *world) { w.comes(event.KindSignIn) }, "users clients", "nobody was seen to use a credential that goes"},
		"they do not say with which key": {func(w *world) {
			w.comes(event.KindSignIn)
			w.signsIn(t, "sp1", "", 3)
		}, "workloads users clients", "unknown"},
		"a federated credential is never named": {func(w *world) {
			w.object.Federated = []remedy.Federated{{ID: "f1"}}
			w.comes(event.KindSignIn)
			w.signsIn(t, "sp1", "k1", 3)
		}, "workloads users clients", "unknown"},
		"only the intruder used a key": {func(w *world) {
			w.comes(event.KindSignIn)
			w.signsIn(t, "sp1", "k1", 0)
		}, "users clients", "nobody was seen to use a credential that goes"},
		"the workload used the key before, and whoever it was today": {func(w *world) {
			w.comes(event.KindSignIn)
			w.signsIn(t, "sp1", "k1", 9)
			w.signsIn(t, "sp1", "k1", 0)
		}, "users clients", "1 in use stop until they use the new certificate: K1 last 2026-11-24"},
		"users' sign-ins come in, and there was none": {func(w *world) { w.comes(event.KindUserSignIn) }, "workloads clients", "none signed in"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.object = secrets
			tt.edit(w)
			w.detect(t, "sp1", 20)
			plan := w.must(t, "sp1").Plan
			if got := strings.Join(plan.Unknown(), " "); got != tt.unknown || !strings.Contains(plan.Text(), tt.says) {
				t.Errorf("unknown: %q, want %q; %q is not in\n%s", got, tt.unknown, tt.says, plan.Text())
			}
		})
	}
}
