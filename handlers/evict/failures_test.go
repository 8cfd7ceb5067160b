package evict_test

import (
	"net/netip"
	"testing"
	"time"

	"rekey/handlers/evict"
	"rekey/handlers/principals"
	"rekey/shared/baseline"
	"rekey/shared/event"
	"rekey/shared/store/memory"
)

func TestAFailedSignInFromAKnownNetworkIsAConsumerLeftBehind(t *testing.T) {
	at := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	hasher := baseline.NewHasher([16]byte([]byte("0123456789abcdef")))
	store := principals.Store{Table: &memory.Table{}}
	s, err := store.Load(t.Context(), "sp1")
	if err != nil {
		t.Fatal(err)
	}
	for day := 20; day > 0; day-- { // at home in 192.0.2.0/24 for weeks
		e := event.Event{Kind: event.KindSignIn, Time: at.AddDate(0, 0, -day), Caller: netip.MustParseAddr("192.0.2.7"), SignIn: event.SignIn{}, Principal: event.Principal{ObjectID: "sp1"}}
		v := hasher.Values(&e)
		s.Profile.Observe(&e, &v)
	}
	note := func(ago time.Duration, caller, key string) {
		s.Evidence.Add(baseline.Note{Kind: baseline.NoteFailure, ID: caller + ago.String(), Time: at.Add(-ago), What: "sign-in failed: AADSTS7000215", Caller: caller, KeyID: key})
	}
	note(10*time.Hour, "203.0.113.5", "stolen") // before the locks were changed
	note(2*time.Hour, "192.0.2.9", "other")
	note(time.Hour, "203.0.113.5", "stolen")
	note(30*time.Minute, "203.0.113.9", "stolen")
	note(20*time.Minute, "not an address", "stolen")
	if _, err := store.Save(t.Context(), s, "lane"); err != nil {
		t.Fatal(err)
	}
	found, err := evict.FailedSignIns(store, hasher)(t.Context(), event.Principal{ObjectID: "sp1"}, at.Add(-4*time.Hour))
	if err != nil || len(found) != 2 {
		t.Fatalf("%+v (%v), want two networks", found, err)
	}
	for _, f := range found {
		if home := f.Network == "192.0.2.0/24"; f.Known != home {
			t.Errorf("%s is known: %v", f.Network, f.Known)
		}
	}
}
