package baseline_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rekey/shared/baseline"
	"rekey/shared/event"
)

// failed is a sign-in that failed with a code, from a network.
func failed(at time.Time, id string, code int, asn uint32) *event.Event {
	return signIn(at, id, func(e *event.Event) { e.SignIn.ErrorCode, e.Network.ASN = code, asn })
}

// note adds what a sign-in says to evidence, whatever its outcome.
func note(e *baseline.Evidence, events ...*event.Event) {
	for _, s := range events {
		v := hasher.Values(s)
		e.Issue(s, &v)
		e.Fail(s, &v)
	}
}

func TestFailedSignInsAreSortedByWhatTheyTell(t *testing.T) {
	for name, c := range map[string]struct {
		code    int
		access  string
		want    baseline.FailureSort
		counted bool
	}{
		"a wrong secret":                          {7000215, "", baseline.FailureWrong, true},
		"an assertion that does not fit":          {70021, "", baseline.FailureWrong, true},
		"an expired secret":                       {7000222, "", baseline.FailureExpired, true},
		"blocked by Conditional Access":           {53003, "failure", baseline.FailureBlocked, true},
		"blocked, by another code":                {530032, "failure", baseline.FailureBlocked, true},
		"an application that is not there":        {700016, "", baseline.FailureMissing, true},
		"a code nobody listed":                    {500341, "notApplied", baseline.FailureOther, true},
		"a passing error of Microsoft's":          {90033, "", 0, false},
		"a sign-in that worked":                   {0, "success", 0, false},
		"a sign-in that worked, in report only m": {0, "failure", 0, false},
	} {
		e := signIn(start, "1", func(e *event.Event) { e.SignIn.ErrorCode, e.SignIn.ConditionalAccess = c.code, c.access })
		if got, counted := baseline.FailureSortOf(e); got != c.want || counted != c.counted {
			t.Errorf("%s: %v %v", name, got, counted)
		}
	}
}

func TestFailuresAreCountedByDaySortAndNetwork(t *testing.T) {
	var e baseline.Evidence
	for i := range 12 {
		note(&e, failed(start, fmt.Sprint("a", i), 7000215, 64511), failed(start, fmt.Sprint("a", i), 7000215, 64511))
	}
	note(&e, failed(start.AddDate(0, 0, -3), "b", 7000222, 64500), failed(start, "c", 90033, 64512))
	var p baseline.Profile
	for d := 1; d < 9; d++ {
		observe(&p, signIn(start.AddDate(0, 0, -d), fmt.Sprint("s", d)))
	}
	f, day := e.Failures(), baseline.DayOf(start)
	if n := f.On(day); n < 8 || n > 16 {
		t.Errorf("about %.0f failures, want 12", n)
	}
	if !f.Failed(baseline.FailureWrong, day) || f.Ever(baseline.FailureWrong, day) || f.Failed(baseline.FailureExpired, day) || f.Failed(baseline.FailureBlocked, day) {
		t.Error("the sorts of the day are wrong")
	}
	if n := f.DaysBefore(baseline.FailureExpired, day, 7); n != 1 || !f.Ever(baseline.FailureExpired, day) {
		t.Errorf("an expired secret on %d of 7 days before", n)
	}
	if n := f.Strange(p.Before(day)); n != 1 {
		t.Errorf("%d strange networks, want the one of the wrong secrets", n)
	}
	if n := f.Strange(p.Before(day - 3)); n != 0 {
		t.Errorf("%d strange networks on the day of the expired secret, which came from the known one", n)
	}
}

func TestAFederatedCredentialAndAForeignOwnerAreRemembered(t *testing.T) {
	var e baseline.Evidence
	with := func(id, owner string) func(*event.Event) {
		return func(s *event.Event) {
			s.Tenant, s.SignIn.FederatedID, s.SignIn.AppOwnerTenant = "t1", id, owner
		}
	}
	note(&e, signIn(start, "1", with("f1", "t1")), signIn(start, "2", with("", "f8cdef31-a31e-4b4a-93e4-5f571e91255a")))
	if e.Owner() != "" {
		t.Errorf("owner %q", e.Owner())
	}
	note(&e, signIn(start, "3", with("", "t2")))
	if e.Owner() != "t2" {
		t.Errorf("owner %q", e.Owner())
	}
	day := baseline.DayOf(start)
	for name, c := range map[string]struct {
		id            string
		day           baseline.Day
		known, others bool
	}{
		"the same, on its first day": {"f1", day, false, false}, "the same, a day later": {"f1", day + 1, true, true}, "another, a day later": {"f2", day + 1, false, true},
	} {
		v := hasher.Values(signIn(start, "4", with(c.id, "")))
		if known, others := e.Federated(v.Federated, c.day); known != c.known || others != c.others {
			t.Errorf("%s: known %v, others %v", name, known, others)
		}
	}
}

