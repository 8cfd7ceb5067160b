package remedy_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/shared/decide"
	"rekey/shared/fault"
	"rekey/shared/remedy"
)

// step returns the steps of a kind.
func steps(p remedy.Plan, kind string) []remedy.Step {
	var out []remedy.Step
	for _, s := range p.Steps {
		if s.Kind == kind {
			out = append(out, s)
		}
	}
	return out
}

func TestOnlyWhatWasAddedInTheWindowGoes(t *testing.T) {
	eve := remedy.Owner{ID: "u-eve", Type: "user", Name: "Eve"}
	tests := map[string]struct {
		edit  func(*remedy.Input)
		goes  bool
		doubt bool
	}{
		"the audit log shows it": {func(in *remedy.Input) {
			in.Facts.Added = remedy.ListOf(remedy.Added{Object: "appobj", Item: "u-eve", Time: inWindow})
		}, true, false},
		"the audit log shows it before the window": {func(in *remedy.Input) {
			in.Facts.Added = remedy.ListOf(remedy.Added{Object: "appobj", Item: "u-eve", Time: before})
		}, false, false},
		"the audit log was read and is silent": {func(*remedy.Input) {}, false, false},
		"the audit log was not read":           {func(in *remedy.Input) { in.Facts.Added.Known = false }, false, true},
		"a person widened the window": {func(in *remedy.Input) {
			in.Facts.Added = remedy.ListOf(remedy.Added{Object: "appobj", Item: "u-eve", Time: before.Add(time.Hour)})
			in.Options.From = before
		}, true, false},
		"a person named it": {func(in *remedy.Input) {
			in.Options.Edits = []remedy.Edit{{ID: "u-eve", Keep: false, Why: "left the company", By: "u-dana"}}
		}, true, false},
		"a person keeps it": {func(in *remedy.Input) {
			in.Facts.Added = remedy.ListOf(remedy.Added{Object: "appobj", Item: "u-eve", Time: inWindow})
			in.Options.Edits = []remedy.Edit{{ID: "u-eve", Keep: true, Why: "new colleague", By: "u-dana"}}
		}, false, false},
		"policy does not remove owners": {func(in *remedy.Input) {
			in.Facts.Added = remedy.ListOf(remedy.Added{Object: "appobj", Item: "u-eve", Time: inWindow})
			in.Options.Owners = false
		}, false, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := incident()
			in.Inventory.Application.Owners = remedy.ListOf(eve)
			tt.edit(&in)
			p := remedy.Build(in)
			if got := len(steps(p, remedy.StepRemoveOwners)) == 1; got != tt.goes {
				t.Errorf("goes %v, want %v", got, tt.goes)
			}
			if got := len(p.Doubts) > 0; got != tt.doubt {
				t.Errorf("to be looked at %v, want %v", got, tt.doubt)
			}
		})
	}
}

func TestWhatWasNotReadIsSaidAndNotTakenForNone(t *testing.T) {
	in := incident()
	in.Inventory.Application.Owners, in.Inventory.Application.RedirectURIs = remedy.List[remedy.Owner]{}, remedy.List[remedy.RedirectURI]{}
	o := sp(&in)
	o.Grants, o.AppRoles, o.DirectoryRoles, o.VaultAccess = remedy.List[remedy.Grant]{}, remedy.List[remedy.AppRole]{}, remedy.List[remedy.DirectoryRole]{}, remedy.List[remedy.VaultAccess]{}
	text := remedy.Build(in).Text()
	for _, what := range []string{"owners of", "redirect URIs of", "delegated grants of", "app role assignments of", "directory roles of", "vault access of"} {
		if !strings.Contains(text, what) {
			t.Errorf("the plan says nothing about the %s", what)
		}
	}
}

func TestADecisionWithoutReasonOrNameDoesNotCount(t *testing.T) {
	for name, e := range map[string]remedy.Edit{"no reason": {ID: "other", Keep: true, By: "u"}, "no name": {ID: "other", Keep: true, Why: "w"}} {
		in := incident()
		in.Options.Edits = []remedy.Edit{e}
		p := remedy.Build(in)
		if !slices.Contains(steps(p, remedy.StepRemovePasswords)[0].KeyIDs, "other") || len(p.Refused) != 1 {
			t.Errorf("%s: the secret stays, or nobody is told: %+v", name, p.Refused)
		}
	}
}

