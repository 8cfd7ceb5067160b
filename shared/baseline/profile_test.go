package baseline_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rekey/shared/baseline"
	"rekey/shared/event"
	"rekey/shared/fault"

	"errors"
)

var (
	hasher = baseline.NewHasher([16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
	start  = time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)
)

func signIn(at time.Time, id string, edit ...func(*event.Event)) *event.Event {
	e := &event.Event{
		Kind: event.KindSignIn, ID: id, Time: at, Caller: netip.MustParseAddr("192.0.2.7"),
		Network: event.Network{ASN: 64500, Country: "DE", Hosting: event.HostingDatacenter},
		SignIn: event.SignIn{
			ResourceID: "797f4846-ba00-4fd7-ba43-dac1f8f63013", UserAgent: "okhttp/4.8.1",
			CredentialType: event.CredentialSecret, CredentialKeyID: "5555",
		},
	}
	for _, f := range edit {
		f(e)
	}
	return e
}

func observe(p *baseline.Profile, events ...*event.Event) {
	for _, e := range events {
		values := hasher.Values(e)
		p.Observe(e, &values)
	}
}

func encoded(t interface {
	Helper()
	Fatal(...any)
}, p *baseline.Profile) []byte {
	t.Helper()
	b, err := p.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func anyEvent(t *rapid.T) *event.Event {
	hour := rapid.IntRange(0, 24*90).Draw(t, "hour")
	ip := rapid.IntRange(0, 40).Draw(t, "ip")
	agent := rapid.IntRange(0, 30).Draw(t, "agent")
	code := rapid.SampledFrom([]int{0, 0, 0, 7000222}).Draw(t, "code")
	return signIn(start.Add(time.Duration(hour)*time.Hour), fmt.Sprint(hour, ip, agent), func(e *event.Event) {
		e.Caller = netip.AddrFrom4([4]byte{192, 0, 2, byte(ip)})
		e.SignIn.UserAgent = fmt.Sprintf("agent%c/1.%d", 'a'+rune(agent%7), agent)
		e.SignIn.ErrorCode = code
	})
}

func TestShuffledRepeatedAndSplitEventsGiveTheSameBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOfN(rapid.Custom(anyEvent), 1, 60).Draw(t, "events")
		var whole baseline.Profile
		observe(&whole, events...)

		parts := make([]baseline.Profile, rapid.IntRange(1, 4).Draw(t, "workers"))
		deliveries := rapid.Permutation(append(events, events...)).Draw(t, "deliveries")
		for _, e := range deliveries {
			observe(&parts[rapid.IntRange(0, len(parts)-1).Draw(t, "worker")], e)
		}
		var merged baseline.Profile
		for _, i := range rapid.Permutation(index(len(parts))).Draw(t, "order") {
			var stored baseline.Profile
			if err := stored.UnmarshalBinary(encoded(t, &parts[i])); err != nil {
				t.Fatal(err)
			}
			merged.Merge(&stored)
			merged.Merge(&stored)
		}
		if a, b := encoded(t, &whole), encoded(t, &merged); !bytes.Equal(a, b) {
			t.Fatalf("whole and merged profiles differ:\n%x\n%x", a, b)
		}
	})
}

func index(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func TestAProfileNeverOutgrowsItsRow(t *testing.T) {
	var p baseline.Profile
	for i := range 20000 {
		observe(&p, signIn(start.Add(time.Duration(i)*time.Hour/8), fmt.Sprint(i), func(e *event.Event) {
			e.Caller = netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)})
			e.Network = event.Network{ASN: uint32(i), Country: fmt.Sprintf("%c%c", 'A'+i%26, 'A'+i/26%26), Hosting: event.Hosting(i % 5)}
			e.SignIn.ResourceID, e.SignIn.CredentialKeyID = fmt.Sprint("r", i), fmt.Sprint("k", i)
			e.SignIn.UserAgent, e.SignIn.CredentialType = fmt.Sprintf("a%d/1", i), fmt.Sprint("t", i)
			e.SignIn.ClientLibrary = fmt.Sprintf("Family: MSAL Library: L%dx 1.0 Platform: .NET", i)
		}))
	}
	if n := len(encoded(t, &p)); n > baseline.MaxProfileBytes {
		t.Errorf("a profile full of everything has %d bytes, more than %d", n, baseline.MaxProfileBytes)
	}
}

func TestWhatAViewKnows(t *testing.T) {
	ua := func(s string) func(*event.Event) { return func(e *event.Event) { e.SignIn.UserAgent = s } }
	day := func(n int) time.Time { return start.AddDate(0, 0, n) }
	tests := map[string]struct {
		events []*event.Event
		judge  int // day
		known  int // days "okhttp/4.8.1" was known
		active int
	}{
		"a value is new on the day it first appears": {
			[]*event.Event{signIn(day(0), "a")}, 0, 0, 0,
		},
		"and known the day after": {
			[]*event.Event{signIn(day(0), "a")}, 1, 1, 1,
		},
		"the same day twice counts once": {
			[]*event.Event{signIn(day(0), "a"), signIn(day(0).Add(time.Hour), "b")}, 1, 1, 1,
		},
		"a failed sign-in never teaches": {
			[]*event.Event{signIn(day(0), "a", func(e *event.Event) { e.SignIn.ErrorCode = 7000222 })}, 1, 0, 0,
		},
		"what comes later is invisible to an earlier day": {
			[]*event.Event{signIn(day(0), "a", ua("curl/8")), signIn(day(5), "b")}, 3, 0, 1,
		},
		"and an earlier day stays visible behind a later one": {
			[]*event.Event{signIn(day(0), "a"), signIn(day(5), "b"), signIn(day(50), "c")}, 3, 1, 1,
		},
		"after 60 days a value is still known": {
			[]*event.Event{signIn(day(0), "a")}, 60, 1, 1,
		},
		"after months of silence it is compared with its last days": {
			[]*event.Event{signIn(day(0), "a")}, 150, 1, 1,
		},
		"after 61 days of other use it is forgotten": {
			[]*event.Event{signIn(day(0), "a"), signIn(day(60), "b", ua("curl/8"))}, 61, 0, 1,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var p baseline.Profile
			observe(&p, tt.events...)
			v := p.Before(baseline.DayOf(day(tt.judge)))
			values := hasher.Values(signIn(start, "x"))
			if got := v.DaysKnown(baseline.Agent, values.Hash[baseline.Agent]); got != tt.known {
				t.Errorf("known on %d days, want %d", got, tt.known)
			}
			if got := v.ActiveDays(); got != tt.active {
				t.Errorf("active on %d days, want %d", got, tt.active)
			}
		})
	}
}