func anyFailure(t *rapid.T) *event.Event {
	at := start.Add(time.Duration(rapid.IntRange(0, 24*90).Draw(t, "hour")) * time.Hour)
	code := rapid.SampledFrom([]int{0, 7000215, 7000222, 53003, 700016, 1, 90033}).Draw(t, "code")
	e := failed(at, fmt.Sprint(rapid.IntRange(0, 40).Draw(t, "id")), code, uint32(rapid.IntRange(0, 20).Draw(t, "asn")))
	e.Tenant, e.SignIn.AppOwnerTenant = "t1", rapid.SampledFrom([]string{"", "t1", "t2", "t3"}).Draw(t, "owner")
	e.SignIn.FederatedID = fmt.Sprint("f", rapid.IntRange(0, 20).Draw(t, "federated"))
	return e
}

func TestShuffledRepeatedAndSplitFailuresGiveTheSameBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOfN(rapid.Custom(anyFailure), 1, 60).Draw(t, "events")
		var whole, left, right baseline.Evidence
		note(&whole, events...)
		for _, e := range rapid.Permutation(append(events, events...)).Draw(t, "deliveries") {
			note(rapid.SampledFrom([]*baseline.Evidence{&left, &right}).Draw(t, "half"), e)
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

// version2Evidence is what version 2 wrote of one token and one failure.
const version2Evidence = "02019fc728c500a58a0c00000000000000000000ffffc000020150e40001000000000000000000000000000000000000000000000020000000007b2276" +
	"657273696f6e223a322c226e6f746573223a5b7b226b696e64223a226661696c757265222c226964223a2266222c2274696d65223a22323032362d30392d" +
	"30315430383a30303a30305a222c2277686174223a227369676e2d696e206661696c6564227d5d7d"

func TestEvidenceOfVersionTwoStillLoads(t *testing.T) {
	old, err := hex.DecodeString(version2Evidence)
	if err != nil {
		t.Fatal(err)
	}
	var e baseline.Evidence
	if err := e.UnmarshalBinary(old); err != nil {
		t.Fatal(err)
	}
	if n := e.Hours().On(baseline.HourOf(start)); len(e.Notes()) != 1 || n < 1 || e.Owner() != "" || e.Failures().On(baseline.DayOf(start)) != 0 {
		t.Errorf("%+v, %.0f sign-ins", e.Notes(), n)
	}
}

func TestEvidenceFullOfEverythingFitsItsRow(t *testing.T) {
	var e baseline.Evidence
	long := strings.Repeat("x", 100)
	for _, kind := range noteKinds {
		for i := range 10 {
			e.Add(baseline.Note{Kind: kind, ID: fmt.Sprint(i, long), Time: start, What: long, Actor: long, Caller: long, KeyID: long})
		}
	}
	for hour := range 24 * 64 {
		at := start.Add(time.Duration(hour) * time.Hour)
		for i := range 5 {
			id := fmt.Sprint(hour, "/", i)
			note(&e, signIn(at, id, func(s *event.Event) {
				s.Tenant, s.SignIn.TokenID, s.SignIn.FederatedID, s.SignIn.AppOwnerTenant = "t1", "token of "+id, id, long
				s.Caller = netip.MustParseAddr("2001:db8::1")
			}))
			note(&e, failed(at, id, []int{7000215, 7000222, 53003, 700016, 1}[i], uint32(hour+1)))
		}
	}
	b, err := e.AppendBinary(nil)
	t.Logf("%d bytes", len(b))
	if err != nil || len(b) > baseline.MaxEvidenceBytes {
		t.Errorf("full evidence has %d bytes (%v), at most %d are allowed", len(b), err, baseline.MaxEvidenceBytes)
	}
}
