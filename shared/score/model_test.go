package score_test

import (
	"fmt"
	"math"
	"net/netip"
	"sync"
	"testing"
	"time"

	"rekey/shared/baseline"
	"rekey/shared/event"
	"rekey/shared/score"
)

var (
	hasher = baseline.NewHasher([16]byte{9})
	start  = time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)
)

func signIn(day int, edits ...func(*event.Event)) *event.Event {
	e := &event.Event{
		Kind: event.KindSignIn, ID: fmt.Sprint("id", day), Time: start.AddDate(0, 0, day),
		Principal: event.Principal{ObjectID: "sp1", AppID: "app1"},
		Caller:    netip.MustParseAddr("192.0.2.7"),
		Network:   event.Network{ASN: 64500, ASName: "Example Cloud", Country: "DE", Hosting: event.HostingDatacenter},
		SignIn: event.SignIn{
			ResourceID: "r1", ResourceName: "Azure Storage", UserAgent: "okhttp/4.8.1",
			ClientLibrary:  "Family: MSAL Library: MSAL.Java 1.10.0 Platform: Java",
			CredentialType: event.CredentialSecret, CredentialKeyID: "k1",
		},
	}
	for _, f := range edits {
		f(e)
	}
	return e
}

// quiet is a principal that did the same thing on each of n days.
func quiet(n int) *baseline.Profile {
	var p baseline.Profile
	for d := range n {
		e := signIn(d)
		observe(&p, e)
	}
	return &p
}

func observe(p *baseline.Profile, e *event.Event) {
	values := hasher.Values(e)
	p.Observe(e, &values)
}

func judge(p *baseline.Profile, e *event.Event) score.Score {
	values := hasher.Values(e)
	return score.NewModel(fleet()).Event(e, &values, score.Facts{View: p.Before(baseline.DayOf(e.Time))})
}

// fleet is a tenant of a hundred principals that have been as quiet for two months.
var fleet = sync.OnceValue(func() *baseline.Fleet {
	fold := baseline.NewFold(baseline.DayOf(start.AddDate(0, 0, 60)))
	for range 100 {
		fold.Add(quiet(60))
	}
	return fold.Fleet()
})

var (
	newNetwork = func(e *event.Event) {
		e.Caller = netip.MustParseAddr("203.0.113.9")
		e.Network.ASN, e.Network.ASName = 64511, "Example VPN"
	}
	newHosting  = func(e *event.Event) { e.Network.Hosting = event.HostingAnonymizer }
	newCountry  = func(e *event.Event) { e.Network.Country = "BR" }
	newResource = func(e *event.Event) { e.SignIn.ResourceID, e.SignIn.ResourceName = "r2", "Azure Key Vault" }
	newAgent    = func(e *event.Event) { e.SignIn.UserAgent = "python-requests/2.31" }
	newType     = func(e *event.Event) { e.SignIn.CredentialType = event.CredentialCertificate }
)

func TestEachOfTheSixPropertiesAloneGivesALowDetectionAfterAQuietBaseline(t *testing.T) {
	for name, edit := range map[string]func(*event.Event){
		"network": newNetwork, "target resource": newResource, "user agent": newAgent,
		"hosting class": newHosting, "country": newCountry, "credential type": newType,
	} {
		t.Run(name, func(t *testing.T) {
			s := judge(quiet(60), signIn(60, edit))
			if !s.Level.AtLeast(score.LevelLow) || s.Level == score.LevelHigh {
				t.Errorf("a new %s alone is %s (%.1f bits: %v), want low or medium", name, s.Level, s.Bits, s.Contributions)
			}
		})
	}
}

