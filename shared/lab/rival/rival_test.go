package rival_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"rekey/shared/event"
	"rekey/shared/lab"
	"rekey/shared/lab/rival"
)

var start = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

// hoursOn returns a time some hours after the start.
func hoursOn(h int) time.Time { return start.Add(time.Duration(h) * time.Hour) }

// usual is the sign-in that every principal of these tests makes.
func usual(principal string, at time.Time) event.Event {
	return event.Event{
		Kind: event.KindSignIn, Time: at,
		Principal: event.Principal{ObjectID: principal},
		Caller:    netip.MustParseAddr("192.0.2.10"),
		Network:   event.Network{ASN: 64500, ASName: "Example Cloud", Country: "DE", Hosting: event.HostingDatacenter},
		SignIn: event.SignIn{
			ResourceID: "graph", ClientLibrary: "Family: MSAL Library: MSAL.NET 4.54.1.0 Platform: .NET",
			CredentialType: event.CredentialSecret, CredentialKeyID: "key-1",
		},
	}
}

// stolen is a sign-in from a VPN with a tool.
func stolen(principal string, at time.Time) event.Event {
	e := usual(principal, at)
	e.Caller = netip.MustParseAddr("198.51.100.7")
	e.Network = event.Network{ASN: 64666, ASName: "Hide VPN", Country: "SE", Hosting: event.HostingAnonymizer}
	e.SignIn.UserAgent = "python-requests/2.31"
	return e
}

// feed gives a record to a detector and returns its verdict.
func feed(d lab.Detector, e event.Event) float64 {
	top := 0.0
	d.Record(0, &e, e.Time, func(v lab.Verdict) { top = v.Score })
	return top
}

// live lets three principals sign in every hour for some days.
func live(d lab.Detector, days int) (now time.Time) {
	for h := range 24 * days {
		for p := range 3 {
			feed(d, usual(fmt.Sprint("sp-", p), hoursOn(h)))
		}
	}
	return hoursOn(24 * days)
}

func probe(d lab.Detector, e event.Event) float64 { return d.Probe(&e, e.Time) }

// novelty are the rivals that look for what is new.
func novelty() []lab.Detector {
	var out []lab.Detector
	for _, d := range rival.All() {
		if !strings.HasPrefix(d.Name(), "MIDAS") {
			out = append(out, d)
		}
	}
	return out
}

func TestAStolenKeyScoresAboveTheUsual(t *testing.T) {
	for _, d := range novelty() {
		t.Run(d.Name(), func(t *testing.T) {
			now := live(d, 20)
			known, foreign := probe(d, usual("sp-0", now)), probe(d, stolen("sp-0", now))
			if foreign <= known {
				t.Errorf("stolen %v, usual %v", foreign, known)
			}
		})
	}
}

func TestAProbeTeachesNothing(t *testing.T) {
	for _, d := range rival.All() {
		t.Run(d.Name(), func(t *testing.T) {
			now := live(d, 10)
			want := probe(d, stolen("sp-0", now))
			probe(d, stolen("nobody", now))
			if got := probe(d, stolen("sp-0", now)); got != want {
				t.Errorf("%v after a probe, %v before", got, want)
			}
			if got := feed(d, stolen("sp-0", now)); got != want {
				t.Errorf("delivered it scores %v, as a probe %v", got, want)
			}
		})
	}
}

func TestASuccessTeachesAndAFailureDoesNot(t *testing.T) {
	for _, d := range novelty() {
		for _, failed := range []bool{false, true} {
			t.Run(fmt.Sprint(d.Name(), ", failed ", failed), func(t *testing.T) {
				name, now := fmt.Sprint("sp-", failed), live(d, 5)
				for h := range 24 * 4 {
					feed(d, usual(name, now.Add(time.Duration(h)*time.Hour)))
				}
				now = now.AddDate(0, 0, 4)
				before := probe(d, stolen(name, now))
				e := stolen(name, now)
				if failed {
					e.SignIn.ErrorCode = 7000215
				}
				feed(d, e)
				after := probe(d, stolen(name, now))
				if failed && after != before || !failed && after >= before {
					t.Errorf("scores %v before and %v after", before, after)
				}
			})
		}
	}
}

func TestALackingFieldIsNotNew(t *testing.T) {
	for _, d := range rival.All() {
		t.Run(d.Name(), func(t *testing.T) {
			now := live(d, 10)
			e := usual("sp-0", now)
			e.Caller, e.Network = netip.Addr{}, event.Network{}
			e.SignIn.ClientLibrary, e.SignIn.CredentialType, e.SignIn.CredentialKeyID = "", "", ""
			with, without, foreign := probe(d, usual("sp-0", now)), probe(d, e), probe(d, stolen("sp-0", now))
			if without > with+max(foreign-with, 0)/4 { // familiar properties may each vouch for a little
				t.Errorf("%v without the fields, %v with them, %v when they are new", without, with, foreign)
			}
		})
	}
}

func TestRecordsThatAreNoSignInsAreLeftAlone(t *testing.T) {
	for _, d := range rival.All() {
		for name, e := range map[string]event.Event{
			"a change":                       {Kind: event.KindAudit, Time: start, Principal: event.Principal{ObjectID: "sp-0"}, Audit: &event.Change{}},
			"a user's sign-in":               {Kind: event.KindUserSignIn, Time: start, Network: event.Network{ASN: 1}},
			"a sign-in of nobody":            {Kind: event.KindSignIn, Time: start, Network: event.Network{ASN: 1}},
			"a vault's record without facts": {Kind: event.KindVaultAccess, Time: start, Principal: event.Principal{ObjectID: "sp-0"}},
		} {
			d.Record(0, &e, start, func(v lab.Verdict) { t.Errorf("%s gives %s a verdict of %v", d.Name(), name, v.Score) })
			if got := probe(d, e); got != 0 {
				t.Errorf("%s gives %s a score of %v", d.Name(), name, got)
			}
			d.Close(start, nil)
		}
	}
}

func BenchmarkRecord(b *testing.B) {
	for _, d := range rival.All() {
		b.Run(d.Name(), func(b *testing.B) {
			var events [4096]event.Event
			for i := range events {
				e := usual(fmt.Sprintf("00000000-0000-0000-0000-%012d", i%2000), start)
				e.SignIn.ResourceID = fmt.Sprintf("00000003-0000-0000-c000-%012d", i%7)
				e.SignIn.CredentialKeyID = fmt.Sprintf("00000000-1111-0000-0000-%012d", i%2000)
				if i%10 == 0 {
					e.Caller = netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)})
				}
				events[i] = e
			}
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				e := &events[n%len(events)]
				e.Time = start.Add(time.Duration(n) * 2 * time.Second)
				d.Record(uint32(n), e, e.Time, func(lab.Verdict) {})
				n++
			}
		})
	}
}