func TestAPropertyWithManyValuesIsSaturatedUnlessItIsBeingFlooded(t *testing.T) {
	agents := func(p *baseline.Profile, day, n int) {
		for i := range n {
			observe(p, signIn(start.AddDate(0, 0, day), fmt.Sprint(day, i), func(e *event.Event) {
				e.SignIn.UserAgent = fmt.Sprintf("%d-%d/1", day, i)
			}))
		}
	}
	judge := baseline.DayOf(start.AddDate(0, 0, 30))
	var pool, flooded baseline.Profile
	for d := range 30 {
		agents(&pool, d, 3)
		agents(&flooded, d, 0)
		observe(&flooded, signIn(start.AddDate(0, 0, d), fmt.Sprint(d)))
	}
	agents(&flooded, 30, 500)
	if !pool.Before(judge).Saturated(baseline.Agent) {
		t.Error("a pool that shows new agents every day is not saturated")
	}
	if flooded.Before(judge).Saturated(baseline.Agent) {
		t.Error("500 agents in one day switched the property off")
	}
}

func TestVolumeIsEstimatedWithinItsError(t *testing.T) {
	for _, n := range []int{1, 5, 40, 1000, 20000} {
		var p baseline.Profile
		for i := range n {
			e := signIn(start, fmt.Sprintf("%d-%d", n, i))
			observe(&p, e, e)
		}
		got := p.Volume().On(baseline.DayOf(start))
		if got < float64(n)*.3 || got > float64(n)*2.5 {
			t.Errorf("%d sign-ins are estimated as %.0f", n, got)
		}
	}
}

func TestANewerOrDamagedProfileIsRefused(t *testing.T) {
	var p baseline.Profile
	observe(&p, signIn(start, "a"))
	good := encoded(t, &p)
	newer := bytes.Clone(good)
	newer[0]++
	tests := map[string]struct {
		data []byte
		kind error
	}{
		"newer version":    {newer, fault.Denied},
		"nothing":          {nil, fault.Poison},
		"cut short":        {good[:len(good)-1], fault.Poison},
		"something behind": {append(bytes.Clone(good), 0), fault.Poison},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if err := new(baseline.Profile).UnmarshalBinary(tt.data); !errors.Is(err, tt.kind) {
				t.Errorf("got %v, want kind %v", err, tt.kind)
			}
		})
	}
}

func FuzzProfileUnmarshal(f *testing.F) {
	var p baseline.Profile
	observe(&p, signIn(start, "a"))
	f.Add(encoded(f, &p))
	f.Fuzz(func(t *testing.T, b []byte) {
		var p, again baseline.Profile
		if p.UnmarshalBinary(b) != nil {
			return
		}
		once := encoded(t, &p)
		if err := again.UnmarshalBinary(once); err != nil {
			t.Fatal(err)
		}
		again.Merge(&p)
		if !bytes.Equal(once, encoded(t, &again)) {
			t.Fatal("merging a profile with itself changed it")
		}
	})
}

func TestFamiliesOfUserAgents(t *testing.T) {
	family := func(ua string) (hash uint32, ok bool) {
		v := hasher.Values(signIn(start, "x", func(e *event.Event) { e.SignIn.UserAgent = ua }))
		return v.Hash[baseline.AgentFamily], v.Has(baseline.AgentFamily)
	}
	for ua, want := range map[string]string{
		"okhttp/4.8.1":              "okhttp",
		"OkHttp/5":                  "okhttp",
		"python-requests/2.31.0":    "python-requests",
		"azsdk-go-azidentity/v1.15": "azsdk-go-azidentity",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/120": "windows nt",
		"curl": "curl",
		"MÜLLER-" + strings.Repeat("X", 80) + "/1": "müller-" + strings.Repeat("x", 80),
	} {
		if got, ok := family(ua); !ok || got != hasher.String(baseline.AgentFamily, want) {
			t.Errorf("%q is not of the family %q", ua, want)
		}
	}
	if _, ok := family(""); ok {
		t.Error("a record without a user agent has a family")
	}
}

func BenchmarkObserveAndView(b *testing.B) {
	var p baseline.Profile
	e := signIn(start.AddDate(0, 0, 20), "x")
	for d := range 20 {
		observe(&p, signIn(start.AddDate(0, 0, d), fmt.Sprint(d)))
	}
	b.ReportAllocs()
	for b.Loop() {
		v := hasher.Values(e)
		p.Observe(e, &v)
		if p.Before(baseline.DayOf(e.Time)).DaysKnown(baseline.Agent, v.Hash[baseline.Agent]) == 0 {
			b.Fatal("known agent is new")
		}
	}
}