func TestADecisionIsAboutTheObjectAndTypeItNames(t *testing.T) {
	all := []door{{"appobj", remedy.TypePassword, "x"}, {"sp1", remedy.TypePassword, "x"}, {"sp1", remedy.TypeKey, "x"}}
	for name, tt := range map[string]struct {
		edit  remedy.Edit
		stays []door
	}{
		"any":                    {remedy.Edit{ID: "X"}, all},
		"of an object":           {remedy.Edit{ID: "x", Object: "sp1"}, all[1:]},
		"of a type":              {remedy.Edit{ID: "x", Type: remedy.TypePassword}, all[:2]},
		"of an object and type":  {remedy.Edit{ID: "x", Object: "sp1", Type: remedy.TypeKey}, all[2:]},
		"of something not there": {remedy.Edit{ID: "x", Object: "sp2"}, nil},
	} {
		in := incident()
		in.Inventory.Application.Passwords = []remedy.Password{{KeyID: "x", Start: before}}
		sp(&in).Passwords, sp(&in).Keys = []remedy.Password{{KeyID: "x", Start: before}}, []remedy.Key{{KeyID: "x", Usage: "Verify", Start: before}}
		tt.edit.Keep, tt.edit.Why, tt.edit.By = true, "w", "u"
		in.Options.Edits = []remedy.Edit{tt.edit}
		stays := kept(remedy.Build(in))
		for _, d := range all {
			if _, ok := stays[d]; ok != slices.Contains(tt.stays, d) {
				t.Errorf("%s: %v stays %v", name, d, ok)
			}
		}
	}
}

func TestWhatAnIntruderCanForgeIsNotBelieved(t *testing.T) {
	tests := map[string]struct {
		edit func(*remedy.Input)
		goes string // the key id that must go
	}{
		"a date before the window, where the audit log shows another": {func(in *remedy.Input) {
			signer(in)
			in.Facts.Added = remedy.ListOf(remedy.Added{Object: "sp1", Item: "verify", Time: inWindow})
		}, "verify"},
		"a second signing key in the preferred one's group": {func(in *remedy.Input) {
			signer(in)
			sp(in).Keys = append(sp(in).Keys, remedy.Key{KeyID: "second", Usage: "Sign", Group: "g", Start: before})
		}, "second"},
		"a second signing key that leaves open which is the true one": {func(in *remedy.Input) {
			signer(in)
			sp(in).Keys = append(sp(in).Keys, remedy.Key{KeyID: "second", Usage: "Sign", Group: "g", Start: before})
		}, "sign"},
		"another key in the preferred one's group": {func(in *remedy.Input) {
			signer(in)
			sp(in).Keys = append(sp(in).Keys, remedy.Key{KeyID: "second", Usage: "Verify", Group: "g", Start: before})
		}, "second"},
		"an encryption key named in the window": {func(in *remedy.Input) {
			in.Inventory.Application.Keys[0].Start, in.Inventory.Application.EncryptionKeyID = inWindow, "oldcert"
		}, "oldcert"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := incident()
			tt.edit(&in)
			p := remedy.Build(in)
			for d := range removed(p) {
				if d.id == tt.goes {
					return
				}
			}
			t.Errorf("%s stays:\n%s", tt.goes, p.Text())
		})
	}
	t.Run("a secret in the signing group with another id", func(t *testing.T) {
		in := incident()
		signer(&in)
		sp(&in).Passwords = append(sp(&in).Passwords, remedy.Password{KeyID: "door", Group: "g", Start: before})
		if !removed(remedy.Build(in))[door{"sp1", remedy.TypePassword, "door"}] {
			t.Error("it stays")
		}
	})
}

func TestAGroupKeepsWhatItHas(t *testing.T) {
	in := incident()
	whole(&in)
	for _, s := range remedy.Build(in).Steps {
		for _, i := range s.Items {
			if s.Kind == remedy.StepRemoveAzureRoles && i.Kind == remedy.AccessGroup {
				t.Errorf("step %+v takes from a group", s)
			}
		}
	}
}

