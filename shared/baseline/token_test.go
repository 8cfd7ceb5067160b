package baseline_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rekey/shared/baseline"
	"rekey/shared/event"
)

func tokenSignIn(at time.Time, id string, from byte) *event.Event {
	return signIn(at, id, func(e *event.Event) {
		e.SignIn.TokenID = "token of " + id
		e.Caller = netip.AddrFrom4([4]byte{192, 0, 2, from})
	})
}

func issue(e *baseline.Evidence, s *event.Event) {
	values := hasher.Values(s)
	e.Issue(s, &values)
}

func TestShuffledRepeatedAndSplitSignInsGiveTheSameTokensAndHours(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var events []*event.Event
		for i := range rapid.IntRange(1, 150).Draw(t, "events") {
			at := start.Add(time.Duration(rapid.IntRange(0, 60*24).Draw(t, "minute")) * time.Minute)
			events = append(events, tokenSignIn(at, fmt.Sprint(i), byte(i%3)))
		}
		var whole, left, right baseline.Evidence
		for _, e := range events {
			issue(&whole, e)
		}
		for _, e := range rapid.Permutation(append(events, events...)).Draw(t, "deliveries") {
			if rapid.Bool().Draw(t, "left") {
				issue(&left, e)
			} else {
				issue(&right, e)
			}
		}
		var stored baseline.Evidence
		if err := stored.UnmarshalBinary(evidenceBytes(t, &right)); err != nil {
			t.Fatal(err)
		}
		left.Merge(&stored)
		left.Merge(&stored)
		if a, b := evidenceBytes(t, &whole), evidenceBytes(t, &left); !bytes.Equal(a, b) {
			t.Fatalf("whole and merged evidence differ:\n%x\n%x", a, b)
		}
	})
}

func TestATokenIsFoundWhereItWasIssuedAndNoOther(t *testing.T) {
	var e baseline.Evidence
	issue(&e, tokenSignIn(start, "a", 7))
	used := &event.Event{Kind: event.KindGraphActivity, Time: start.Add(time.Minute), Graph: &event.GraphCall{TokenID: "token of a"}}
	values := hasher.Values(used)
	if got, ok := e.Issued(&values); !ok || got.From != netip.MustParseAddr("192.0.2.7") || !got.Time.Equal(start) {
		t.Errorf("%+v %v", got, ok)
	}
	used.Graph.TokenID = "another"
	values = hasher.Values(used)
	if _, ok := e.Issued(&values); ok {
		t.Error("a token nobody issued was found")
	}
	used.Graph.TokenID = ""
	values = hasher.Values(used)
	if _, ok := e.Issued(&values); ok {
		t.Error("a record without a token found one")
	}
}

func TestAFailedSignInIssuesNothing(t *testing.T) {
	var e baseline.Evidence
	failed := tokenSignIn(start, "a", 7)
	failed.SignIn.ErrorCode = 7000215
	issue(&e, failed)
	if n := e.Hours().On(baseline.HourOf(start)); n != 0 {
		t.Errorf("it counts as %.0f sign-ins", n)
	}
	values := hasher.Values(failed)
	if _, ok := e.Issued(&values); ok {
		t.Error("its token is remembered")
	}
}

func TestABusyPrincipalsEvidenceChangesAFewTimesAnHourOnly(t *testing.T) {
	var e baseline.Evidence
	before, changes := []byte(nil), 0
	for i := range 3000 { // an hour with 3,000 sign-ins
		issue(&e, tokenSignIn(start.Add(time.Duration(i)*time.Second), fmt.Sprint(i), 1))
		now, err := e.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(before, now) {
			changes++
		}
		before = now
	}
	if changes > 150 {
		t.Errorf("the row changed %d times", changes)
	}
}

func TestEvidenceOfThePredecessorsVersionStillLoads(t *testing.T) {
	old := `{"version":1,"notes":[{"kind":"credentialAdded","id":"key/1","time":"2026-11-24T03:00:00Z","what":"credential added: key id 1","keyId":"1"}]}`
	var e baseline.Evidence
	if err := e.UnmarshalBinary([]byte(old)); err != nil {
		t.Fatal(err)
	}
	if notes := e.Notes(); len(notes) != 1 || notes[0].KeyID != "1" {
		t.Errorf("%+v", notes)
	}
}

func FuzzEvidenceUnmarshal(f *testing.F) {
	var e baseline.Evidence
	issue(&e, tokenSignIn(start, "a", 7))
	e.Add(baseline.Note{Kind: baseline.NoteOwnerAdded, ID: "1", Time: start, What: "owner added"})
	good, err := e.AppendBinary(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"version":1,"notes":[]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var read, again baseline.Evidence
		if read.UnmarshalBinary(b) != nil {
			return
		}
		once, _ := read.AppendBinary(nil)
		if err := again.UnmarshalBinary(once); err != nil {
			t.Fatal(err)
		}
		again.Merge(&read)
		if twice, _ := again.AppendBinary(nil); !bytes.Equal(once, twice) {
			t.Fatal("merging evidence with itself changed it")
		}
	})
}
