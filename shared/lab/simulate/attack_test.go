package simulate_test

import (
	"bytes"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"rekey/shared/event"
	"rekey/shared/lab"
	"rekey/shared/lab/simulate"
	"rekey/shared/network"
)

func TestAllKindsOccurAndNoPrincipalIsAttackedTwice(t *testing.T) {
	episodes, changes := map[string]int{}, map[string]int{}
	for seed := range uint64(3) {
		r, attacked := simulate.New(simulate.Options{Seed: seed, Principals: 1900, Attacked: .01}), map[int32]int{}
		for _, e := range r.Episodes {
			episodes[e.Kind]++
			for _, p := range e.Principals {
				attacked[p]++
			}
			if day := e.Begin.Sub(r.Start) / (24 * time.Hour); day < 20 || day >= 45 {
				t.Errorf("%s begins on day %d", e.Kind, day)
			}
		}
		if n := len(attacked); n < 15 || n > 19 || slices.Max(slices.Collect(maps.Values(attacked))) > 1 {
			t.Errorf("%d principals are attacked, want up to 19 and none twice", n)
		}
		for _, c := range r.Changes {
			changes[c.Kind]++
		}
	}
	for _, kind := range simulate.Attacks {
		if episodes[kind] == 0 {
			t.Errorf("no episode is a %s", kind)
		}
	}
	for _, kind := range simulate.Changes {
		if changes[kind] == 0 {
			t.Errorf("no change is a %s", kind)
		}
	}
	if len(episodes) != len(simulate.Attacks) || len(changes) != len(simulate.Changes) {
		t.Errorf("kinds that no list has: %v, %v", episodes, changes)
	}
}

func TestOptionsThatCannotBeMeantPanic(t *testing.T) {
	for name, o := range map[string]simulate.Options{
		"too many attacked":   {Attacked: .02},
		"fewer than none":     {Attacked: -.01},
		"no principals":       {Principals: -1},
		"not from midnight":   {Start: time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)},
		"a negative warm-up":  {WarmUp: -1},
		"a run of minus days": {Days: -5},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("a run was made")
				}
			}()
			simulate.New(o)
		})
	}
}

// told is one decoded record and its truth.
type told struct {
	event.Event
	lab.Truth
}

// play stages one kind of attack in a small tenant. It returns the first episode's records and what its principals
// did before.
func play(t *testing.T, kind string) (r *simulate.Run, before, episode []told) {
	t.Helper()
	o := simulate.Options{Seed: 5, Principals: 40, Days: 5, WarmUp: 3}
	switch kind {
	case simulate.SlowPoisoning:
		o.Days = 10
	case simulate.DormantRevived:
		o.Days = 33
	case simulate.BackdoorCredential, simulate.BackdoorFederated:
		o.Days = 6
	}
	r = simulate.Staged(o, kind)
	if len(r.Episodes) != 1 || r.Episodes[0].Kind != kind {
		t.Fatalf("episodes are %v", r.Episodes)
	}
	in, seen := reader{t: t}, map[string]bool{}
	for d := range r.Records() {
		if !slices.Contains(r.Episodes[0].Principals, d.Truth.Principal) {
			continue
		}
		e := in.read(d.Record)
		if seen[e.ID] && d.Hub == "signins" {
			continue
		}
		seen[e.ID] = true
		if d.Truth.Episode == 0 {
			episode = append(episode, told{*e, d.Truth})
		} else if e.Time.Before(r.Episodes[0].Begin) {
			before = append(before, told{*e, d.Truth})
		}
	}
	return r, before, episode
}

func TestEveryAttackIsWhatItIsCalled(t *testing.T) {
	for _, kind := range simulate.Attacks {
		t.Run(kind, func(t *testing.T) {
			r, before, records := play(t, kind)
			if len(records) == 0 {
				t.Fatal("no record of the episode was delivered")
			}
			begin := records[0].Time
			for _, x := range records {
				if x.Time.Before(begin) {
					begin = x.Time
				}
				if x.Change != lab.None || (x.Variant > 0) != (kind == simulate.Adaptive) {
					t.Errorf("truth is %+v", x.Truth)
				}
			}
			if !begin.Equal(r.Episodes[0].Begin) {
				t.Errorf("the first record is of %v, the episode begins at %v", begin, r.Episodes[0].Begin)
			}
			if check := checks[kind]; check != nil {
				check(t, r, before, records)
			}
		})
	}
}

