package rotate_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rekey/shared/reach"
	"rekey/shared/rotate"
)

var update = flag.Bool("update", false, "write the golden files, and the page of docs/detections, anew")

var now = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

const principal = "sp-billing"

// read is what the log shows of a secret that was read some hours ago.
func read(hours, days int, versions ...string) *reach.Seen {
	return &reach.Seen{First: now.Add(-time.Duration(hours+1) * time.Hour), Last: now.Add(-time.Duration(hours) * time.Hour), Days: days, Operations: "get", Networks: []string{"AS64511"}, Versions: versions}
}

func secret(name string, seen *reach.Seen, pairs ...string) reach.SecretReach {
	s := reach.SecretReach{Secret: reach.Secret{Name: name, Version: name + "-v1", Enabled: true, Tags: tags(pairs...)}, Kind: "secrets", Read: reach.No, Could: reach.Yes, Grant: reach.No, Seen: seen}
	if seen != nil {
		s.Read = reach.Yes
	}
	return s
}

func vault(sub, name string, secrets ...reach.SecretReach) reach.VaultReach {
	v := reach.VaultReach{
		ID: "/subscriptions/" + sub + "/resourceGroups/prod/providers/Microsoft.KeyVault/vaults/" + name, Name: name, Subscription: sub, Log: reach.LogComplete,
		Read: reach.No, Could: reach.Yes, Grant: reach.No, Listed: true, Secrets: secrets, Tags: map[string]string{},
	}
	for _, s := range secrets {
		if s.Read == reach.Yes {
			v.Read = reach.Yes
		}
	}
	return v
}

func radius(vaults ...reach.VaultReach) reach.Radius {
	return reach.Radius{Principal: principal, AppID: app, Name: "billing", From: now.Add(-48 * time.Hour), To: now, Vaults: vaults, Resources: []reach.ResourceReach{}, SAS: []reach.SAS{}, Linked: []reach.Linked{}, Unknown: []string{}}
}

// incident has every kind of target.
func incident() rotate.Facts {
	pay := vault(sub1, "pay",
		secret("storage", read(3, 9), "ProviderAddress", payroll, "CredentialId", "key1", "ValidityPeriodDays", "60"),
		secret("hr-app", read(2, 1), "ProviderAddress", other, "CredentialId", keyID),
		secret("own-app", read(2, 2), "ProviderAddress", app, "CredentialId", keyID),
		secret("sql", read(5, 1), "ProviderAddress", resource("Microsoft.Sql/servers", "db"), "rekey-rotator", "webhook", "rekey-webhook", "sql", "rekey-owner", "dba@contoso.example"),
		secret("partner", read(6, 1), "rekey-owner", "dana@contoso.example"),
		secret("session-key", nil, "rekey-rotator", "random", "rekey-value", "session"),
		secret("tls", nil), secret("left", nil, "rekey", "never"),
	)
	pay.Secrets[6].Managed = true
	gone := secret("gone", &reach.Seen{First: now.Add(-9 * time.Hour), Last: now.Add(-8 * time.Hour), Operations: "backup", Networks: []string{"AS64511"}})
	gone.Absent, gone.Enabled = true, false
	pay.Secrets = append(pay.Secrets, gone)
	fin := vault(sub1, "fin", secret("storage-copy", nil, "ProviderAddress", payroll, "CredentialId", "key1"), secret("session", nil, "rekey-rotator", "random", "rekey-value", "session"), secret("guess", nil))
	fin.Tags["rekey-infer"] = "true"
	dark := vault(sub2, "dark", secret("orders", nil, "ProviderAddress", cosmos, "CredentialId", "primaryReadonly"))
	dark.Read, dark.Log = reach.Unknown, reach.LogMissing
	apart := vault(sub2, "apart", secret("cache", nil, "ProviderAddress", cache))
	apart.Could = reach.No
	closed := vault(sub2, "closed")
	closed.Listed, closed.Could, closed.Grant, closed.Firewall = false, reach.No, reach.Yes, "private endpoints only"
	safe := vault("33333333-0000-0000-0000-000000000000", "safe", secret("x", nil, "ProviderAddress", cache))
	safe.Could = reach.No
	r := radius(pay, fin, dark, apart, closed, safe)
	r.Resources = []reach.ResourceReach{
		{ID: payroll, Read: reach.Yes, Could: reach.Yes, Seen: &reach.Seen{Last: now.Add(-time.Hour), Operations: "keys"}},
		{ID: cosmos, Read: reach.Yes, Could: reach.Yes, Seen: &reach.Seen{Last: now.Add(-4 * time.Hour), Operations: "keys"}},
		{ID: resource("Microsoft.Web/sites", "shop"), Read: reach.Yes, Could: reach.Unknown, Seen: &reach.Seen{Last: now.Add(-7 * time.Hour), Operations: "keys"}},
		{ID: cache, Read: reach.Unknown, Could: reach.Yes},
	}
	r.Linked = []reach.Linked{{AppID: other, Credential: keyID, Secret: "pay/hr-app", Why: "its credential lies in pay/hr-app"}}
	r.SAS = []reach.SAS{{Account: payroll, Reads: true}}
	r.Unknown = []string{"vaults without a whole log for the time: dark (missing)"}
	return rotate.Facts{
		Case: "c1", Radius: r, Guesses: map[string]rotate.Guess{"fin/guess": {Kind: rotate.BusKey, Name: "events/send", Provider: rule}},
		Consumers: map[string]reach.List[rotate.Consumer]{"pay/storage": reach.ListOf(rotate.Consumer{Name: "batch", Last: now, Pinned: true}), "fin/storage-copy": reach.ListOf[rotate.Consumer]()},
		Options:   rotate.Options{Webhooks: []string{"sql"}, OwnerDefault: "soc@contoso.example"},
	}
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got, -update writes it anew):\n%s", path, diff)
	}
}

