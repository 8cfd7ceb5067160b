package score_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"rekey/shared/baseline"
	"rekey/shared/event"
	"rekey/shared/score"
)

// past is what a principal did: a state, told of by functions.
type past struct {
	baseline.State
	app baseline.Evidence
}

func (p *past) see(e *event.Event) {
	values := hasher.Values(e)
	p.Observe(e, &values)
}

// months is a quiet principal of n days, of which some may be left out.
func months(n int, skip func(day int) bool) *past {
	p := &past{}
	for d := range n {
		if skip == nil || !skip(d) {
			p.see(signIn(d))
		}
	}
	return p
}

func (p *past) judge(e *event.Event) score.Score { return p.judgeKnowing(e, nil) }

func has(s score.Score, name string) bool {
	for _, c := range s.Contributions {
		if c.Name == name {
			return true
		}
	}
	return false
}

func activity(day int, edits ...func(*event.Event)) *event.Event {
	e := signIn(day, edits...)
	e.Kind, e.SignIn = event.KindGraphActivity, event.SignIn{}
	e.Graph = &event.GraphCall{Method: "GET", URI: "https://graph.microsoft.com/v1.0/users", Status: 200, TokenID: "token"}
	return e
}

func at(hour int) func(*event.Event) {
	return func(e *event.Event) {
		e.Time = e.Time.Truncate(24 * time.Hour).Add(time.Duration(hour) * time.Hour)
	}
}

func weekend(day int) bool {
	d := start.AddDate(0, 0, day).Weekday()
	return d == time.Saturday || d == time.Sunday
}

// secretOnly leaves of the credential what most records have: a key id.
func secretOnly(e *event.Event) { e.SignIn.CredentialType = "" }

func federated(e *event.Event) {
	e.SignIn.CredentialType, e.SignIn.CredentialKeyID = event.CredentialFederated, ""
}

func newKey(e *event.Event) { e.SignIn.CredentialKeyID = "k2" }