// checks say what is particular to a kind.
var checks = map[string]func(t *testing.T, r *simulate.Run, before, records []told){
	simulate.VPNTool: func(t *testing.T, _ *simulate.Run, _, records []told) {
		all(t, records, "comes from a VPN", ofVPN)
	},
	simulate.SameCloudTool: func(t *testing.T, _ *simulate.Run, before, records []told) {
		all(t, records, "comes from the cloud", func(x told) bool { return hosting(x) == event.HostingDatacenter })
		none(t, records, "has a known address", known(before, address))
	},
	simulate.SameCloudNewResource: func(t *testing.T, _ *simulate.Run, before, records []told) {
		some(t, signIns(records), "wants a new resource", unknown(before, resource))
	},
	simulate.CompromisedHost: func(t *testing.T, _ *simulate.Run, before, records []told) {
		all(t, signIns(records), "has a known address", known(before, address))
	},
	simulate.BurstFromSamePlace: func(t *testing.T, _ *simulate.Run, before, records []told) {
		all(t, signIns(records), "has a known address", known(before, address))
		if n := len(signIns(records)); n < 18 {
			t.Errorf("a burst of %d", n)
		}
	},
	simulate.VPNMimicked: func(t *testing.T, _ *simulate.Run, before, records []told) {
		all(t, records, "comes from a VPN", ofVPN)
		all(t, signIns(records), "has a known library", known(before, func(x told) string { return x.SignIn.ClientLibrary }))
	},
	simulate.ResidentialProxy: func(t *testing.T, _ *simulate.Run, before, records []told) {
		all(t, records, "comes from a home line", func(x told) bool { return hosting(x) == event.HostingOrdinary })
		all(t, signIns(records), "comes from a known country", known(before, func(x told) string { return x.Network.Country }))
		none(t, records, "has a known address", known(before, address))
	},
	simulate.InsideDrift: func(t *testing.T, _ *simulate.Run, before, records []told) {
		none(t, records, "has a known address", known(before, address))
	},
	simulate.BackdoorCredential: backdoor,
	simulate.BackdoorFederated:  backdoor,
	simulate.SlowPoisoning: func(t *testing.T, _ *simulate.Run, _, records []told) {
		if records[0].SignIn.Succeeded() {
			t.Error("it begins with a success")
		}
		if n := len(distinct(records, address)); n != 1 {
			t.Errorf("it comes from %d places", n)
		}
	},
	simulate.TokenReplay: func(t *testing.T, _ *simulate.Run, before, records []told) {
		none(t, records, "is a sign-in", func(x told) bool { return x.SignIn.ResourceID != "" })
		none(t, records, "has a known address", known(before, address))
	},
	simulate.DormantRevived: func(t *testing.T, r *simulate.Run, before, _ []told) {
		for _, x := range before {
			if gap := r.Episodes[0].Begin.Sub(x.Time); gap < 25*24*time.Hour && x.Audit == nil && x.SignIn.Succeeded() {
				t.Fatalf("the principal was used %v before", gap)
			}
		}
	},
	simulate.TwoPrincipalsOneAddr: func(t *testing.T, _ *simulate.Run, _, records []told) {
		if n := len(distinct(records, address)); n != 1 {
			t.Errorf("it comes from %d places", n)
		}
	},
	simulate.Campaign: func(t *testing.T, _ *simulate.Run, _, records []told) {
		if n := len(distinct(records, func(x told) string { return x.Event.Principal.ObjectID })); n != 3 {
			t.Errorf("it uses %d principals", n)
		}
		if n := len(distinct(records, func(x told) string { return lookUp(x).ASName })); n != 1 {
			t.Errorf("it comes from %d providers", n)
		}
	},
	simulate.Adaptive: func(t *testing.T, _ *simulate.Run, before, records []told) {
		none(t, records, "wants a known resource", known(before, resource))
		if n := len(distinct(records, func(x told) string { return string(rune(x.Variant)) })); n != 24 || len(records) != 24 {
			t.Errorf("%d records of %d variants", len(records), n)
		}
	},
}

