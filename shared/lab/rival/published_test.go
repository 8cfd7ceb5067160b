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

func TestNewTerms(t *testing.T) {
	microsoft := func(e *event.Event) { e.Network = event.Network{ASN: 8075, ASName: "MICROSOFT-CORP-MSN-AS-BLOCK"} }
	for name, c := range map[string]struct {
		after   time.Duration // since the network was last seen
		change  func(*event.Event)
		exclude rival.Exclusion
		want    bool
	}{
		"a network seen nine days ago is known":      {9 * 24 * time.Hour, nil, rival.ExcludeNothing, false},
		"the rule forgets after its window":          {11 * 24 * time.Hour, nil, rival.ExcludeNothing, true},
		"another system is new":                      {time.Hour, func(e *event.Event) { e.Network.ASN = 2 }, rival.ExcludeNothing, true},
		"another address of the system is not":       {time.Hour, func(e *event.Event) { e.Caller = netip.MustParseAddr("192.0.2.99") }, rival.ExcludeNothing, false},
		"a failure is not looked at":                 {time.Hour, func(e *event.Event) { e.Network.ASN, e.SignIn.ErrorCode = 2, 7000215 }, rival.ExcludeNothing, false},
		"a managed identity is not looked at":        {time.Hour, func(e *event.Event) { e.Network.ASN, e.Kind = 2, event.KindManagedIdentitySignIn }, rival.ExcludeNothing, false},
		"an unknown system is not new":               {time.Hour, func(e *event.Event) { e.Network.ASN = 0 }, rival.ExcludeNothing, false},
		"Microsoft's system is new to the bare rule": {time.Hour, microsoft, rival.ExcludeNothing, true},
		"Microsoft's system is left out by Elastic":  {time.Hour, microsoft, rival.ExcludeMicrosoft, false},
		"what Microsoft's tenant owns is left out too": {time.Hour, func(e *event.Event) {
			e.Network.ASN, e.SignIn.AppOwnerTenant = 2, "72f988bf-86f1-41af-91ab-2d7cd011db47"
		}, rival.ExcludeMicrosoft, false},
		"another cloud is in Elastic's scope": {time.Hour, func(e *event.Event) { e.Network.ASN = 2 }, rival.ExcludeMicrosoft, true},
		"another cloud can be left out":       {time.Hour, func(e *event.Event) { e.Network.ASN = 2 }, rival.ExcludeClouds, false},
	} {
		t.Run(name, func(t *testing.T) {
			o := rival.TunedNewTerms()
			o.Exclude = c.exclude
			d := rival.NewNewTerms(o)
			feed(d, usual("sp", start))
			e := usual("sp", start.Add(c.after))
			if c.change != nil {
				c.change(&e)
			}
			if got := feed(d, e); (got >= 1) != c.want {
				t.Errorf("score %v, new: want %v", got, c.want)
			}
		})
	}
}

func TestNewTermsRanksTheSteadyPrincipalHigher(t *testing.T) {
	d := rival.NewNewTerms(rival.TunedNewTerms())
	for h := range 24 * 5 {
		steady, restless := usual("steady", hoursOn(h)), usual("restless", hoursOn(h))
		restless.Network.ASN = uint32(h) + 1
		feed(d, steady)
		feed(d, restless)
	}
	steady, restless := probe(d, stolen("steady", hoursOn(120))), probe(d, stolen("restless", hoursOn(120)))
	if steady <= restless || restless < 1 {
		t.Errorf("steady %v, restless %v: both are new, the first rarer", steady, restless)
	}
}

func TestUnfamiliarCountsProperties(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*event.Event)
		want   int
	}{
		"nothing new":                 {func(*event.Event) {}, 0},
		"a new resource":              {func(e *event.Event) { e.SignIn.ResourceID = "vault" }, 1},
		"a new system in the country": {func(e *event.Event) { e.Network.ASN = 2 }, 1},
		"a VPN abroad": {func(e *event.Event) {
			e.Network = event.Network{ASN: 2, Country: "SE", Hosting: event.HostingAnonymizer}
		}, 3},
		"a VPN abroad and a tool":      {func(e *event.Event) { *e = stolen("sp", e.Time) }, 4},
		"a new type of credential too": {func(e *event.Event) { *e = stolen("sp", e.Time); e.SignIn.CredentialType = event.CredentialCertificate }, 5},
	} {
		t.Run(name, func(t *testing.T) {
			d := rival.NewUnfamiliar(rival.UnfamiliarOptions{WindowDays: 60, LearnDays: 2, RankNew: 1, RankDays: 1})
			for h := range 72 {
				feed(d, usual("sp", hoursOn(h)))
			}
			e := usual("sp", hoursOn(72))
			c.change(&e)
			if got := probe(d, e); int(got) != c.want {
				t.Errorf("score %v, want %d and a part", got, c.want)
			}
		})
	}
}