func TestAPlanReadsWell(t *testing.T) {
	p := rotate.Build(incident())
	golden(t, "incident.txt", []byte(p.Text()))
	b, err := p.JSON()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "incident.json", append(b, '\n'))
	var actions bytes.Buffer
	for _, tier := range p.Tiers {
		for _, x := range tier.Targets {
			if x.Action != nil {
				fmt.Fprintf(&actions, "To: %s\nSubject: %s\n\n%s\n\n", x.Action.To, x.Action.Subject, x.Action.Text)
			}
		}
	}
	golden(t, "actions.txt", actions.Bytes())
	if strings.Contains(p.Text()+actions.String(), "%!") {
		t.Error("a text has what no text should have")
	}
}

func keysOf(tier rotate.Tier) string {
	var out []string
	for _, x := range tier.Targets {
		name := string(x.Kind)
		if len(x.Copies) > 0 {
			name += " " + x.Copies[0].Name()
		}
		out = append(out, name)
	}
	return strings.Join(out, ", ")
}

func TestTiersAreInTheMissionsOrder(t *testing.T) {
	late, early, often := read(1, 1), read(9, 1), read(9, 30)
	a := vault(sub1, "a", secret("late", late, "rekey-rotator", "random"), secret("early", early, "rekey-rotator", "random"), secret("often", often, "rekey-rotator", "random"), secret("rest", nil, "rekey-rotator", "random"))
	dark := vault(sub1, "z-dark", secret("x", nil, "rekey-rotator", "random"))
	dark.Read = reach.Unknown
	apart := vault(sub1, "a-apart", secret("x", nil, "rekey-rotator", "random"))
	apart.Could = reach.No
	could := vault(sub1, "b-could", secret("x", nil, "rekey-rotator", "random"))
	p := rotate.Build(rotate.Facts{Radius: radius(a, dark, apart, could)})
	for n, want := range []string{
		"random a/late, random a/often, random a/early", "random a/rest", "random z-dark/x, random b-could/x, random a-apart/x",
	} {
		if got := keysOf(p.Tiers[n]); got != want {
			t.Errorf("tier %d: %s\nwant %s", n+1, got, want)
		}
	}
	p = rotate.Build(rotate.Facts{Radius: radius(a, dark, apart, could), Options: rotate.Options{OnlyReachable: true}})
	if got := keysOf(p.Tiers[2]); strings.Contains(got, "apart") || len(p.Left) != 1 {
		t.Errorf("%s; left %v", got, p.Left)
	}
}

