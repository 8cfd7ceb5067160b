package detect_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rekey/shared/baseline"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/score"
)

var at = time.Date(2026, 11, 24, 3, 10, 0, 0, time.UTC)

func suspicious(id string, bits float64, level score.Level, later time.Duration) detect.Detection {
	e := &event.Event{
		Kind: event.KindSignIn, ID: id, Time: at.Add(later), Tenant: "t1",
		Principal: event.Principal{ObjectID: "sp1", AppID: "app1", Name: "billing"},
		Caller:    netip.MustParseAddr("203.0.113.9"), Network: event.Network{ASN: 64511, Hosting: event.HostingAnonymizer},
		SignIn: event.SignIn{CredentialKeyID: "k1"},
	}
	d, ok := detect.Unfamiliar(e, score.Score{Bits: bits, Level: level, Contributions: []score.Contribution{{Name: "asn", Bits: bits}}}, 30, "prior")
	if !ok {
		panic("no detection")
	}
	d.Detected = at
	return d
}

func TestOnlyWhatIsUnfamiliarBecomesADetectionAndOnlyFromLowItIsWorthTelling(t *testing.T) {
	unusual := []score.Contribution{{Name: "asn", Bits: 9}}
	tests := map[string]struct {
		score       score.Score
		made, worth bool
	}{
		"an unfamiliar sign-in":  {score.Score{Level: score.LevelLow, Bits: 9, Contributions: unusual}, true, true},
		"a slightly unusual one": {score.Score{Level: score.LevelNone, Bits: 2, Contributions: unusual}, true, false},
		"a familiar one":         {score.Score{Level: score.LevelNone}, false, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := &event.Event{Kind: event.KindSignIn, ID: "a", Time: at}
			if d, made := detect.Unfamiliar(e, tt.score, 30, "prior"); made != tt.made || d.Worth() != tt.worth {
				t.Errorf("made %v, worth telling %v; want %v, %v", made, d.Worth(), tt.made, tt.worth)
			}
		})
	}
}

func TestADetectionIsOnlyEverRaised(t *testing.T) {
	low, high := suspicious("a", 6, score.LevelLow, 0), suspicious("b", 20, score.LevelHigh, time.Minute)
	up, changed := detect.Raise(low, high)
	if !changed || up.Level != score.LevelHigh || up.Bits != 20 || len(up.Records) != 2 || up.ID != low.ID {
		t.Errorf("raising low by high gave %+v (changed %v)", up, changed)
	}
	down, _ := detect.Raise(high, low)
	if diff := cmp.Diff(up, down); diff != "" {
		t.Errorf("the order of two findings matters:\n%s", diff)
	}
	if _, changed := detect.Raise(up, low); changed {
		t.Error("a finding that is known already changed the detection")
	}
}

func TestWhatOneRecordDoesNotNameAnotherDoes(t *testing.T) {
	vault, signIn := suspicious("a", 6, score.LevelLow, 0), suspicious("b", 6, score.LevelLow, time.Minute)
	vault.Tenant, vault.Principal.Name, vault.Principal.AppID = "", "", ""
	one, _ := detect.Raise(vault, signIn)
	other, _ := detect.Raise(signIn, vault)
	if diff := cmp.Diff(one, other); diff != "" || one.Tenant != "t1" || one.Principal.Name != "billing" || one.Principal.AppID != "app1" {
		t.Errorf("%+v of tenant %q; the order of the two matters:\n%s", one.Principal, one.Tenant, diff)
	}
}

func TestADetectionKeepsItsEarliestRecordsOnly(t *testing.T) {
	d := suspicious("r0", 6, score.LevelLow, 0)
	for i := range 50 {
		d, _ = detect.Raise(d, suspicious("r"+string(rune('A'+i)), 6, score.LevelLow, time.Duration(i)*time.Second))
	}
	if len(d.Records) != detect.MaxRecords || d.Records[0].ID != "r0" {
		t.Errorf("%d records, the first %s", len(d.Records), d.Records[0].ID)
	}
}

func audit(activity string, targets []event.Target, additional map[string]string) *event.Event {
	return &event.Event{
		Kind: event.KindAudit, ID: "Directory_1", Time: at,
		Audit: &event.Change{
			Activity: activity, Result: "success", Targets: targets, Additional: additional,
			Actor: event.Actor{Principal: event.Principal{ObjectID: "sp1"}},
		},
	}
}