func TestUnfamiliarLearnsFirstAndForgets(t *testing.T) {
	d := rival.NewUnfamiliar(rival.UnfamiliarOptions{WindowDays: 60, LearnDays: 2, RankNew: 1, RankDays: 1})
	feed(d, usual("sp", start))
	if got := probe(d, stolen("sp", hoursOn(24))); got != 0 {
		t.Errorf("scores %v on the second day, while it learns", got)
	}
	if got := probe(d, stolen("sp", hoursOn(48))); got < 1 {
		t.Errorf("scores %v on the third day", got)
	}
	if got := probe(d, usual("sp", start.AddDate(0, 0, 61))); got < 1 {
		t.Errorf("scores %v after 61 days, when nothing is familiar any more", got)
	}
}

func TestFreemanBacksOffToTheWiderNetwork(t *testing.T) {
	d := rival.NewFreeman(rival.TunedFreeman())
	now := live(d, 10)
	var last float64
	for i, change := range []func(*event.Event){
		func(*event.Event) {},
		func(e *event.Event) { e.Caller = netip.MustParseAddr("192.0.2.77") },
		func(e *event.Event) { e.Caller = netip.MustParseAddr("203.0.113.5") },
		func(e *event.Event) { e.Caller, e.Network.ASN = netip.MustParseAddr("203.0.113.5"), 64501 },
		func(e *event.Event) {
			e.Caller, e.Network.ASN, e.Network.Country = netip.MustParseAddr("203.0.113.5"), 64501, "SE"
		},
	} {
		e := usual("sp-0", now)
		change(&e)
		got := probe(d, e)
		if i > 0 && got <= last {
			t.Errorf("step %d away from the usual scores %v, the one before %v", i, got, last)
		}
		last = got
	}
}

func TestSurpriseIsLessWhenOthersShowTheValue(t *testing.T) {
	d := rival.NewSurprise(rival.TunedSurprise())
	now := live(d, 10)
	e := usual("sp-0", now)
	e.SignIn.ResourceID = "vault"
	before := probe(d, e)
	for _, p := range []string{"sp-1", "sp-2"} {
		other := usual(p, now)
		other.SignIn.ResourceID = "vault"
		feed(d, other)
	}
	if after := probe(d, e); after >= before {
		t.Errorf("%v bits when two others show it, %v when nobody does", after, before)
	}
}

// publishedMIDAS is MIDAS-F with the parameters of the reference implementation.
func publishedMIDAS() *rival.MIDAS {
	return rival.NewMIDAS(rival.MIDASOptions{Tick: time.Hour, Keep: 0.5, Threshold: 1000})
}

func TestMIDASFlagsABurstAndNotOneQuietNewEdge(t *testing.T) {
	d := publishedMIDAS()
	now := live(d, 10)
	if got := feed(d, stolen("sp-0", now)); got > 10 {
		t.Errorf("one sign-in from a new place scores %v", got)
	}
	var burst float64
	for range 50 {
		burst = feed(d, usual("sp-1", now))
	}
	if burst < 1000 {
		t.Errorf("50 sign-ins in an hour of a principal that makes one score %v", burst)
	}
}

func TestMIDASDoesNotMergeAnAttack(t *testing.T) {
	scores := map[float64]float64{}
	for _, threshold := range []float64{0, 1000} {
		d := rival.NewMIDAS(rival.MIDASOptions{Tick: time.Hour, Keep: 0.5, Threshold: threshold})
		now := live(d, 10)
		for h := range 24 {
			for range 60 {
				scores[threshold] = feed(d, usual("sp-1", now.Add(time.Duration(h)*time.Hour)))
			}
		}
	}
	if scores[1000] < 3*scores[0] {
		t.Errorf("after a day of bursts one scores %v with the filter, %v without", scores[1000], scores[0])
	}
}