func TestWhatIsNotSuspicious(t *testing.T) {
	tests := map[string]struct {
		days int
		edit func(*event.Event)
	}{
		"the usual sign-in":                        {60, func(*event.Event) {}},
		"a principal in its first days":            {1, newNetwork},
		"a record without an address":              {60, func(e *event.Event) { e.Caller, e.Network = netip.Addr{}, event.Network{} }},
		"a record without a user agent":            {60, func(e *event.Event) { e.SignIn.UserAgent, e.SignIn.ClientLibrary = "", "" }},
		"a record without credential fields":       {60, func(e *event.Event) { e.SignIn.CredentialType, e.SignIn.CredentialKeyID = "", "" }},
		"another address of the same network":      {60, func(e *event.Event) { e.Caller = netip.MustParseAddr("192.0.2.8") }},
		"a new version of the same agent":          {60, func(e *event.Event) { e.SignIn.UserAgent = "okhttp/4.9.0" }},
		"a rotated credential":                     {60, func(e *event.Event) { e.SignIn.CredentialKeyID = "k2" }},
		"the user's own egress in another country": {60, func(e *event.Event) { newNetwork(e); newCountry(e); e.Network.Hosting = event.HostingOwn }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if s := judge(quiet(tt.days), signIn(tt.days, tt.edit)); s.Level != score.LevelNone {
				t.Errorf("%s (%.1f bits: %+v), want none", s.Level, s.Bits, s.Contributions)
			}
		})
	}
}

func TestAStolenSecretUsedElsewhereIsHighAndItsContributionsAddUp(t *testing.T) {
	s := judge(quiet(30), signIn(30, newNetwork, newHosting, newCountry, newAgent))
	if s.Level != score.LevelHigh {
		t.Fatalf("level %s (%.1f bits)", s.Level, s.Bits)
	}
	sum := 0.0
	for _, c := range s.Contributions {
		sum += c.Bits
		if c.Value == "" || c.Why == "" {
			t.Errorf("contribution %+v does not explain itself", c)
		}
	}
	if math.Abs(sum-s.Bits) > 1e-9 {
		t.Errorf("contributions add up to %f, the score is %f", sum, s.Bits)
	}
}

func TestAColdStartIsNeverHigh(t *testing.T) {
	if s := judge(quiet(2), signIn(2, newNetwork, newCountry, newAgent, newResource, newType)); s.Level == score.LevelHigh {
		t.Errorf("two days of history gave %s", s.Level)
	}
}

func TestAnIntrudersSecondVisitIsStillUnfamiliar(t *testing.T) {
	p := quiet(30)
	visit := signIn(30, newNetwork, newAgent)
	first := judge(p, visit)
	observe(p, visit)
	second := judge(p, signIn(31, newNetwork, newAgent))
	if second.Bits <= 0 || second.Bits >= first.Bits {
		t.Errorf("first visit %.1f bits, second %.1f: want less but not nothing", first.Bits, second.Bits)
	}
}

func TestAPoolOfEverNewAddressesIsNotSuspiciousForOneMore(t *testing.T) {
	var p baseline.Profile
	address := func(d int) func(*event.Event) {
		return func(e *event.Event) { e.Caller = netip.AddrFrom4([4]byte{198, 18, byte(d), 5}) }
	}
	for d := range 40 {
		e := signIn(d, address(d))
		observe(&p, e)
	}
	if s := judge(&p, signIn(40, address(40))); s.Level != score.LevelNone {
		t.Errorf("the pool's next address is %s (%.1f bits)", s.Level, s.Bits)
	}
}

func TestTheUsualSignInCostsNoAllocation(t *testing.T) {
	p := quiet(30)
	e := signIn(30)
	m := score.NewModel(baseline.PriorFleet())
	allocs := testing.AllocsPerRun(200, func() {
		values := hasher.Values(e)
		m.Event(e, &values, score.Facts{View: p.Before(baseline.DayOf(e.Time))})
	})
	if allocs != 0 {
		t.Errorf("%v allocations a sign-in, want none", allocs)
	}
}

func BenchmarkScoreUsualSignIn(b *testing.B) {
	p, e, m := quiet(30), signIn(30), score.NewModel(baseline.PriorFleet())
	b.ReportAllocs()
	for b.Loop() {
		values := hasher.Values(e)
		m.Event(e, &values, score.Facts{View: p.Before(baseline.DayOf(e.Time))})
	}
}