func TestTheVaultOfTheNewKeyIsOutOfTheIntrudersReach(t *testing.T) {
	in := incident()
	sp(&in).VaultAccess = remedy.ListOf(remedy.VaultAccess{Vault: strings.ToUpper(in.Options.Vault.ID), Kind: remedy.AccessRole, ID: "x", What: "Reader"})
	p := remedy.Build(in)
	if len(steps(p, remedy.StepCertificate)) != 0 || len(steps(p, remedy.StepDisable)) != 1 || !strings.Contains(p.Text(), "name a vault that it cannot reach") {
		t.Errorf("the key is made where the intruder can read it:\n%s", p.Text())
	}
}

func TestACertificateIsValidAsLongAsPolicyAllows(t *testing.T) {
	tests := map[string]struct {
		restriction remedy.Restriction
		hours       int // 0: none is made
	}{
		"no restriction":                           {remedy.Restriction{Type: "passwordAddition"}, 90 * 24},
		"a longer one":                             {remedy.Restriction{Type: "asymmetricKeyLifetime", MaxLifetime: "P1Y"}, 90 * 24},
		"a shorter one":                            {remedy.Restriction{Type: "asymmetricKeyLifetime", MaxLifetime: "P4DT12H"}, 108},
		"one that is off":                          {remedy.Restriction{Type: "asymmetricKeyLifetime", MaxLifetime: "P1D", State: "disabled"}, 90 * 24},
		"one for applications made later":          {remedy.Restriction{Type: "asymmetricKeyLifetime", MaxLifetime: "P1D", CreatedAfter: now}, 90 * 24},
		"one for applications made since long ago": {remedy.Restriction{Type: "asymmetricKeyLifetime", MaxLifetime: "P1D", CreatedAfter: before.AddDate(-1, 0, 0)}, 24},
		"one that cannot be read":                  {remedy.Restriction{Type: "asymmetricKeyLifetime", MaxLifetime: "a month"}, 0},
		"a trusted authority":                      {remedy.Restriction{Type: "trustedCertificateAuthority"}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := incident()
			in.Inventory.Restrictions = &remedy.Restrictions{Items: []remedy.Restriction{tt.restriction}}
			made := steps(remedy.Build(in), remedy.StepCertificate)
			if tt.hours == 0 && len(made) > 0 || tt.hours > 0 && (len(made) != 1 || made[0].Hours != tt.hours) {
				t.Errorf("%+v, want %d hours", made, tt.hours)
			}
		})
	}
}

func TestNamesOfOthersDoNoHarmInTextAndCommands(t *testing.T) {
	in := incident()
	in.Case.Principal.Name = "billing\x1b[2J\nsteps: none"
	in.Inventory.Application.Owners = remedy.ListOf(remedy.Owner{ID: "o", Name: "\u202eeve"})
	in.Facts.Consumers.Items[0].Identity, in.Facts.Consumers.Items[0].Owner = "x'; rm -rf / #", ""
	p := remedy.Build(in)
	if text := p.Text(); strings.ContainsAny(text, "\x1b\u202e") || strings.Contains(text, "\nsteps: none") {
		t.Errorf("the text obeys a name:\n%q", text)
	}
	if c := p.HandOver[0].Commands[0]; !strings.Contains(c, `'x'\''; rm -rf / #'`) {
		t.Errorf("the command obeys an id: %s", c)
	}
}

func TestDurationsAreReadAsISO8601(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"P4DT12H30M5S": 4*day + 12*time.Hour + 30*time.Minute + 5*time.Second, "P90D": 90 * day, "PT5M": 5 * time.Minute, "P1Y2M": 425 * day, "P2W": 14 * day, "P0D": 0,
		"": -1, "P": -1, "PT": -1, "90D": -1, "P90": -1, "P-1D": -1, "P1.5D": -1, "P1H": -1, "PT1D": -1, "PT1HT1M": -1, "P999999999999D": -1, "P900Y": -1, "P1D ": -1,
	} {
		got, err := remedy.ParseDuration(text)
		if want < 0 && !errors.Is(err, fault.Poison) || want >= 0 && (err != nil || got != want) {
			t.Errorf("%q: %s (%v), want %s", text, got, err, want)
		}
	}
}