func TestEachContributionHasItsCaseAndItsOpposite(t *testing.T) {
	note := func(kind, key string, day int, caller string) baseline.Note {
		return baseline.Note{Kind: kind, ID: kind + key, Time: start.AddDate(0, 0, day), What: "sign-in failed: AADSTS7000215", KeyID: key, Caller: caller, Actor: "user:1"}
	}
	quiet := func() *past { return months(40, nil) }
	withActivity := func() *past {
		p := quiet()
		for d := range 40 {
			p.see(activity(d))
		}
		return p
	}
	tests := map[string]struct {
		name  string
		past  *past
		event *event.Event
		want  bool
	}{
		"a new system":                      {"asn", quiet(), signIn(40, newNetwork), true},
		"the known system":                  {"asn", quiet(), signIn(40), false},
		"a new address of a known prefix":   {"address", quiet(), signIn(40, func(e *event.Event) { e.Caller = netip.MustParseAddr("198.51.100.9") }), true},
		"a neighbour's address":             {"address", quiet(), signIn(40, func(e *event.Event) { e.Caller = netip.MustParseAddr("192.0.2.8") }), true},
		"the usual address":                 {"address", quiet(), signIn(40), false},
		"a new prefix without a system":     {"prefix", unknownASN(), signIn(40, noASN, func(e *event.Event) { e.Caller = netip.MustParseAddr("198.51.100.9") }), true},
		"the known prefix without a system": {"prefix", unknownASN(), signIn(40, noASN), false},
		"another kind of network":           {"hosting", quiet(), signIn(40, newHosting), true},
		"an unknown kind of network":        {"hosting", quiet(), signIn(40, func(e *event.Event) { e.Network.Hosting = event.HostingUnknown }), false},
		"another country":                   {"country", quiet(), signIn(40, newCountry), true},
		"no country":                        {"country", quiet(), signIn(40, func(e *event.Event) { e.Network.Country = "" }), false},
		"another resource":                  {"resource", quiet(), signIn(40, newResource), true},
		"the usual resource":                {"resource", quiet(), signIn(40), false},
		"another user agent":                {"agentFamily", quiet(), signIn(40, newAgent), true},
		"no user agent":                     {"agentFamily", quiet(), signIn(40, func(e *event.Event) { e.SignIn.UserAgent = "" }), false},
		"another version of the user agent": {"agent", quiet(), signIn(40, func(e *event.Event) { e.SignIn.UserAgent = "okhttp/5.0" }), true},
		"another library": {"library", quiet(), signIn(40, func(e *event.Event) {
			e.SignIn.ClientLibrary = "Family: MSAL Library: MSAL.Python 1.2 Platform: Python"
		}), true},
		"the library's next version":        {"library", quiet(), signIn(40, func(e *event.Event) { e.SignIn.ClientLibrary = "Family: MSAL Library: MSAL.Java 1.11.0 Platform: Java" }), false},
		"another credential type":           {"credentialType", quiet(), signIn(40, newType), true},
		"no credential type":                {"credentialType", quiet(), signIn(40, secretOnly), false},
		"a secret app turns federated":      {"credentialClass", typeless(), signIn(40, federated), true},
		"a secret app stays one":            {"credentialClass", typeless(), signIn(40, secretOnly), false},
		"another key":                       {"credentialKey", quiet(), signIn(40, newKey), true},
		"no key id":                         {"credentialKey", quiet(), signIn(40, func(e *event.Event) { e.SignIn.CredentialKeyID = "" }), false},
		"another time of day":               {"hourBlock", quiet(), signIn(40, at(20)), true},
		"a little later than usual":         {"hourBlock", quiet(), signIn(40, at(8)), false},
		"the first weekend":                 {"hourBlock", months(46, weekend), signIn(46), true},
		"a weekend of many":                 {"hourBlock", months(46, nil), signIn(46), false},
		"a sleeper wakes":                   {"silence", quiet(), signIn(80), true},
		"a week of silence":                 {"silence", quiet(), signIn(46), false},
		"a monthly job":                     {"silence", months(150, func(d int) bool { return d%15 != 0 }), signIn(150), false},
		"failures, then a stranger gets in": {"failuresBefore", noted(quiet(), note(baseline.NoteFailure, "", 40, "203.0.113.9")), signIn(40, newNetwork), true},
		"failures from somewhere else":      {"failuresBefore", noted(quiet(), note(baseline.NoteFailure, "", 40, "203.0.113.10")), signIn(40, newNetwork), false},
		"failures of long ago":              {"failuresBefore", noted(quiet(), note(baseline.NoteFailure, "", 30, "203.0.113.9")), signIn(40, newNetwork), false},
		"a fresh key used elsewhere":        {"freshCredential", noted(quiet(), note(baseline.NoteCredentialAdded, "k2", 40, "")), signIn(40, newKey, newNetwork), true},
		"a fresh key of the application":    {"freshCredential", ofApplication(quiet(), note(baseline.NoteCredentialAdded, "k2", 40, "")), signIn(40, newKey, newNetwork), true},
		"a fresh key used at home":          {"freshCredential", noted(quiet(), note(baseline.NoteCredentialAdded, "k2", 40, "")), signIn(40, newKey), false},
		"another fresh key":                 {"freshCredential", noted(quiet(), note(baseline.NoteCredentialAdded, "k3", 40, "")), signIn(40, newKey, newNetwork), false},
		"a federated credential, fresh":     {"freshCredential", noted(quiet(), note(baseline.NoteCredentialAdded, "", 40, "")), signIn(40, federated, newNetwork), true},
		"a token used where nobody is":      {"tokenElsewhere", withActivity(), activity(40, newNetwork), true},
		"a token used where it was issued":  {"tokenElsewhere", signedIn(withActivity(), signIn(40, newNetwork)), activity(40, newNetwork), false},
		"a token used at home":              {"tokenElsewhere", withActivity(), activity(40), false},
		"a managed identity elsewhere":      {"activityASN", managed(), activity(40, newNetwork), true},
		"a managed identity at home":        {"activityASN", managed(), activity(40), false},
		"the user's own egress":             {"asn", quiet(), signIn(40, newNetwork, func(e *event.Event) { e.Network.Hosting = event.HostingOwn }), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if s := tt.past.judge(tt.event); has(s, tt.name) != tt.want {
				t.Errorf("%s charged: %v, want %v (%.1f bits: %+v)", tt.name, !tt.want, tt.want, s.Bits, s.Contributions)
			}
		})
	}
}

func noASN(e *event.Event) { e.Network.ASN, e.Network.ASName = 0, "" }

func unknownASN() *past {
	p := &past{}
	for d := range 40 {
		p.see(signIn(d, noASN))
	}
	return p
}

func typeless() *past {
	p := &past{}
	for d := range 40 {
		p.see(signIn(d, secretOnly))
	}
	return p
}

func managed() *past {
	p := &past{}
	for d := range 40 {
		p.see(signIn(d, func(e *event.Event) {
			e.Kind, e.Caller, e.Network = event.KindManagedIdentitySignIn, netip.Addr{}, event.Network{}
		}))
		p.see(activity(d))
	}
	return p
}

func noted(p *past, n baseline.Note) *past { p.Evidence.Add(n); return p }

func ofApplication(p *past, n baseline.Note) *past { p.app.Add(n); return p }

func signedIn(p *past, e *event.Event) *past { p.see(e); return p }

func TestAKnownNetworkThatGoesOnWorkingTellsACopyFromAMove(t *testing.T) {
	model := score.NewModel(baseline.PriorFleet())
	bits := func(after int) float64 {
		p := months(40+after, nil)
		p.see(signIn(40, newNetwork))
		return score.Sum(model.Late(p.Profile.Before(baseline.DayOf(start.AddDate(0, 0, 40))), []score.Contribution{{Name: "asn", Foreign: true}}), 40).Bits
	}
	if gone, same, next := bits(0), bits(1), bits(2); gone != 0 || same <= 0 || next <= same {
		t.Errorf("gone %.1f, at work on the same day %.1f, also the day after %.1f bits: want them to rise from 0", gone, same, next)
	}
}