// backdoor wants an audit record first, and then only a credential that was not used before.
func backdoor(t *testing.T, _ *simulate.Run, before, records []told) {
	if records[0].Audit == nil {
		t.Error("no audit record comes first")
	}
	some(t, records, "is a sign-in", func(x told) bool { return x.Kind == event.KindSignIn })
	old := known(before, key)
	none(t, signIns(records), "has a known key", func(x told) bool { return key(x) != "" && old(x) })
}

func address(x told) string  { return x.Caller.String() }
func resource(x told) string { return x.SignIn.ResourceID }
func key(x told) string      { return x.SignIn.CredentialKeyID }

func signIns(records []told) []told {
	return slices.DeleteFunc(slices.Clone(records), func(x told) bool { return x.Kind != event.KindSignIn })
}

func distinct(records []told, of func(told) string) map[string]bool {
	out := map[string]bool{}
	for _, x := range records {
		out[of(x)] = true
	}
	return out
}

// known returns what tells whether something about a record was so before; unknown whether it was not.
func known(before []told, of func(told) string) func(told) bool {
	old := distinct(before, of)
	return func(x told) bool { return old[of(x)] }
}

func unknown(before []told, of func(told) string) func(told) bool {
	old := known(before, of)
	return func(x told) bool { return !old(x) }
}

// world is the address table, which is the same in every run.
var world = sync.OnceValue(func() *network.Table {
	table, err := network.Load(bytes.NewReader(simulate.New(simulate.Options{Principals: 1, Days: 1}).NetworksCSV()))
	if err != nil {
		panic(err)
	}
	return table
})

func lookUp(x told) event.Network {
	n, _ := world().Lookup(x.Caller)
	return n
}

// ofVPN reports whether a record comes from one of the VPN providers, whose numbers are in a row.
func ofVPN(x told) bool { return lookUp(x).ASN/1000 == 4200050 }

func hosting(x told) event.Hosting { return lookUp(x).Hosting }

func all(t *testing.T, records []told, what string, ok func(told) bool) {
	t.Helper()
	for _, x := range records {
		if !ok(x) {
			t.Errorf("not every record %s: %s of %v from %s", what, x.Kind, x.Time, x.Caller)
			return
		}
	}
}

func none(t *testing.T, records []told, what string, ok func(told) bool) {
	t.Helper()
	for _, x := range records {
		if ok(x) {
			t.Errorf("a record %s: %s of %v from %s", what, x.Kind, x.Time, x.Caller)
			return
		}
	}
}

func some(t *testing.T, records []told, what string, ok func(told) bool) {
	t.Helper()
	if !slices.ContainsFunc(records, ok) {
		t.Errorf("no record %s", what)
	}
}

func TestFollowUpActivityCarriesTheTokenOfASignIn(t *testing.T) {
	o := small(8)
	o.Principals, o.Days, o.Attacked = 200, 1, 0
	r, in := simulate.New(o), reader{t: t}
	tokens, calls, joined, managed := map[string]bool{}, 0, 0, 0
	for d := range r.Records() {
		switch e := in.read(d.Record); {
		case e.SignIn.TokenID != "":
			tokens[e.SignIn.TokenID] = true
		case e.Graph != nil:
			calls++
			if tokens[e.Graph.TokenID] {
				joined++
			}
		case e.Azure != nil:
			calls++
			if tokens[e.Azure.TokenID] {
				joined++
			}
			if r.Principals[d.Truth.Principal].Kind == simulate.ManagedIdentity {
				managed++
			}
		}
	}
	if joined*10 < calls*4 || joined == calls || managed == 0 {
		t.Errorf("of %d calls %d can be joined, %d of managed identities", calls, joined, managed)
	}
}

func TestAuditRecordsNameTheActivityExactly(t *testing.T) {
	o := small(9)
	o.Principals, o.Days, o.Attacked = 60, 8, 0
	found := 0
	for d := range simulate.New(o).Records() {
		if d.Hub == "auditlogs" && bytes.Contains(d.Record, []byte(`"KeyDescription"`)) && bytes.Contains(d.Record, []byte(`"Application"`)) {
			found++
			if !bytes.Contains(d.Record, []byte("\"activityDisplayName\":\"Update application \u2013 Certificates and secrets management \"")) {
				t.Fatalf("%s", d.Record)
			}
		}
	}
	if found == 0 {
		t.Error("no key is rotated")
	}
}