func FuzzParseDuration(f *testing.F) {
	for _, s := range []string{"P4DT12H30M5S", "P90D", "PT", "P1Y2M3W4DT5H6M7S", "TTP"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := remedy.ParseDuration(s)
		if d < 0 || err != nil && d != 0 || err == nil && !strings.HasPrefix(s, "P") {
			t.Errorf("%q: %s (%v)", s, d, err)
		}
	})
}

func TestUnknownAndEmptyAreTwoThings(t *testing.T) {
	type box struct {
		L remedy.List[string] `json:"l,omitzero"`
	}
	for text, want := range map[string]box{`{}`: {}, `{"l":[]}`: {remedy.ListOf[string]()}, `{"l":["a"]}`: {remedy.ListOf("a")}} {
		b, err := json.Marshal(want)
		if err != nil || string(b) != text {
			t.Errorf("%+v is written %s (%v), want %s", want, b, err, text)
		}
		var got box
		if err := json.Unmarshal([]byte(text), &got); err != nil || got.L.Known != want.L.Known || len(got.L.Items) != len(want.L.Items) {
			t.Errorf("%s is read %+v (%v)", text, got, err)
		}
	}
	var l remedy.List[string]
	if err := json.Unmarshal([]byte("null"), &l); err != nil || l.Known {
		t.Errorf("null is read as %+v (%v)", l, err)
	}
	if b, err := json.Marshal(l); err != nil || string(b) != "null" {
		t.Errorf("unknown is written %s (%v)", b, err)
	}
}

func TestAForecastOfTheFirstVersionIsReadAndNothingOfItIsKnown(t *testing.T) {
	var p remedy.Plan
	if err := json.Unmarshal([]byte(`{"forecast":["users of the application: about 7"]}`), &p); err != nil {
		t.Fatal(err)
	}
	if len(p.Forecast) != 1 || p.Forecast[0].Known || p.Forecast[0].Text == "" {
		t.Errorf("%+v", p.Forecast)
	}
}

func TestAPlanThatLeavesThePrincipalDisabledEndsContained(t *testing.T) {
	in := incident()
	goldens["locked"](&in)
	o := remedy.OpenPlan(remedy.Build(in), in.Case, verdict(decide.ModeEvict), now)
	for s, ok := o.Next(); ok; s, ok = o.Next() {
		o.Start(s.ID, now)
		o.Complete(s.ID, "", now)
	}
	o.Finish(now)
	if o.State != remedy.StateContained || o.Reason == "" {
		t.Errorf("%s: %q", o.State, o.Reason)
	}
}

func TestThePresentOptionsPlanOnlyWhatThePresentProgramKnows(t *testing.T) {
	known := []string{
		remedy.StepSnapshot, remedy.StepDisable, remedy.StepCertificate, remedy.StepReplaceKeys, remedy.StepRemovePasswords, remedy.StepRemoveFederated,
		remedy.StepVerify, remedy.StepEnable, remedy.StepProve,
	}
	for name, edit := range goldens {
		in := incident()
		edit(&in)
		in.Options = remedy.Options{}
		for _, s := range remedy.Build(in).Steps {
			if !slices.Contains(known, s.Kind) {
				t.Errorf("%s: the zero options plan %s", name, s.Kind)
			}
		}
	}
}