func TestWhatATagMustNotReach(t *testing.T) {
	tests := map[string]struct {
		options rotate.Options
		want    string
	}{
		"nothing forbidden":          {rotate.Options{}, "storageKey"},
		"Rekey's own account":        {rotate.Options{Own: []string{strings.ToUpper(payroll)}}, "Rekey's own"},
		"Rekey's own resource group": {rotate.Options{Own: []string{"/subscriptions/" + sub1 + "/resourceGroups/prod"}}, "Rekey's own"},
		"a group of a like name":     {rotate.Options{Own: []string{"/subscriptions/" + sub1 + "/resourceGroups/pro"}}, "storageKey"},
		"a provider never touched":   {rotate.Options{Never: map[string]string{payroll: "the backup"}}, "never touched: the backup"},
		"a vault never touched":      {rotate.Options{Never: map[string]string{"PAY": "the backup"}}, "never touched: the backup"},
		"a secret never touched":     {rotate.Options{Never: map[string]string{"pay/storage": "the backup"}}, "never touched: the backup"},
		"another subscription":       {rotate.Options{Subscriptions: []string{sub2}}, "does not manage"},
		"the subscription":           {rotate.Options{Subscriptions: []string{sub2, sub1}}, "storageKey"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := rotate.Build(rotate.Facts{Radius: radius(vault(sub1, "pay", secret("storage", read(1, 1), "ProviderAddress", payroll))), Options: tt.options})
			x := p.Tiers[0].Targets[0]
			if got := string(x.Kind) + " " + x.Why; !strings.Contains(got, tt.want) || (x.Kind == rotate.OwnerAction) != (x.Action != nil) {
				t.Errorf("%+v", x)
			}
		})
	}
}

func TestValuesAreNotGuessedWhereTheVaultDoesNotOptIn(t *testing.T) {
	f := incident()
	f.Radius.Vaults[1].Tags = map[string]string{}
	if strings.Contains(rotate.Build(f).Text(), "events") {
		t.Error("a guess was taken of a vault that did not ask for it")
	}
}

func TestMoreCopiesThanCanBeWrittenAreTheOwners(t *testing.T) {
	var all []reach.SecretReach
	for i := range 65 {
		all = append(all, secret(fmt.Sprint("s", i), nil, "ProviderAddress", payroll))
	}
	all[0] = secret("s0", read(1, 1), "ProviderAddress", payroll)
	p := rotate.Build(rotate.Facts{Radius: radius(vault(sub1, "pay", all...))})
	if x := p.Tiers[0].Targets[0]; x.Kind != rotate.OwnerAction || !strings.Contains(x.Why, "65 secrets") {
		t.Errorf("%+v", x)
	}
}

func shuffled(t *rapid.T, f rotate.Facts) rotate.Facts {
	f.Radius.Vaults = rapid.Permutation(f.Radius.Vaults).Draw(t, "vaults")
	f.Radius.Resources = rapid.Permutation(f.Radius.Resources).Draw(t, "resources")
	for i := range f.Radius.Vaults {
		f.Radius.Vaults[i].Secrets = rapid.Permutation(f.Radius.Vaults[i].Secrets).Draw(t, "secrets")
	}
	return f
}

func TestTheSameFactsGiveTheSamePlan(t *testing.T) {
	want := rotate.Build(incident())
	rapid.Check(t, func(t *rapid.T) {
		got := rotate.Build(shuffled(t, incident()))
		slices.Sort(got.Left)
		for n := range got.Tiers {
			if got.Tiers[n].Hash != want.Tiers[n].Hash {
				t.Fatalf("tier %d has another hash", n+1)
			}
		}
		if got.Text() != want.Text() {
			t.Fatal(cmp.Diff(want.Text(), got.Text()))
		}
	})
}

func TestEverySecretIsInExactlyOneTargetOrLeftWithAReason(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := draw(t)
		p := rotate.Build(f)
		where := map[string]int{}
		for _, tier := range p.Tiers {
			for _, x := range tier.Targets {
				if x.Tier != tier.Number || x.Why == "" || (x.Kind == rotate.OwnerAction) != (x.Action != nil) {
					t.Fatalf("%+v", x)
				}
				for _, c := range x.Copies {
					where[c.Name()]++
					if c.Tier < x.Tier {
						t.Fatalf("%s is of tier %d and rotated in tier %d", c.Name(), c.Tier, x.Tier)
					}
				}
			}
		}
		for _, v := range f.Radius.Vaults {
			for _, s := range v.Secrets {
				if n := where[v.Name+"/"+s.Name]; n > 1 || n == 0 && (s.Read == reach.Yes || v.Reachable()) {
					t.Fatalf("%s/%s is in %d targets", v.Name, s.Name, n)
				}
			}
		}
	})
}