func TestADayFarBusierThanEverIsTooBusy(t *testing.T) {
	for n, want := range map[int]bool{4: false, 8: false, 60: true} {
		p := &past{}
		for d := range 30 {
			for i := range 4 {
				p.see(signIn(d, func(e *event.Event) { e.ID = fmt.Sprint(d, "-", i) }))
			}
		}
		e := signIn(30)
		for i := range n {
			p.see(signIn(30, func(e *event.Event) { e.ID = fmt.Sprint("30-", i) }))
		}
		f := score.Facts{View: p.Profile.Before(baseline.DayOf(e.Time)), Evidence: &p.Evidence}
		cs := score.NewModel(baseline.PriorFleet()).Volume(f, score.BusiestOf(f))
		if got := len(cs) > 0; got != want {
			t.Errorf("%d sign-ins after days of 4 are too many: %v, want %v (%+v)", n, got, want, cs)
		}
	}
}

func TestThreeNewResourcesWithinTenMinutesAreABurst(t *testing.T) {
	minutes := func(ms ...int) (out []time.Time) {
		for _, m := range ms {
			out = append(out, start.Add(time.Duration(m)*time.Minute))
		}
		return out
	}
	for name, tt := range map[string]struct {
		times []time.Time
		want  bool
	}{
		"three at once":             {minutes(0, 1, 2), true},
		"three in ten minutes":      {minutes(0, 5, 10), true},
		"three after a lone one":    {minutes(0, 60, 61, 62), true},
		"two":                       {minutes(0, 1), false},
		"three over half an hour":   {minutes(0, 15, 30), false},
		"many, one every six hours": {minutes(0, 360, 720, 1080), false},
	} {
		t.Run(name, func(t *testing.T) {
			if _, got := score.Burst(tt.times); got != tt.want {
				t.Errorf("burst: %v, want %v", got, tt.want)
			}
		})
	}
}

func TestWhoElseCameFromTheSamePlaceCounts(t *testing.T) {
	visit := func(principal, from string, minutes int, failed bool) baseline.Visit {
		return baseline.Visit{Principal: principal, From: from, Time: start.Add(time.Duration(minutes) * time.Minute), Failed: failed}
	}
	const here, near = "203.0.113.9", "203.0.113.77"
	for name, tt := range map[string]struct {
		visits []baseline.Visit
		want   string // names of the contributions
	}{
		"nobody else":                         {[]baseline.Visit{visit("sp1", here, 0, false)}, "[]"},
		"another principal, same address":     {[]baseline.Visit{visit("sp1", here, 0, false), visit("sp2", here, 60, false)}, "[sharedAddress]"},
		"another principal, another address":  {[]baseline.Visit{visit("sp2", near, 60, false)}, "[]"},
		"another principal, a week ago":       {[]baseline.Visit{visit("sp2", here, -60*24*7, false)}, "[]"},
		"failures for three applications":     {[]baseline.Visit{visit("a", here, 0, true), visit("b", here, 1, true), visit("c", here, 2, true)}, "[addressTriedMany]"},
		"failures for two applications":       {[]baseline.Visit{visit("a", here, 0, true), visit("b", here, 1, true)}, "[]"},
		"failures from elsewhere":             {[]baseline.Visit{visit("a", near, 0, true), visit("b", near, 1, true), visit("c", near, 2, true)}, "[]"},
		"so many that it is a new way out":    {crowd(here), "[]"},
		"the principal's own other addresses": {[]baseline.Visit{visit("sp1", near, 5, false)}, "[]"},
	} {
		t.Run(name, func(t *testing.T) {
			names := []string{}
			for _, c := range score.Company(tt.visits, "sp1", here, start) {
				names = append(names, c.Name)
			}
			if got := fmt.Sprint(names); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func crowd(from string) (out []baseline.Visit) {
	for i := range 20 {
		out = append(out, baseline.Visit{Principal: fmt.Sprint("sp-", i), From: from, Time: start})
	}
	return out
}

func TestUnitingContributionsKeepsTheLargestOfEachName(t *testing.T) {
	a := []score.Contribution{{Name: "asn", Bits: 4}, {Name: "resource", Bits: 6}}
	b := []score.Contribution{{Name: "asn", Bits: 9}}
	for _, got := range [][]score.Contribution{score.Unite(a, b), score.Unite(b, a), score.Unite(score.Unite(a, b), a)} {
		if fmt.Sprint(got) != fmt.Sprint([]score.Contribution{{Name: "asn", Bits: 9}, {Name: "resource", Bits: 6}}) {
			t.Errorf("%+v", got)
		}
	}
}