func TestWhatCameAfterThePlanNeverStays(t *testing.T) {
	encryption := func(in *remedy.Input) { in.Inventory.Application.EncryptionKeyID = "oldcert" }
	keepOther := func(in *remedy.Input) {
		in.Options.Edits = []remedy.Edit{{ID: "other", Keep: true, Why: "the till", By: "u-dana"}}
	}
	planted, _ := certificate("planted")
	tests := map[string]struct {
		plan  func(*remedy.Input)
		later func(app, sp *remedy.Object) // what the intruder does between plan and act
		door  door
	}{
		"a certificate that he names as the encryption key": {func(*remedy.Input) {}, func(app, _ *remedy.Object) {
			app.Keys = append(app.Keys, remedy.Key{KeyID: "late", Usage: "Verify", Start: before})
			app.EncryptionKeyID = "late"
		}, door{"appobj", remedy.TypeKey, "late"}},
		"another certificate under the id of the encryption key": {func(in *remedy.Input) {
			encryption(in)
			in.Inventory.Application.Keys[0].Public, _ = certificate("true")
		}, func(app, _ *remedy.Object) { app.Keys[0].Public = planted }, door{"appobj", remedy.TypeKey, "oldcert"}},
		"a certificate that he makes the preferred signing one": {func(*remedy.Input) {}, func(_, sp *remedy.Object) {
			o := saml(before, true)
			sp.Keys, sp.PreferredSigning = append(sp.Keys, o.Keys...), o.PreferredSigning
		}, door{"sp1", remedy.TypeKey, "verify"}},
		"a secret elsewhere under an id that a person keeps": {keepOther, func(_, sp *remedy.Object) {
			sp.Passwords = append(sp.Passwords, remedy.Password{KeyID: "other", Start: before})
		}, door{"sp1", remedy.TypePassword, "other"}},
		"a certificate under the id of a secret that a person keeps": {keepOther, func(app, _ *remedy.Object) {
			app.Keys = append(app.Keys, remedy.Key{KeyID: "other", Usage: "Verify", Start: before})
		}, door{"appobj", remedy.TypeKey, "other"}},
		"a certificate on a principal under the id of Rekey's own": {func(in *remedy.Input) { in.Options.OwnKeys = []string{"new"} }, func(_, sp *remedy.Object) {
			sp.Keys = append(sp.Keys, remedy.Key{KeyID: "new", Usage: "Verify", Start: before})
		}, door{"sp1", remedy.TypeKey, "new"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := incident()
			tt.plan(&in)
			p := remedy.Build(in)
			tt.later(in.Inventory.Application, sp(&in))
			for _, o := range in.Inventory.Objects() {
				for _, k := range p.Keeps(o) {
					if tt.door == (door{k.Object, k.Type, k.KeyID}) {
						t.Errorf("it stays: %s", k.Why)
					}
				}
			}
		})
	}
}

func TestAnIntruderCannotSpoilWhatStays(t *testing.T) {
	for name, later := range map[string]func(*remedy.Object){
		"by naming another certificate as the preferred one": func(o *remedy.Object) { o.PreferredSigning = "ABCD" },
		"by a second signing key": func(o *remedy.Object) {
			o.Keys = append(o.Keys, remedy.Key{KeyID: "second", Usage: "Sign", Group: "g", Start: before})
		},
	} {
		in := incident()
		signer(&in)
		p := remedy.Build(in)
		later(sp(&in))
		if got := p.Keeps(*sp(&in)); len(got) != 3 {
			t.Errorf("%s: only %+v stay", name, got)
		}
	}
}

func TestAProtectedPrincipalWaitsForPeopleInEveryMode(t *testing.T) {
	in := incident()
	goldens["first-party"](&in)
	for _, m := range []decide.Mode{decide.ModeApprove, decide.ModeContain, decide.ModeEvict} {
		if o := remedy.OpenPlan(remedy.Build(in), in.Case, verdict(m), now); o.State != remedy.StateAwaitingApproval {
			t.Errorf("%s: %s", m, o.State)
		}
	}
}

func TestAJournalOfTheFirstVersionKeepsByItsOwnRule(t *testing.T) {
	o := remedy.Operation{Version: 1, Since: now.Add(-25 * time.Hour), Suspects: []string{"stolen"}}
	app := *application()
	app.EncryptionKeyID = "oldcert"
	if got := o.Keeps(app); len(got) != 1 || got[0].KeyID != "oldcert" {
		t.Errorf("kept %+v", got)
	}
}

func TestAddressesSetInTheWindowAreLookedAt(t *testing.T) {
	in := incident()
	logout := "https://billing-contoso.example/out"
	in.Inventory.Application.LogoutURL = &logout
	in.Facts.Added = remedy.ListOf(remedy.Added{Object: "appobj", Item: logout, Time: inWindow})
	p := remedy.Build(in)
	if len(p.Doubts) != 1 || p.Doubts[0].ID != logout || p.Doubts[0].Goes || len(p.Obstacles()) != 1 {
		t.Errorf("%+v, %v", p.Doubts, p.Obstacles())
	}
}

func TestPoliciesThatWereNotReadAreSaid(t *testing.T) {
	in := incident()
	in.Inventory.Restrictions = nil
	if p := remedy.Build(in); len(p.Notes) != 1 || !strings.Contains(p.Notes[0], "not read") {
		t.Errorf("%v", p.Notes)
	}
}