func TestAHashIsOfWhatIsApproved(t *testing.T) {
	one := func(edit func(*rotate.Facts)) string {
		f := incident()
		edit(&f)
		return rotate.Build(f).Tiers[0].Hash
	}
	want := one(func(*rotate.Facts) {})
	same := map[string]func(*rotate.Facts){
		"a newer read":      func(f *rotate.Facts) { f.Radius.Vaults[0].Secrets[0].Seen = read(1, 30) },
		"an owner's secret": func(f *rotate.Facts) { f.Radius.Vaults[0].Secrets[4].Name = "renamed" },
		"a consumer":        func(f *rotate.Facts) { f.Consumers = nil },
	}
	for name, edit := range same {
		if one(edit) != want {
			t.Errorf("%s changes the hash", name)
		}
	}
	different := map[string]func(*rotate.Facts){
		"another provider": func(f *rotate.Facts) { f.Radius.Vaults[0].Secrets[0].Tags["ProviderAddress"] = cache },
		"another copy":     func(f *rotate.Facts) { f.Radius.Vaults[1].Secrets[0].Tags = nil },
		"another cap":      func(f *rotate.Facts) { f.Options.Caps[0] = 3 },
		"a vault of that name": func(f *rotate.Facts) {
			f.Radius.Vaults[0].ID = strings.Replace(f.Radius.Vaults[0].ID, "prod", "test", 1)
		},
	}
	for name, edit := range different {
		if one(edit) == want {
			t.Errorf("%s does not change the hash", name)
		}
	}
}

// draw makes facts about a few vaults with all kinds of secrets.
func draw(t *rapid.T) rotate.Facts {
	providers := []string{payroll, cosmos, cache, rule, queue, other, "nonsense", ""}
	var vaults []reach.VaultReach
	for n := range rapid.IntRange(1, 4).Draw(t, "vaults") {
		var secrets []reach.SecretReach
		for i := range rapid.IntRange(0, 5).Draw(t, "secrets") {
			var seen *reach.Seen
			if rapid.IntRange(0, 2).Draw(t, "read") == 0 {
				seen = read(rapid.IntRange(1, 40).Draw(t, "hours"), rapid.IntRange(0, 9).Draw(t, "days"))
			}
			s := secret(fmt.Sprint("s", i), seen)
			switch rapid.IntRange(0, 5).Draw(t, "tags") {
			case 0:
				s.Tags = tags("rekey-rotator", "random", "rekey-value", rapid.SampledFrom([]string{"", "g"}).Draw(t, "group"))
			case 1:
				s.Managed = true
			case 2:
				s.Tags = tags("rekey-webhook", "sql")
			default:
				s.Tags = tags("ProviderAddress", rapid.SampledFrom(providers).Draw(t, "provider"), "CredentialId", rapid.SampledFrom([]string{"key1", "", keyID, "primaryReadonly"}).Draw(t, "credential"))
			}
			secrets = append(secrets, s)
		}
		v := vault(rapid.SampledFrom([]string{sub1, sub2}).Draw(t, "subscription"), fmt.Sprint("v", n), secrets...)
		v.Could = rapid.SampledFrom([]reach.Answer{reach.Yes, reach.No, reach.Unknown}).Draw(t, "could")
		if v.Could == reach.No && v.Read == reach.No {
			v.Read = rapid.SampledFrom([]reach.Answer{reach.No, reach.Unknown}).Draw(t, "log")
		}
		vaults = append(vaults, v)
	}
	r := radius(vaults...)
	for _, id := range []string{payroll, cosmos} {
		if rapid.IntRange(0, 2).Draw(t, "keys read") == 0 {
			r.Resources = append(r.Resources, reach.ResourceReach{ID: id, Read: reach.Yes, Seen: read(1, 1)})
		}
	}
	return rotate.Facts{Case: "c1", Radius: r, Options: rotate.Options{Webhooks: []string{"sql"}}}
}
