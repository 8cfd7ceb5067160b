package posture_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"rekey/shared/baseline"
	"rekey/shared/event"
	"rekey/shared/exposure"
	"rekey/shared/posture"
)

var (
	now    = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	hasher = baseline.NewHasher([16]byte{7})
)

const (
	graph = "00000003-0000-0000-c000-000000000000"
	vault = "cfa8b339-82a2-471a-a3c9-0fc0be7a4093"
)

// signIn teaches a profile one sign-in, so many days ago, with a key for a resource.
func signIn(p *baseline.Profile, daysAgo int, key, resource string) {
	e := &event.Event{
		Kind: event.KindSignIn, ID: fmt.Sprint(daysAgo, key, resource), Time: now.AddDate(0, 0, -daysAgo), Caller: netip.MustParseAddr("192.0.2.7"),
		SignIn: event.SignIn{CredentialKeyID: key, ResourceID: resource},
	}
	v := hasher.Values(e)
	p.Observe(e, &v)
}

func TestUseIsLookedUpInWhatWasLearned(t *testing.T) {
	var p baseline.Profile
	for d := range 100 {
		signIn(&p, d, "k1", vault)
	}
	signIn(&p, 90, "k2", graph)
	var x exposure.Index
	x.Observe(hasher, &event.Event{
		Kind: event.KindGraphActivity, Time: now.AddDate(0, 0, -3), Principal: event.Principal{ObjectID: "sp1"},
		Graph: &event.GraphCall{Method: "POST", URI: "https://graph.microsoft.com/v1.0/servicePrincipals/11111111-2222-3333-4444-555555555555/appRoleAssignedTo", Status: 201},
	})
	old := now.AddDate(-1, 0, 0)
	facts := posture.Facts{
		Application: &posture.Application{AppID: "app1", SignInAudience: "AzureADMyOrg", PasswordCredentials: []posture.Credential{{KeyID: "K1", StartDateTime: old}, {KeyID: "k2", StartDateTime: old}, {KeyID: "k3", StartDateTime: old}}},
		Principals: []posture.Principal{{ID: "sp1", CreatedDateTime: old, Grants: &posture.Grants{AppRoles: []posture.AppRole{
			{Value: "AppRoleAssignment.ReadWrite.All", ResourceAppID: graph, CreatedDateTime: old}, {Value: "Mail.Read", ResourceAppID: graph, CreatedDateTime: old},
		}}}},
	}
	var flow posture.Flow
	flow.Add(&p, baseline.DayOf(now))
	if !flow.Known() {
		t.Fatal("sign-ins on every day are a log with gaps")
	}
	u := posture.UseOf(facts, posture.History{Profile: &p, Exposure: &x, Hasher: &hasher}, true, now)
	for i, want := range []posture.Answer{posture.Yes, posture.No, posture.No} {
		if got := u.KeyUsed(&facts, &facts.Application.PasswordCredentials[i], now); got != want {
			t.Errorf("key %d: %s, want %s", i+1, got, want)
		}
	}
	for i, want := range []posture.Answer{posture.Yes, posture.No} {
		if got := u.Necessary(&facts, facts.Principals[0].Grants.AppRoles[i], now); got != want {
			t.Errorf("role %d: %s, want %s", i, got, want)
		}
	}
	blind := posture.UseOf(facts, posture.History{Profile: &p}, true, now)
	if got := blind.KeyUsed(&facts, &facts.Application.PasswordCredentials[1], now); got != posture.Unknown {
		t.Errorf("without the key of the hashes it is %s whether a credential was used", got)
	}
	if got := blind.Necessary(&facts, facts.Principals[0].Grants.AppRoles[1], now); got != posture.Unknown {
		t.Errorf("without the key of the hashes it is %s whether a role was used", got)
	}
}

func TestALogWithGapsIsNotKnown(t *testing.T) {
	for what, tt := range map[string]struct {
		days func(int) bool
		want bool
	}{
		"every day":                 {func(int) bool { return true }, true},
		"working days":              {func(d int) bool { return d%7 < 5 }, true},
		"nothing for the last week": {func(d int) bool { return d > 7 }, false},
		"a week without":            {func(d int) bool { return d < 30 || d > 37 }, false},
		"since last month":          {func(d int) bool { return d < 30 }, false},
		"never":                     {func(int) bool { return false }, false},
	} {
		var p baseline.Profile
		for d := range 70 {
			if d > 0 && tt.days(d) {
				signIn(&p, d, "k1", graph)
			}
		}
		var flow posture.Flow
		flow.Add(&p, baseline.DayOf(now))
		if flow.Known() != tt.want {
			t.Errorf("%s: known %v", what, flow.Known())
		}
	}
}