func TestWhatIsNotedAboutAPrincipal(t *testing.T) {
	const one, two = "[KeyIdentifier=11111111-aaaa,KeyType=Password,KeyUsage=Verify,DisplayName=x]",
		"[KeyIdentifier=22222222-BBBB,KeyType=Password,KeyUsage=Verify,DisplayName=[KeyIdentifier=33333333-cccc,y]"
	keys := func(kind string, before, after string) []event.Target {
		return []event.Target{{ID: "obj1", Type: kind, Properties: []event.Property{{Name: "KeyDescription", Old: before, New: after}}}}
	}
	app := map[string]string{"AppId": "APP1"}
	vault := func(op string, status int, user string) *event.Event {
		return &event.Event{Kind: event.KindVaultAccess, ID: "v", Time: at, Principal: event.Principal{ObjectID: "sp1"},
			Vault: &event.VaultOperation{Operation: op, Status: status, Vault: "kv1", Object: "secrets/db", UserID: user}}
	}
	tests := map[string]struct {
		event *event.Event
		want  []string // key kind what
	}{
		"a secret added to an application": {
			audit("Update application - Certificates and secrets management", keys("Application", `["`+one+`"]`, `["`+two+`","`+one+`"]`), app),
			[]string{"app:app1 credentialAdded credential added: key id 22222222-bbbb"},
		},
		"a secret removed from an application": {
			audit("Update application - Certificates and secrets management", keys("Application", `["`+one+`"]`, `[]`), app), nil,
		},
		"a secret added to a service principal": {
			audit("Add service principal credentials", keys("ServicePrincipal", `[]`, `["`+one+`"]`), nil),
			[]string{"obj1 credentialAdded credential added: key id 11111111-aaaa"},
		},
		"a federated credential added": {
			audit("Update application", []event.Target{{Type: "Application", Properties: []event.Property{{Name: "FederatedIdentityCredentials", Old: "[]", New: `[{"Name":"x"}]`}}}}, app),
			[]string{"app:app1 credentialAdded federated credential added"},
		},
		"redirect URIs changed": {
			audit("Update application", []event.Target{{Type: "Application", Properties: []event.Property{{Name: "AppAddress", Old: "[]", New: `[{}]`}}}}, app),
			[]string{"app:app1 configuration redirect URIs changed"},
		},
		"an app role granted": {
			audit("Add app role assignment to service principal", []event.Target{{ID: "graph", Type: "ServicePrincipal", Properties: []event.Property{
				{Name: "AppRole.Value", New: `"Mail.Read"`}, {Name: "ServicePrincipal.ObjectID", New: `"SP1"`}}}}, nil),
			[]string{"sp1 roleGranted app role granted: Mail.Read"},
		},
		"a directory role granted to a workload": {
			audit("Add member to role", []event.Target{{ID: "sp1", Type: "ServicePrincipal", Properties: []event.Property{{Name: "Role.DisplayName", New: `"Global Administrator"`}}}}, nil),
			[]string{"sp1 roleGranted directory role granted: Global Administrator"},
		},
		"a directory role granted to a person": {
			audit("Add member to role", []event.Target{{ID: "u1", Type: "User"}}, nil), nil,
		},
		"an owner added": {
			audit("Add owner to application", []event.Target{{ID: "u1", Type: "User", Name: "eve", Properties: []event.Property{{Name: "Application.AppId", New: `"app1"`}}}}, nil),
			[]string{"app:app1 ownerAdded owner added: eve"},
		},
		"a change without targets":          {audit("Add owner to application", nil, nil), []string{" ownerAdded owner added: "}},
		"a secret read by the workload":     {vault("SecretGet", 200, ""), []string{"sp1 secretRead read kv1/secrets/db"}},
		"a secret refused to the workload":  {vault("SecretGet", 403, ""), []string{"sp1 secretDenied was refused kv1/secrets/db"}},
		"a secret read by a person":         {vault("SecretGet", 200, "u1"), nil},
		"a secret written by the workload":  {vault("SecretSet", 200, ""), nil},
		"a failed sign-in":                  {&event.Event{Kind: event.KindSignIn, Time: at, Principal: event.Principal{ObjectID: "sp1"}, SignIn: event.SignIn{ErrorCode: 7000215}}, []string{"sp1 failure sign-in failed: AADSTS7000215"}},
		"an ordinary sign-in, like most of": {&event.Event{Kind: event.KindSignIn, Time: at}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, n := range detect.Notes(tt.event) {
				got = append(got, n.Key+" "+n.Note.Kind+" "+n.Note.What)
				if n.Note.ID == "" {
					t.Error("a note without an id")
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMicrosoftsFindingsAreTakenAtTheirLevel(t *testing.T) {
	tests := map[string]struct {
		level, state string
		want         score.Level
	}{
		"high":                 {"high", "atRisk", score.LevelHigh},
		"capitalised":          {"High", "atRisk", score.LevelHigh},
		"hidden, no licence":   {"hidden", "atRisk", score.LevelMedium},
		"none":                 {"none", "none", ""},
		"dismissed by a human": {"high", "dismissed", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := &event.Event{Kind: event.KindRisk, ID: "1", Time: at, Risk: &event.RiskFinding{Type: "leakedCredentials", Level: tt.level, State: tt.state}}
			d, _ := detect.Finding(e)
			if d.Level != tt.want {
				t.Errorf("level %q, want %q", d.Level, tt.want)
			}
		})
	}
}

func TestNotesOfAnEventFitTheEvidenceTheyAreMeantFor(t *testing.T) {
	var e baseline.Evidence
	for _, n := range detect.Notes(audit("Add service principal credentials", []event.Target{{ID: "sp1", Type: "ServicePrincipal", Properties: []event.Property{
		{Name: "KeyDescription", Old: "[]", New: `["[KeyIdentifier=11111111-aaaa,KeyType=AsymmetricX509Cert]"]`}}}}, nil)) {
		e.Add(n.Note)
	}
	if len(e.Notes()) != 1 {
		t.Errorf("%d notes were kept, want 1", len(e.Notes()))
	}
}