func TestMIDASMergesIdleTicksLikeTheReference(t *testing.T) {
	// The reference touches every counter at the end of each tick. Another principal that acts every hour must not
	// change what one that acts every fifth hour scores.
	o := rival.MIDASOptions{Tick: time.Hour, Keep: 0.5, Threshold: 1000, EdgesOnly: true}
	alone, watched := rival.NewMIDAS(o), rival.NewMIDAS(o)
	for h := range 100 {
		feed(watched, stolen("other", hoursOn(h)))
		if h%5 != 0 {
			continue
		}
		var got [2]float64
		for i, d := range []lab.Detector{alone, watched} {
			got[i] = feed(d, usual("sp", hoursOn(h)))
		}
		if got[0] != got[1] {
			t.Fatalf("hour %d: %v alone, %v in company", h, got[0], got[1])
		}
	}
	// One edge in the first tick: merged over four ticks it comes to 1 + 1/2 + 1/4 + 1/8 + 1/16, with 1/32 left.
	d := rival.NewMIDAS(o)
	feed(d, usual("sp", start))
	total, now, ticks := 1.9375, 1.03125, 5.0
	want := fmt.Sprintf("%.3f", (now*ticks-total)*(now*ticks-total)/(total*ticks))
	if got := fmt.Sprintf("%.3f", feed(d, usual("sp", hoursOn(5)))); got != want {
		t.Errorf("score %s after five ticks, by hand %s", got, want)
	}
}

func TestCallsShowAStolenToken(t *testing.T) {
	call := func(kind event.Kind, at time.Time, from string, asn uint32) event.Event {
		e := event.Event{Kind: kind, Time: at, Principal: event.Principal{ObjectID: "sp"}, Caller: netip.MustParseAddr(from)}
		e.Network = event.Network{ASN: asn, Country: "DE", Hosting: event.HostingDatacenter}
		switch kind {
		case event.KindVaultAccess:
			e.Vault = &event.VaultOperation{Status: 200, Vault: "safe", Client: "azsdk-go/1.2"}
		case event.KindGraphActivity:
			e.Graph = &event.GraphCall{Status: 200, UserAgent: "azsdk-go/1.2"}
		case event.KindAzureActivity:
			e.Azure = &event.AzureOperation{Status: "Success"}
		}
		return e
	}
	freeman, surprise, unfamiliar, midas := rival.TunedFreeman(), rival.TunedSurprise(), rival.TunedUnfamiliar(), rival.TunedMIDAS()
	for _, calls := range []bool{true, false} {
		freeman.Calls, surprise.Calls, unfamiliar.Calls, midas.Calls = calls, calls, calls, calls
		for _, d := range []lab.Detector{
			rival.NewFreeman(freeman), rival.NewSurprise(surprise), rival.NewUnfamiliar(unfamiliar), rival.NewMIDAS(midas),
		} {
			for _, kind := range []event.Kind{event.KindVaultAccess, event.KindGraphActivity, event.KindAzureActivity} {
				t.Run(fmt.Sprint(d.Name(), " ", kind, ", looked at ", calls), func(t *testing.T) {
					for h := range 24 * 5 {
						feed(d, call(kind, hoursOn(h), "192.0.2.10", 64500))
					}
					now := hoursOn(24 * 5)
					known, stolen := probe(d, call(kind, now, "192.0.2.10", 64500)), probe(d, call(kind, now, "198.51.100.7", 64666))
					if novel := stolen > known; novel != calls && !strings.HasPrefix(d.Name(), "MIDAS") || !calls && stolen != 0 {
						t.Errorf("a stolen token scores %v, the usual %v", stolen, known)
					}
				})
			}
		}
	}
}

func TestFreemanLetsNoFeatureVouchForMoreThanItMay(t *testing.T) {
	o := rival.FreemanOptions{Daily: true, Backoff: 0.3, Unseen: 1}
	published := rival.NewFreeman(o)
	o.Vouch = 0.5
	bounded := rival.NewFreeman(o)
	now := live(published, 10)
	live(bounded, 10)
	e := usual("newcomer", now)
	for _, d := range []lab.Detector{published, bounded} {
		for h := range 24 * 5 {
			rare := e
			rare.SignIn.ResourceID, rare.Time = "a resource of its own", now.Add(time.Duration(h)*time.Hour)
			feed(d, rare)
		}
	}
	e.SignIn.ResourceID, e.Time = "a resource of its own", now.AddDate(0, 0, 5)
	if a, b := probe(published, e), probe(bounded, e); a >= -1 || b < -4*0.5-1 || b <= a {
		t.Errorf("what is the principal's own takes off %v bits as published and %v with a bound of half a bit a feature", a, b)
	}
}
